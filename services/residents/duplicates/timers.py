from datetime import timedelta

from services.residents.duplicates.finding import compare_due
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.timers import Timer
from shared.vault import Vault


def duplicate_timers(keyring: Keyring) -> list[Timer]:
    async def sweep(session: AsyncSession) -> int:
        return await compare_due(session, Vault(session, keyring))

    return [Timer("compare_people", timedelta(seconds=2), sweep)]
