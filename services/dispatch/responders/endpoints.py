from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.dispatch.responders import repository, service
from services.dispatch.responders.auth import RespondersRead, RespondersWrite
from services.dispatch.responders.models import Force, Responder, ResponderKind
from services.dispatch.responders.schemas import ResponderCreate, ResponderRead, ResponderUpdate
from services.dispatch.schemas import Skill
from shared.codes import GridCode
from shared.concurrency import IfMatch, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/responders", tags=["responders"])


@router.get("", response_model=Page[ResponderRead])
async def list_responders(
    principal: RespondersRead,
    session: Session,
    vault: VaultDep,
    page: PageRequest,
    force: Force | None = None,
    kind: ResponderKind | None = None,
    home_grid_code: GridCode | None = None,
    skill: Annotated[Skill | None, Query()] = None,
    active: bool | None = None,
) -> Page[ResponderRead]:
    """Responders in the caller's area, oldest record first."""
    statement = repository.readable(principal)
    wanted = {"force": force, "kind": kind, "home_grid_code": home_grid_code, "active": active}
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(Responder, column) == value)
    if skill is not None:
        statement = statement.where(col(Responder.skills).contains([skill]))
    found = await paginate(session, statement, order_by=(Responder.community_code, Responder.id), page=page)
    return Page(items=await service.show(vault, principal, found.items), next_cursor=found.next_cursor)


@router.post("", response_model=ResponderRead, status_code=status.HTTP_201_CREATED)
async def register_responder(
    principal: RespondersWrite, session: Session, vault: VaultDep, data: ResponderCreate, response: Response
) -> ResponderRead:
    responder = await service.register_responder(session, vault, principal, data)
    response.headers["Location"] = f"/v1/responders/{responder.id}"
    return (await service.show(vault, principal, [responder]))[0]


@router.get("/{responder_id}", response_model=ResponderRead)
async def get_responder(
    principal: RespondersRead,
    session: Session,
    vault: VaultDep,
    responder_id: UUID,
    request: Request,
    response: Response,
) -> ResponderRead:
    responder = await repository.get_responder(session, principal, responder_id)
    tag_response(request, response, responder.version)
    return (await service.show(vault, principal, [responder]))[0]


@router.patch("/{responder_id}", response_model=ResponderRead)
async def update_responder(
    principal: RespondersWrite,
    session: Session,
    vault: VaultDep,
    responder_id: UUID,
    data: ResponderUpdate,
    expected: IfMatch,
) -> ResponderRead:
    responder = await service.update_responder(session, vault, principal, responder_id, data, expected)
    return (await service.show(vault, principal, [responder]))[0]


@router.post("/{responder_id}/deactivate", response_model=ResponderRead)
async def deactivate_responder(
    principal: RespondersWrite, session: Session, vault: VaultDep, responder_id: UUID
) -> ResponderRead:
    """Ask this responder no more."""
    responder = await service.deactivate_responder(session, principal, responder_id)
    return (await service.show(vault, principal, [responder]))[0]
