"""Who sits at the table, who is there, and what they vote."""

from typing import Any
from uuid import UUID

from fastapi import status

from services.requests.deliberations import meeting, presentation, repository
from services.requests.deliberations.auth import DeliberationsManage, DeliberationsTakePart
from services.requests.deliberations.models import Vote
from services.requests.deliberations.schemas import (
    DeliberationRead,
    Invitation,
    MotionCreate,
    MotionRead,
    ReplyBody,
    VoteCreate,
    Votes,
)
from services.requests.service_requests.auth import OFFICE
from shared.errors import NotFound
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/deliberations/{deliberation_id}", tags=["deliberations"])


@router.post("/participants", response_model=DeliberationRead)
async def invite(
    principal: DeliberationsManage, session: Session, deliberation_id: UUID, data: Invitation
) -> dict[str, Any]:
    """Give residents, units and staff their seats. Once the meeting is called they are told at once."""
    row = await meeting.invite(session, principal, deliberation_id, data.participants)
    return await presentation.detailed(session, principal, row)


@router.post("/participants/{participant_id}/disinvite", response_model=DeliberationRead)
async def disinvite(
    principal: DeliberationsManage, session: Session, deliberation_id: UUID, participant_id: UUID
) -> dict[str, Any]:
    """Take a seat away, until the meeting is opened."""
    row = await meeting.disinvite(session, principal, deliberation_id, participant_id)
    return await presentation.detailed(session, principal, row)


@router.post("/participants/{participant_id}/reply", response_model=DeliberationRead)
async def reply(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, participant_id: UUID, data: ReplyBody
) -> dict[str, Any]:
    """Say whether one comes. The office writes down what it was told."""
    row = await meeting.reply(session, principal, deliberation_id, participant_id, data.reply)
    return await presentation.detailed(session, principal, row)


@router.post("/participants/{participant_id}/check-in", response_model=DeliberationRead)
async def check_in(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, participant_id: UUID
) -> dict[str, Any]:
    """Somebody is there: seen by the office, the chair or the recorder."""
    row = await meeting.check_in(session, principal, deliberation_id, participant_id)
    return await presentation.detailed(session, principal, row)


@router.post("/motions", response_model=MotionRead, status_code=status.HTTP_201_CREATED)
async def move(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, data: MotionCreate
) -> dict[str, Any]:
    """Put something to the vote while the meeting is held: office, chair and recorder."""
    return presentation.shown_motion(await meeting.move(session, principal, deliberation_id, data))


@router.post("/motions/{motion_id}/votes", response_model=MotionRead, status_code=status.HTTP_201_CREATED)
async def vote(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, motion_id: UUID, data: VoteCreate
) -> dict[str, Any]:
    """Cast one's vote, once; the office writes down raised hands of an open ballot."""
    return presentation.shown_motion(await meeting.vote(session, principal, deliberation_id, motion_id, data))


@router.get("/motions/{motion_id}/votes", response_model=Votes)
async def list_votes(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, motion_id: UUID
) -> dict[str, list[Vote]]:
    """Who has voted, and of an open ballot what; for the office and whoever has a seat."""
    row = await repository.get_deliberation(session, principal, deliberation_id)
    if principal.role not in OFFICE and await repository.find_seat(session, principal, row) is None:
        raise NotFound
    motion = await repository.get_motion(session, row, motion_id)
    return {"items": list(await repository.votes(session, motion))}


@router.post("/motions/{motion_id}/close", response_model=MotionRead)
async def close_motion(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, motion_id: UUID
) -> dict[str, Any]:
    """Count the votes; the outcome stands."""
    return presentation.shown_motion(await meeting.close_motion(session, principal, deliberation_id, motion_id))
