"""What happens to cases by the clock: time runs out, and personal data end with their retention."""

from datetime import timedelta

from services.residents.events import FoundPersonEscalated
from services.residents.found_persons import relay_repository, repository, service
from services.residents.found_persons.models import EntryKind, FoundPersonEntry
from services.residents.found_persons.states import CaseState
from services.residents.notices import service as notices
from services.residents.notices.models import NoticeKind
from services.residents.photos.service import forget_photos
from services.residents.settings import Settings
from shared.clock import utc_now
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.timers import Timer
from shared.vault import Vault

BATCH = 100


def case_timers(keyring: Keyring, settings: Settings) -> list[Timer]:
    async def forget(session: AsyncSession) -> int:
        return await forget_old_cases(session, Vault(session, keyring), settings.found_person_retention)

    return [
        Timer("found_persons_overdue", timedelta(seconds=10), escalate_overdue),
        Timer("found_persons_forgotten", timedelta(minutes=1), forget),
    ]


async def escalate_overdue(session: AsyncSession) -> int:
    """Cases that were not identified or handed over in time: told once, to the duty desk and to dispatch."""
    overdue = await repository.lock_overdue(session, utc_now(), BATCH)
    for case in overdue:
        case.escalated_at = utc_now()
        repository.touch(case)
        step = "identify" if case.state is CaseState.REPORTED else "hand_over"
        session.add(
            FoundPersonEntry(
                community_code=case.community_code,
                found_person_id=case.id,
                kind=EntryKind.ESCALATED,
                actor="timer",
                detail={"step": step},
            )
        )
        parameters = {"found_person_id": str(case.id), "step": step}
        await notices.notify_desk(session, case.community_code, NoticeKind.FOUND_PERSON_OVERDUE, parameters)
        event = FoundPersonEscalated(found_person_id=case.id, step=step, grid_code=case.grid_code)
        await service.publish(session, case, event)
    await session.flush()
    return len(overdue)


async def forget_old_cases(session: AsyncSession, vault: Vault, retention: timedelta) -> int:
    """Destroy the data keys of closed cases whose retention has ended, or whose person was erased."""
    old = await repository.lock_kept_too_long(session, utc_now() - retention, BATCH)
    for case in old:
        await vault.destroy(case.community_code, case.id)
        await repository.forget_follow_tokens(session, case.community_code, case.id)
        await forget_photos(session, case.community_code, case.id)
        await relay_repository.forget_links(session, case.community_code, case.id)
        case.forgotten_at = utc_now()
        repository.touch(case)
    await session.flush()
    return len(old)
