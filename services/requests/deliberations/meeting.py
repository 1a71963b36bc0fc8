"""Who sits at the table: invitations, replies, who is there, and what they vote."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.requests.deliberations import repository
from services.requests.deliberations.errors import (
    AlreadyVoted,
    AreaUnknown,
    MotionClosed,
    NoVote,
    SeatTaken,
    SecretByHand,
)
from services.requests.deliberations.events import DeliberationScheduled
from services.requests.deliberations.models import (
    VOTES,
    Ballot,
    Deliberation,
    Motion,
    Participant,
    ParticipantRole,
    Reply,
    Vote,
)
from services.requests.deliberations.presentation import area_of, heads_of
from services.requests.deliberations.rules import OWNERS_RULES, outcome
from services.requests.deliberations.schemas import MotionCreate, Seat, VoteCreate
from services.requests.deliberations.service import tell_invited, touch
from services.requests.deliberations.states import DeliberationState, Verb, after
from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import Forbidden

_RUN_IT = frozenset({ParticipantRole.CHAIR, ParticipantRole.RECORDER})


async def invite(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, seats: Sequence[Seat]
) -> Deliberation:
    """Give people and units a seat. Once the meeting is called they are told at once. SeatTaken: nobody sits twice."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.INVITE)
    added = [
        Participant(community_code=deliberation.community_code, deliberation_id=deliberation.id, **seat.model_dump())
        for seat in seats
    ]
    try:
        async with session.begin_nested():
            session.add_all(added)
    except IntegrityError as error:
        raise SeatTaken from error
    await touch(session, deliberation)
    if deliberation.state is DeliberationState.SCHEDULED:
        await tell_invited(session, DeliberationScheduled, deliberation, added)
    return deliberation


async def disinvite(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, participant_id: UUID
) -> Deliberation:
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.INVITE)
    seat = await repository.get_participant(session, deliberation, participant_id)
    await repository.remove_participant(session, seat)
    return await touch(session, deliberation)


async def reply(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, participant_id: UUID, said: Reply
) -> Deliberation:
    """Say whether one comes; the office writes down what it was told."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.REPLY)
    seat = await repository.get_participant(session, deliberation, participant_id)
    own = await repository.find_seat(session, principal, deliberation)
    if principal.role not in OFFICE and (own is None or own.id != seat.id):
        raise Forbidden
    seat.reply, seat.replied_at = said, utc_now()
    return await touch(session, deliberation)


async def check_in(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, participant_id: UUID
) -> Deliberation:
    """Somebody is there (签到): seen by the office, the chair or the recorder; nobody says so of themself."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.CHECK_IN)
    await require_running(session, principal, deliberation)
    seat = await repository.get_participant(session, deliberation, participant_id)
    seat.checked_in_at = seat.checked_in_at or utc_now()
    return await touch(session, deliberation)


async def require_running(session: AsyncSession, principal: Principal, deliberation: Deliberation) -> None:
    """Forbidden for all but the office, the chair and the recorder."""
    own = await repository.find_seat(session, principal, deliberation)
    if principal.role not in OFFICE and (own is None or own.role not in _RUN_IT):
        raise Forbidden


async def move(session: AsyncSession, principal: Principal, deliberation_id: UUID, data: MotionCreate) -> Motion:
    """Put something to the vote."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.VOTE)
    await require_running(session, principal, deliberation)
    motion = Motion(community_code=deliberation.community_code, deliberation_id=deliberation.id, **data.model_dump())
    session.add(motion)
    await touch(session, deliberation)
    return motion


async def vote(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, motion_id: UUID, data: VoteCreate
) -> Motion:
    """Cast one's vote, or write down a raised hand. One a member, whoever sends it how often."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.VOTE)
    motion = await repository.get_motion(session, deliberation, motion_id)
    if motion.closed_at is not None:
        raise MotionClosed
    seat = await _voting_seat(session, principal, deliberation, motion, data)
    area = seat.area_dm2 or 0
    if motion.majority in OWNERS_RULES and not area:
        raise AreaUnknown
    kept = Vote(
        community_code=motion.community_code,
        motion_id=motion.id,
        participant_id=seat.id,
        choice=data.choice if motion.ballot is Ballot.OPEN else None,
        is_by_hand=data.participant_id is not None,
    )
    if not await repository.cast(session, kept):
        raise AlreadyVoted
    for column, more in ((data.choice.value, 1), (f"{data.choice.value}_dm2", area)):
        setattr(motion, column, getattr(motion, column) + more)
    await touch(session, deliberation)
    return motion


async def _voting_seat(
    session: AsyncSession, principal: Principal, deliberation: Deliberation, motion: Motion, data: VoteCreate
) -> Participant:
    if data.participant_id is None:
        seat = await repository.find_seat(session, principal, deliberation)
    else:
        if principal.role not in OFFICE:
            raise Forbidden
        if motion.ballot is Ballot.SECRET:
            raise SecretByHand
        seat = await repository.get_participant(session, deliberation, data.participant_id)
    if seat is None or seat.role not in VOTES or seat.checked_in_at is None:
        raise NoVote
    return seat


async def close_motion(session: AsyncSession, principal: Principal, deliberation_id: UUID, motion_id: UUID) -> Motion:
    """Count the votes; from now on the outcome stands."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.VOTE)
    await require_running(session, principal, deliberation)
    motion = await repository.get_motion(session, deliberation, motion_id)
    if motion.closed_at is not None:
        raise MotionClosed
    motion.closed_at = utc_now()
    motion.outcome = outcome(
        motion.majority,
        heads_of(motion),
        area_of(motion),
        electorate=motion.electorate or 0,
        electorate_area=motion.electorate_area_dm2 or 0,
    )
    await touch(session, deliberation)
    return motion
