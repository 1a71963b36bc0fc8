from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from services.requests.mediations import limits, reading, repository, service
from services.requests.mediations.auth import (
    MediationsConduct,
    MediationsCount,
    MediationsOpen,
    MediationsRead,
    MediationsRelieve,
    MediationsTakePart,
)
from services.requests.mediations.models import Mediation
from services.requests.mediations.schemas import (
    Answer,
    Consent,
    ExtensionCreate,
    Fail,
    MediationCreate,
    MediationRead,
    MediationReceipt,
    MediationSummary,
    MediatorAccept,
    MediatorCreate,
    MediatorDecline,
    MediatorRefuse,
    Revealed,
    Statistics,
    Withdraw,
)
from services.requests.mediations.states import State
from shared.codes import CommunityCode
from shared.concurrency import etag, tag_response
from shared.dates import Day
from shared.errors import invalid
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/mediations", tags=["mediations"])


@router.post("", response_model=MediationReceipt, status_code=status.HTTP_201_CREATED)
async def open_mediation(
    *, principal: MediationsOpen, session: Session, vault: VaultDep, data: MediationCreate, response: Response
) -> Mediation:
    """Open a mediation. The answer is all that whoever opens it keeps, unless they mediate."""
    mediation = await service.open_mediation(session, vault, principal, data)
    response.headers["Location"] = f"/v1/mediations/{mediation.id}"
    response.headers["ETag"] = etag(mediation.version)
    return mediation


@router.get("", response_model=Page[MediationSummary])
async def list_mediations(
    *,
    principal: MediationsRead,
    session: Session,
    page: PageRequest,
    state: Annotated[State | None, Query()] = None,
    request_id: Annotated[UUID | None, Query(description="Those that came of this request.")] = None,
) -> Page[Any]:
    """A party's, a mediator's; all of the community's for its head."""
    statement = repository.listed(principal, state, request_id)
    return await paginate(session, statement, order_by=(Mediation.id,), page=page)


@router.get("/statistics", response_model=Statistics)
async def count_mediations(
    *,
    principal: MediationsCount,
    session: Session,
    since_on: Annotated[Day, Query(description="Opened on this day or later.")],
    until_on: Annotated[Day, Query(description="Opened on this day or earlier.")],
    community_code: Annotated[CommunityCode | None, Query()] = None,
) -> dict[str, Any]:
    """How many, of which kind, and how they ended."""
    if until_on < since_on:
        raise invalid("/until_on", "range", "不能早于 since_on", "Not before since_on")
    return await reading.count_mediations(session, principal, since_on, until_on, community_code)


@router.get("/{mediation_id}", response_model=MediationRead)
async def get_mediation(
    *,
    principal: MediationsRead,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    mediation_id: UUID,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Everything. Mediators and the head are put on record."""
    shown = await reading.read_mediation(session, vault, signer, principal, mediation_id)
    tag_response(request, response, shown["version"])
    response.headers["Cache-Control"] = "no-store"
    return shown


@router.post("/{mediation_id}/reveal", response_model=Revealed)
async def reveal_parties(
    *,
    principal: MediationsConduct,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    mediation_id: UUID,
    response: Response,
) -> dict[str, Any]:
    """Names and phones of the parties. Put on record, for the purpose `mediation`."""
    response.headers["Cache-Control"] = "no-store"
    return await reading.reveal_parties(session, vault, signer, principal, mediation_id)


@router.post("/{mediation_id}/parties/{party_id}/consent", response_model=MediationSummary)
async def consent(
    *,
    principal: MediationsTakePart,
    session: Session,
    vault: VaultDep,
    mediation_id: UUID,
    party_id: UUID,
    data: Consent,
) -> Mediation:
    """A party wants to be mediated, or does not."""
    return await service.consent(session, vault, principal, mediation_id, party_id, data)


@router.post("/{mediation_id}/parties/{party_id}/agree-to-extension", response_model=MediationSummary)
async def consent_to_extension(
    principal: MediationsTakePart, session: Session, vault: VaultDep, mediation_id: UUID, party_id: UUID, data: Answer
) -> Mediation:
    """A party gives it more time."""
    return await limits.consent_to_extension(session, vault, principal, mediation_id, party_id, data)


@router.post("/{mediation_id}/extend", response_model=MediationSummary)
async def propose_extension(
    principal: MediationsConduct, session: Session, mediation_id: UUID, data: ExtensionCreate
) -> Mediation:
    """Ask the parties for more time; it counts when all of them have agreed."""
    return await limits.propose_extension(session, principal, mediation_id, data.until)


@router.post("/{mediation_id}/mediators", response_model=MediationSummary)
async def name_mediator(
    principal: MediationsConduct, session: Session, mediation_id: UUID, data: MediatorCreate
) -> Mediation:
    """Ask one more responder to mediate."""
    return await service.name_mediator(session, principal, mediation_id, data)


@router.post("/{mediation_id}/accept", response_model=MediationSummary)
async def accept_to_mediate(
    principal: MediationsConduct, session: Session, mediation_id: UUID, data: MediatorAccept
) -> Mediation:
    """Whoever was named takes it on, and declares to have no interest of their own in it."""
    declared = data.no_conflict_of_interest
    return await service.accept_to_mediate(session, principal, mediation_id, no_conflict_of_interest=declared)


@router.post("/{mediation_id}/decline", response_model=MediationReceipt)
async def decline_to_mediate(
    principal: MediationsConduct, session: Session, mediation_id: UUID, data: MediatorDecline
) -> Mediation:
    """Whoever was named stands back, and reads nothing of it any more."""
    return await service.decline_to_mediate(session, principal, mediation_id, data.reason)


@router.post("/{mediation_id}/mediators/{responder_id}/refuse", response_model=MediationSummary)
async def refuse_mediator(
    *,
    principal: MediationsTakePart,
    session: Session,
    mediation_id: UUID,
    responder_id: UUID,
    data: MediatorRefuse,
) -> Mediation:
    """A party does not want this mediator."""
    return await service.refuse_mediator(session, principal, mediation_id, responder_id, data)


@router.post("/{mediation_id}/mediators/{responder_id}/relieve", response_model=MediationSummary)
async def relieve_mediator(
    principal: MediationsRelieve, session: Session, mediation_id: UUID, responder_id: UUID
) -> Mediation:
    """The head takes a mediator off."""
    return await service.relieve_mediator(session, principal, mediation_id, responder_id)


@router.post("/{mediation_id}/fail", response_model=MediationSummary)
async def fail(
    principal: MediationsConduct, session: Session, vault: VaultDep, mediation_id: UUID, data: Fail
) -> Mediation:
    """No agreement can be reached, or the one that was made is not kept."""
    return await service.fail(session, vault, principal, mediation_id, data)


@router.post("/{mediation_id}/withdraw", response_model=MediationSummary)
async def withdraw(
    principal: MediationsTakePart, session: Session, vault: VaultDep, mediation_id: UUID, data: Withdraw
) -> Mediation:
    """A party leaves."""
    return await service.withdraw(session, vault, principal, mediation_id, data)
