from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, status
from sqlmodel import col

from services.requests.abuse import repository, service
from services.requests.abuse.auth import AbuseJudge
from services.requests.abuse.models import AbuseFlag
from services.requests.abuse.schemas import FlagCreate, FlagRead
from shared.clock import utc_now
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(tags=["abuse"])


@router.post(
    "/v1/service-requests/{request_id}/flag-abuse", response_model=FlagRead, status_code=status.HTTP_201_CREATED
)
async def flag_abuse(
    *,
    principal: AbuseJudge,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    request_id: UUID,
    data: FlagCreate,
) -> dict[str, Any]:
    """Hold the request for an abuse. Three within 30 days stop further ones of the same person or phone."""
    return service.present(await service.flag_abuse(session, vault, signer, principal, request_id, data.reason))


@router.get("/v1/abuse-flags", response_model=Page[FlagRead])
async def list_flags(
    *,
    principal: AbuseJudge,
    session: Session,
    page: PageRequest,
    person_id: Annotated[UUID | None, Query()] = None,
    standing: Annotated[bool, Query(description="Only those that still count.")] = False,
) -> dict[str, Any]:
    """Flags, newest first."""
    statement = repository.readable(principal)
    if person_id is not None:
        statement = repository.of_person(statement, person_id)
    if standing:
        statement = repository.standing(statement, utc_now())
    found = await paginate(session, statement, order_by=(col(AbuseFlag.id).desc(),), page=page)
    return {"items": [service.present(flag) for flag in found.items], "next_cursor": found.next_cursor}


@router.post("/v1/abuse-flags/{flag_id}/lift", response_model=FlagRead)
async def lift_flag(principal: AbuseJudge, session: Session, signer: SignerDep, flag_id: UUID) -> dict[str, Any]:
    """It was wrong, or has been talked over: the flag counts no more."""
    return service.present(await service.lift_flag(session, signer, principal, flag_id))
