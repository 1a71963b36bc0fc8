"""What the meeting leaves behind: its minutes, its decision, the message to everybody who asked, and the term."""

from datetime import timedelta
from uuid import UUID

from services.requests.deliberations import repository
from services.requests.deliberations.errors import (
    AgainstTheVote,
    AlreadyCarriedOut,
    MinutesApproved,
    MinutesNotApproved,
    MotionsOpen,
)
from services.requests.deliberations.events import (
    DeliberationCarriedOut,
    DeliberationPublished,
    DeliberationRejected,
    DeliberationResolved,
)
from services.requests.deliberations.meeting import require_running
from services.requests.deliberations.models import Deliberation, ParticipantRole
from services.requests.deliberations.rules import Outcome
from services.requests.deliberations.schemas import MinutesApproval, Resolution
from services.requests.deliberations.service import tell, tell_contributors, touch
from services.requests.deliberations.states import DeliberationState, Verb, after
from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.errors import Forbidden, NotFound, invalid
from shared.vault import Vault

_TABLE, _COLUMN = "deliberation", "minutes"


async def write_minutes(
    session: AsyncSession, vault: Vault, principal: Principal, deliberation_id: UUID, text: str
) -> Deliberation:
    """Write down who said what (会议记录), again until the chair has approved it. Sealed: people are named in it."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.WRITE_MINUTES)
    await require_running(session, principal, deliberation)
    if deliberation.minutes_approved_at is not None:
        raise MinutesApproved
    key = await vault.key_for(deliberation.community_code, deliberation.id)
    deliberation.minutes_sealed = key.seal(text, table=_TABLE, column=_COLUMN, row_id=deliberation.id)
    return await touch(session, deliberation)


async def approve_minutes(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, data: MinutesApproval
) -> Deliberation:
    """The chair signs the minutes, here or on paper before the office."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.WRITE_MINUTES)
    if deliberation.minutes_approved_at is not None:
        raise MinutesApproved
    if deliberation.minutes_sealed is None:
        raise MinutesNotApproved
    own = await repository.find_seat(session, principal, deliberation)
    is_chair = own is not None and own.role is ParticipantRole.CHAIR
    if not (is_chair or (principal.role in OFFICE and data.signed_on_paper)):
        raise Forbidden
    deliberation.minutes_approved_at, deliberation.minutes_approved_by = utc_now(), principal.subject
    return await touch(session, deliberation)


async def read_minutes(
    session: AsyncSession, vault: Vault, principal: Principal, deliberation_id: UUID
) -> tuple[Deliberation, str | None]:
    """The minutes, for the office and whoever had a seat."""
    deliberation = await repository.get_deliberation(session, principal, deliberation_id)
    if principal.role not in OFFICE and await repository.find_seat(session, principal, deliberation) is None:
        raise NotFound
    if deliberation.minutes_sealed is None:
        return deliberation, None
    key = await vault.find_key(deliberation.community_code, deliberation.id)
    sealed = deliberation.minutes_sealed
    return deliberation, key.open(sealed, table=_TABLE, column=_COLUMN, row_id=deliberation.id) if key else None


async def resolve(session: AsyncSession, principal: Principal, deliberation_id: UUID, data: Resolution) -> Deliberation:
    """Put the resolution (决议) into words, with its term. At least one motion was carried."""
    deliberation = await _decide(session, principal, deliberation_id, Verb.RESOLVE, data.text)
    if data.carry_out_by is not None:
        if data.carry_out_by < china_today():
            raise invalid("/carry_out_by", "range", "期限不能早于今天", "The term cannot lie in the past")
        deliberation.carry_out_by = data.carry_out_by
        deliberation.warn_on = data.carry_out_by + timedelta(days=1)
    await touch(session, deliberation)
    event = DeliberationResolved(
        deliberation_id=deliberation.id, state=deliberation.state.value, carry_out_by=deliberation.carry_out_by
    )
    await tell(session, deliberation, event)
    return deliberation


async def reject(session: AsyncSession, principal: Principal, deliberation_id: UUID, why: str) -> Deliberation:
    """The meeting has decided against it: nothing was carried."""
    deliberation = await _decide(session, principal, deliberation_id, Verb.REJECT, why)
    await touch(session, deliberation)
    event = DeliberationRejected(deliberation_id=deliberation.id, state=deliberation.state.value)
    await tell(session, deliberation, event)
    return deliberation


async def _decide(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, verb: Verb, words: str
) -> Deliberation:
    """The decision follows the votes, and the minutes of how it came about are approved."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    state = after(deliberation.state, verb)
    motions = await repository.motions(session, deliberation)
    if any(motion.closed_at is None for motion in motions):
        raise MotionsOpen
    is_resolved = verb is Verb.RESOLVE
    if any(motion.outcome is Outcome.CARRIED for motion in motions) is not is_resolved:
        raise AgainstTheVote
    if deliberation.minutes_approved_at is None:
        raise MinutesNotApproved
    deliberation.state, deliberation.is_resolved = state, is_resolved
    deliberation.resolution, deliberation.decided_at = words, utc_now()
    return deliberation


async def publish(session: AsyncSession, vault: Vault, principal: Principal, deliberation_id: UUID) -> Deliberation:
    """Put the result on the community's board and before everybody who asked, all at once."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    deliberation.state = after(deliberation.state, Verb.PUBLISH)
    deliberation.published_at = utc_now()
    await touch(session, deliberation)
    count = await tell_contributors(session, vault, principal, deliberation, deliberation.resolution or "")
    event = DeliberationPublished(
        deliberation_id=deliberation.id,
        state=deliberation.state.value,
        is_resolved=bool(deliberation.is_resolved),
        request_count=count,
    )
    await tell(session, deliberation, event)
    return deliberation


async def carry_out(session: AsyncSession, principal: Principal, deliberation_id: UUID) -> Deliberation:
    """Report that what was resolved has been done; its term is met."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.CARRY_OUT)
    if not deliberation.is_resolved:
        raise AgainstTheVote
    if deliberation.carried_out_at is not None:
        raise AlreadyCarriedOut
    await mark_carried_out(session, deliberation)
    return deliberation


async def mark_carried_out(session: AsyncSession, deliberation: Deliberation) -> None:
    deliberation.carried_out_at, deliberation.warn_on = utc_now(), None
    await touch(session, deliberation)
    event = DeliberationCarriedOut(deliberation_id=deliberation.id, state=deliberation.state.value)
    await tell(session, deliberation, event)


def may_open_projects(deliberation: Deliberation) -> None:
    """WrongState before it has resolved something; AgainstTheVote where it was rejected."""
    after(deliberation.state, Verb.OPEN_PROJECT)
    if deliberation.state is DeliberationState.PUBLISHED and not deliberation.is_resolved:
        raise AgainstTheVote
