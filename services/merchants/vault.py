"""The data keys of a request: the names and phones of shops' contact persons are sealed with them."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from shared.crypto import Signer
from shared.sessions import Session
from shared.vault import Vault


async def _request_vault(request: Request, session: Session) -> Vault:
    return Vault(session, request.app.state.keyring)


async def _audit_signer(request: Request) -> Signer:
    return request.app.state.audit_signer


VaultDep = Annotated[Vault, Depends(_request_vault, scope="function")]
SignerDep = Annotated[Signer, Depends(_audit_signer)]
"""Signs the end of this service's audit chains."""
