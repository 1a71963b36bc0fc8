from datetime import timedelta

from services.residents.retention.service import Days, end_what_is_due
from shared.crypto import Keyring, Signer
from shared.db import AsyncSession
from shared.timers import Timer
from shared.vault import Vault


def retention_timer(keyring: Keyring, signer: Signer, installation: Days) -> Timer:
    async def sweep(session: AsyncSession) -> int:
        return await end_what_is_due(session, Vault(session, keyring), signer, installation)

    return Timer("retention", timedelta(hours=6), sweep)
