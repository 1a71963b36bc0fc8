"""Reminders go out when their time has come, and a mediation whose time is over has failed."""

from datetime import timedelta

from services.requests.mediations import repository
from services.requests.mediations.case import Case, record
from services.requests.mediations.models import (
    Failure,
    MediationReminder,
    MediationSession,
    MediationTerm,
    ReminderKind,
    SessionState,
    Step,
    TermState,
)
from services.requests.mediations.service import end_failed
from services.requests.mediations.states import LIVE, TALKING, Action
from services.requests.service_requests.timeline import Actor
from shared.clock import utc_now
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.timers import Timer
from shared.vault import Vault

_CLOCK = Actor.service("mediations")
_STILL = {
    ReminderKind.SESSION_NEAR: (MediationSession, SessionState.SCHEDULED),
    ReminderKind.TERM_NEAR: (MediationTerm, TermState.OPEN),
    ReminderKind.TERM_OVERDUE: (MediationTerm, TermState.OPEN),
}
"""What a reminder is about, and the state in which it still has something to say."""


def mediation_timers(keyring: Keyring) -> list[Timer]:
    async def sweep(session: AsyncSession) -> int:
        return await remind_due(session, Vault(session, keyring))

    return [Timer("mediation_reminders", timedelta(minutes=1), sweep)]


async def remind_due(session: AsyncSession, vault: Vault) -> int:
    due = await repository.lock_due(session, utc_now())
    mediations = list({mediation.id: mediation for _, mediation in due}.values())
    if not mediations:
        return 0
    parties = await repository.parties_of(session, *mediations)
    mediators = await repository.mediators_of(session, *mediations)
    cases = {
        mediation.id: Case(
            mediation,
            [party for party in parties if party.mediation_id == mediation.id],
            [mediator for mediator in mediators if mediator.mediation_id == mediation.id],
        )
        for mediation in mediations
    }
    for reminder, _ in due:
        await session.delete(reminder)
    await session.flush()
    for reminder, mediation in due:
        await _remind(session, vault, cases[mediation.id], reminder)
    return len(due)


async def _remind(session: AsyncSession, vault: Vault, case: Case, reminder: MediationReminder) -> None:
    mediation, kind = case.mediation, reminder.kind
    if mediation.state not in LIVE:
        return
    if kind is ReminderKind.LIMIT_REACHED:
        if mediation.state in TALKING:
            await end_failed(session, vault, case, Failure.EXPIRED, _CLOCK, by=Action.EXPIRE)
        return
    if kind in _STILL:
        table, state = _STILL[kind]
        about = await session.get(table, (mediation.community_code, reminder.about_id))
        if about is None or about.state is not state:
            return
    await record(session, case, Step.REMINDED, _CLOCK, told_as=kind.value, reminder=kind, about_id=reminder.about_id)
