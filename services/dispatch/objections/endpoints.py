from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlmodel import col

from services.dispatch.objections import repository, service
from services.dispatch.objections.auth import ObjectionsReview
from services.dispatch.objections.models import Objection, ObjectionState
from services.dispatch.objections.schemas import ObjectionRead, Objections, Overrule, Uphold
from services.dispatch.work_orders import repository as work_orders
from services.dispatch.work_orders.auth import WorkOrdersRead
from shared.auth import Principal
from shared.db import AsyncSession
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep
from shared.vault import Vault

router = Router(tags=["objections"])


@router.get("/v1/objections", response_model=Page[ObjectionRead])
async def list_objections(
    principal: ObjectionsReview,
    session: Session,
    vault: VaultDep,
    page: PageRequest,
    state: Annotated[ObjectionState, Query()] = ObjectionState.PENDING,
) -> dict[str, Any]:
    """Objections of the community, those to be reviewed soonest first."""
    statement = repository.reviewable(principal).where(col(Objection.state) == state)
    found = await paginate(session, statement, order_by=(Objection.review_by, Objection.id), page=page)
    items = [await _shown(session, vault, principal, each) for each in found.items]
    return {"items": items, "next_cursor": found.next_cursor}


@router.get("/v1/work-orders/{order_id}/objections", response_model=Objections)
async def list_objections_to(
    principal: WorkOrdersRead, session: Session, vault: VaultDep, order_id: UUID
) -> dict[str, Any]:
    """Whether whoever was asked objected, and what was decided; the oldest first."""
    order = await work_orders.get_work_order(session, principal, order_id)
    found = await repository.objections_to(session, order)
    return {"items": await service.shown(vault, principal, order, found)}


@router.post("/v1/objections/{objection_id}/uphold", response_model=ObjectionRead)
async def uphold(
    principal: ObjectionsReview, session: Session, vault: VaultDep, objection_id: UUID, data: Uphold
) -> dict[str, Any]:
    """The order is not theirs: another is asked. The head decides what was not reviewed in time."""
    return await _shown(session, vault, principal, await service.uphold(session, vault, principal, objection_id, data))


@router.post("/v1/objections/{objection_id}/overrule", response_model=ObjectionRead)
async def overrule(
    principal: ObjectionsReview, session: Session, vault: VaultDep, objection_id: UUID, data: Overrule
) -> dict[str, Any]:
    """The order is theirs after all; its deadline never stopped."""
    objection = await service.overrule(session, vault, principal, objection_id, data.text)
    return await _shown(session, vault, principal, objection)


async def _shown(session: AsyncSession, vault: Vault, principal: Principal, objection: Objection) -> dict[str, Any]:
    order = await work_orders.get_work_order(session, principal, objection.work_order_id)
    return (await service.shown(vault, principal, order, [objection]))[0]
