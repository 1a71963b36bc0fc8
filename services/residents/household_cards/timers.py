from datetime import timedelta

from services.residents.household_cards.derive import derive_due
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.timers import Timer
from shared.vault import Vault

DERIVE_EVERY = timedelta(seconds=5)


def card_timers(keyring: Keyring) -> list[Timer]:
    """Cards are derived when a scheme is published, and once a day because tags end and people grow older."""

    async def sweep(session: AsyncSession) -> int:
        return await derive_due(session, Vault(session, keyring))

    return [Timer("derive_household_cards", DERIVE_EVERY, sweep)]
