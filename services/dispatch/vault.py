"""The data keys of a request: responders' names and phones, and notes on work orders, are sealed with them."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from shared.sessions import Session
from shared.vault import Vault


async def _request_vault(request: Request, session: Session) -> Vault:
    return Vault(session, request.app.state.keyring)


VaultDep = Annotated[Vault, Depends(_request_vault, scope="function")]
