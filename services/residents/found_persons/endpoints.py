from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.residents.found_persons import family, reading, repository, service
from services.residents.found_persons.auth import (
    CaseStatisticsRead,
    FoundPersonsRead,
    FoundPersonsReport,
    FoundPersonsWrite,
)
from services.residents.found_persons.models import FoundPerson
from services.residents.found_persons.schemas import (
    Close,
    Dismiss,
    FamilyNotified,
    FoundPersonCreate,
    FoundPersonDetail,
    FoundPersonRead,
    HandOver,
    Identify,
    NotifyFamily,
    Reveal,
    Revealed,
    WithNote,
)
from services.residents.found_persons.states import OPEN, CaseState
from services.residents.found_persons.statistics import By, Statistics, count_cases
from shared.codes import GridCode
from shared.concurrency import tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/found-persons", tags=["found persons"])


@router.get("", response_model=Page[FoundPersonRead])
async def list_found_persons(
    principal: FoundPersonsRead,
    session: Session,
    page: PageRequest,
    state: CaseState | None = None,
    open_only: bool = False,
    grid_code: Annotated[GridCode | None, Query()] = None,
) -> Page[FoundPerson]:
    """Cases that the caller may open, newest first: of their grids, assigned to them, or of the whole community."""
    statement = repository.readable(principal)
    if state is not None:
        statement = statement.where(col(FoundPerson.state) == state)
    if open_only:
        statement = statement.where(col(FoundPerson.state).in_(OPEN))
    if grid_code is not None:
        statement = statement.where(col(FoundPerson.grid_code) == grid_code)
    order = (col(FoundPerson.community_code).desc(), col(FoundPerson.id).desc())
    return await paginate(session, statement, order_by=order, page=page)


@router.post("", response_model=FoundPersonRead, status_code=status.HTTP_201_CREATED)
async def report_found_person(
    principal: FoundPersonsReport,
    session: Session,
    vault: VaultDep,
    data: FoundPersonCreate,
    request: Request,
    response: Response,
) -> FoundPerson:
    """Open a case without a card: somebody phoned, or staff met the person."""
    state = request.app.state
    case = await service.open_case(session, vault, state.settings, state.locator, principal, data)
    response.headers["Location"] = f"/v1/found-persons/{case.id}"
    return case


@router.get("/statistics", response_model=Statistics)
async def read_statistics(
    principal: CaseStatisticsRead,
    session: Session,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to", description="The last day that counts.")] = None,
    by: By = By.GRID,
) -> Statistics:
    """How the cases went that were reported in these days: counts, and how long it took."""
    return await count_cases(session, principal, first, last, by)


@router.get("/{case_id}", response_model=FoundPersonDetail)
async def get_found_person(
    principal: FoundPersonsRead, session: Session, vault: VaultDep, case_id: UUID, request: Request, response: Response
) -> FoundPersonDetail:
    """The case with reports and timeline; names and phones masked."""
    case = await repository.get_case(session, principal, case_id)
    detail = await reading.show_case(session, vault, principal, case)
    tag_response(request, response, case.version)
    return detail


@router.post("/{case_id}/reveal", response_model=Revealed, response_model_exclude_unset=True)
async def reveal(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: Reveal, request: Request
) -> Revealed:
    """Read fields in the clear. The purpose is the lost person; who read what is kept for the person to see."""
    signer = request.app.state.audit_signer
    return await reading.reveal(session, vault, signer, principal, case_id, data.fields)


@router.post("/{case_id}/identify", response_model=FoundPersonRead)
async def identify(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: Identify
) -> FoundPerson:
    return await service.identify(session, vault, principal, case_id, data)


@router.post("/{case_id}/notify-family", response_model=FamilyNotified)
async def notify_family(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: NotifyFamily
) -> FamilyNotified:
    """Send a text to the next family contact, or write down a call and its result."""
    return await family.notify_family(session, vault, principal, case_id, data)


@router.post("/{case_id}/hand-over", response_model=FoundPersonRead)
async def hand_over(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: HandOver
) -> FoundPerson:
    """The person is with their family, or with the police or a rescue station."""
    return await service.hand_over(session, vault, principal, case_id, data)


@router.post("/{case_id}/escalate-to-police", response_model=FoundPersonRead)
async def escalate_to_police(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: WithNote
) -> FoundPerson:
    """Write down that the police (110) were called."""
    return await service.escalate_to_police(session, vault, principal, case_id, data.note)


@router.post("/{case_id}/close", response_model=FoundPersonRead)
async def close(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: Close
) -> FoundPerson:
    return await service.close_case(session, vault, principal, case_id, data)


@router.post("/{case_id}/unfounded", response_model=FoundPersonRead)
async def dismiss(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: Dismiss
) -> FoundPerson:
    """Nobody was lost, or nobody was there."""
    return await service.dismiss_case(session, vault, principal, case_id, data)
