"""What signs the end of this service's audit chains."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from shared.crypto import Signer


async def _audit_signer(request: Request) -> Signer:
    return request.app.state.audit_signer


SignerDep = Annotated[Signer, Depends(_audit_signer)]
