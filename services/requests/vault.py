"""The data keys that a request to this service works with, and the blind index of a caller's phone."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.sessions import Session
from shared.vault import Vault


class RequestVault(Vault):
    """A vault that also makes keys outside the session, for writing them together with what they seal."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        super().__init__(session, keyring)
        self.keyring = keyring

    def phone_index(self, phone: str) -> bytes:
        """What equal phones share; `phone` is normalised (`shared.identity.normalise_phone`)."""
        return self.keyring.blind_index("requests/requester_phone", phone)


async def _request_vault(request: Request, session: Session) -> RequestVault:
    return RequestVault(session, request.app.state.keyring)


VaultDep = Annotated[RequestVault, Depends(_request_vault, scope="function")]
