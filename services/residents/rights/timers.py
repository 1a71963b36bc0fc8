"""Approved erasures are made when the person can no longer change their mind."""

from datetime import timedelta

from services.residents.people.access import erase_by_clock
from services.residents.rights import repository
from services.residents.rights.service import end_request
from services.residents.rights.states import Verb, after
from shared.clock import utc_now
from shared.crypto import Keyring, Signer
from shared.db import AsyncSession
from shared.timers import Timer
from shared.vault import Vault

BATCH = 20


def rights_timers(keyring: Keyring, signer: Signer) -> list[Timer]:
    async def erase(session: AsyncSession) -> int:
        return await make_erasures(session, Vault(session, keyring), signer)

    return [Timer("rights_erasures", timedelta(minutes=1), erase)]


async def make_erasures(session: AsyncSession, vault: Vault, signer: Signer) -> int:
    due = await repository.lock_effective(session, utc_now(), BATCH)
    for request in due:
        end_request(request, after(request.state, Verb.EXECUTE))
        await erase_by_clock(session, vault, signer, request.community_code, request.person_id)
    await session.flush()
    return len(due)
