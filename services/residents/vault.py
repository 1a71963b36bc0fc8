"""The data keys and blind indexes that a request of this service works with."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.sessions import Session
from shared.vault import Vault


class RegistryVault(Vault):
    """A vault that also makes the blind indexes under which what it seals is found."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        super().__init__(session, keyring)
        self.keyring = keyring


async def _request_vault(request: Request, session: Session) -> RegistryVault:
    return RegistryVault(session, request.app.state.keyring)


VaultDep = Annotated[RegistryVault, Depends(_request_vault, scope="function")]
