"""Sub-resources of a responder: shifts and absences."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, status

from services.dispatch.responders import repository, service
from services.dispatch.responders.auth import RespondersRead, RespondersWrite
from services.dispatch.responders.models import Absence, RosterEntry
from services.dispatch.responders.schemas import AbsenceCreate, AbsenceRead, RosterEntryCreate, RosterEntryRead
from shared.clock import utc_now
from shared.concurrency import IfMatch
from shared.dates import Instant
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/responders/{responder_id}", tags=["responders"])

Since = Annotated[Instant | None, Query(description="Leave out what ended before; default: now.")]


@router.get("/roster", response_model=Page[RosterEntryRead])
async def list_roster(
    principal: RespondersRead, session: Session, page: PageRequest, responder_id: UUID, since: Since = None
) -> Page[RosterEntry]:
    """The responder's shifts, soonest first."""
    responder = await repository.get_responder(session, principal, responder_id)
    statement = repository.entries_of(RosterEntry, responder, since or utc_now())
    return await paginate(session, statement, order_by=(RosterEntry.starts_at, RosterEntry.id), page=page)


@router.post("/roster", response_model=RosterEntryRead, status_code=status.HTTP_201_CREATED)
async def add_roster_entry(
    principal: RespondersWrite, session: Session, responder_id: UUID, data: RosterEntryCreate
) -> RosterEntry:
    return await service.add_roster_entry(session, principal, responder_id, data)


@router.delete("/roster/{entry_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_roster_entry(
    principal: RespondersWrite, session: Session, responder_id: UUID, entry_id: UUID, expected: IfMatch
) -> None:
    await service.remove_entry(session, principal, RosterEntry, responder_id, entry_id, expected)


@router.get("/absences", response_model=Page[AbsenceRead])
async def list_absences(
    principal: RespondersRead, session: Session, page: PageRequest, responder_id: UUID, since: Since = None
) -> Page[Absence]:
    """When the responder cannot be asked, soonest first."""
    responder = await repository.get_responder(session, principal, responder_id)
    statement = repository.entries_of(Absence, responder, since or utc_now())
    return await paginate(session, statement, order_by=(Absence.starts_at, Absence.id), page=page)


@router.post("/absences", response_model=AbsenceRead, status_code=status.HTTP_201_CREATED)
async def add_absence(principal: RespondersWrite, session: Session, responder_id: UUID, data: AbsenceCreate) -> Absence:
    return await service.add_absence(session, principal, responder_id, data)


@router.delete("/absences/{entry_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_absence(
    principal: RespondersWrite, session: Session, responder_id: UUID, entry_id: UUID, expected: IfMatch
) -> None:
    await service.remove_entry(session, principal, Absence, responder_id, entry_id, expected)
