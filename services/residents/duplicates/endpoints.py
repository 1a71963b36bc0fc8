"""Endpoints of the queue of possible duplicates, and of the decision that ends one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status
from sqlmodel import col

from services.residents.duplicates import repository, service
from services.residents.duplicates.auth import DuplicatesDecide
from services.residents.duplicates.models import CandidateState, DuplicateCandidate, DuplicateKind
from services.residents.duplicates.schemas import (
    Dismissal,
    DuplicateDetail,
    DuplicateRead,
    DuplicateReport,
    MergeWanted,
)
from services.residents.merges import service as merges
from services.residents.merges.schemas import MergeRead
from shared.concurrency import etag
from shared.files import FilesDep
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/duplicates", tags=["duplicates"])


@router.get("", response_model=Page[DuplicateRead])
async def list_duplicates(
    principal: DuplicatesDecide,
    session: Session,
    vault: VaultDep,
    page: PageRequest,
    state: Annotated[CandidateState, Query()] = CandidateState.OPEN,
    kind: Annotated[DuplicateKind | None, Query()] = None,
) -> Page[DuplicateRead]:
    """Records that may be of one person, the strongest suspicion first; both in the caller's reach, masked."""
    statement = repository.readable(principal).where(
        col(DuplicateCandidate.community_code) == principal.community_code, col(DuplicateCandidate.state) == state
    )
    if kind is not None:
        statement = statement.where(col(DuplicateCandidate.kind) == kind)
    order_by = (col(DuplicateCandidate.strength), col(DuplicateCandidate.id))
    found = await paginate(session, statement, order_by=order_by, page=page)
    found.items = await service.show_candidates(session, vault, principal, found.items)
    return found


@router.post("", response_model=DuplicateDetail, status_code=status.HTTP_201_CREATED)
async def report_duplicate(
    principal: DuplicatesDecide, session: Session, vault: VaultDep, data: DuplicateReport, response: Response
) -> DuplicateDetail:
    """Put two records into the queue that nothing but a person could tell to be one's."""
    candidate = await service.report_duplicate(session, principal, data)
    response.headers.update({"Location": f"/v1/duplicates/{candidate.id}", "ETag": etag(candidate.version)})
    return await service.show_candidate(session, vault, principal, candidate)


@router.get("/{duplicate_id}", response_model=DuplicateDetail)
async def get_duplicate(
    principal: DuplicatesDecide,
    session: Session,
    vault: VaultDep,
    duplicate_id: UUID,
    response: Response,
) -> DuplicateDetail:
    """Both records compared field by field: equal, different or missing, without what they hold.

    To see what they hold, reveal the people themselves for the purpose `correction`.
    """
    candidate = await repository.get_candidate(session, principal, duplicate_id)
    response.headers.update({"ETag": etag(candidate.version), "Cache-Control": "no-store"})
    return await service.show_candidate(session, vault, principal, candidate)


@router.post("/{duplicate_id}/dismiss", response_model=DuplicateDetail)
async def dismiss_duplicate(
    principal: DuplicatesDecide, session: Session, vault: VaultDep, duplicate_id: UUID, data: Dismissal
) -> DuplicateDetail:
    """They are two people."""
    candidate = await service.dismiss_duplicate(session, principal, duplicate_id, data.reason)
    return await service.show_candidate(session, vault, principal, candidate)


@router.post("/{duplicate_id}/merge", response_model=MergeRead)
async def merge_duplicate(
    principal: DuplicatesDecide,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    duplicate_id: UUID,
    data: MergeWanted,
) -> MergeRead:
    """They are one person. The other record's tags, contacts, cards and cases move to the one that is kept."""
    candidate = await service.hold_open(session, principal, duplicate_id)
    merge = await merges.merge_people(session, vault, files, signer, principal, candidate, data)
    return MergeRead.model_validate(merge)
