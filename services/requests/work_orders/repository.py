"""Whom dispatch asked for a request, and by which orders: every select and update of it that an event needs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped
from sqlmodel import col

from services.requests.service_requests.models import ServiceRequest
from services.requests.work_orders.models import RequestResponder, RequestWorkOrder
from shared.db import AsyncSession


async def get_work_order(session: AsyncSession, request: ServiceRequest, work_order_id: UUID) -> RequestWorkOrder:
    """What is known of this order; a first mention makes it one of the request's present round."""
    known = await session.get(RequestWorkOrder, (request.community_code, work_order_id))
    if known is None:
        known = RequestWorkOrder(
            community_code=request.community_code,
            id=work_order_id,
            request_id=request.id,
            round=request.reopened_count,
        )
        session.add(known)
    return known


async def grant(session: AsyncSession, order: RequestWorkOrder, responder_id: UUID) -> None:
    """Let a responder who was asked read the request."""
    statement = insert(RequestResponder).values(
        community_code=order.community_code,
        responder_id=responder_id,
        request_id=order.request_id,
        work_order_id=order.id,
    )
    keys = ["community_code", "responder_id", "request_id", "work_order_id"]
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_={"ended_at": None}))


async def end_grants(
    session: AsyncSession, order: RequestWorkOrder, at: datetime, *, of: UUID | None = None, but: UUID | None = None
) -> None:
    """No longer let one responder (`of`), all but one (`but`) or all read the request for this order."""
    statement = update(RequestResponder).where(
        col(RequestResponder.community_code) == order.community_code,
        col(RequestResponder.request_id) == order.request_id,
        col(RequestResponder.work_order_id) == order.id,
        col(RequestResponder.ended_at).is_(None),
    )
    if of is not None:
        statement = statement.where(col(RequestResponder.responder_id) == of)
    if but is not None:
        statement = statement.where(col(RequestResponder.responder_id) != but)
    await session.execute(statement.values(ended_at=at))


async def answers_otherwise(session: AsyncSession, request: ServiceRequest, order: RequestWorkOrder) -> bool:
    """Whether the request's present responder is asked for another order of this round than `order`."""
    if request.responder_id is None:
        return False
    statement = _asked_now(col(RequestResponder.work_order_id), request).where(
        col(RequestResponder.responder_id) == request.responder_id,
        col(RequestResponder.work_order_id) != order.id,
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def is_worked_on(session: AsyncSession, request: ServiceRequest, *, but: RequestWorkOrder) -> bool:
    """Whether somebody is at work on another order of this round than `but`."""
    statement = select(col(RequestWorkOrder.id)).where(
        col(RequestWorkOrder.community_code) == request.community_code,
        col(RequestWorkOrder.request_id) == request.id,
        col(RequestWorkOrder.id) != but.id,
        col(RequestWorkOrder.round) == request.reopened_count,
        col(RequestWorkOrder.is_started),
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def next_asked(session: AsyncSession, request: ServiceRequest) -> UUID | None:
    """Somebody who is asked besides, by the oldest order; None: dispatch is asking whoever comes next."""
    statement = _asked_now(col(RequestResponder.responder_id), request)
    ordered = statement.order_by(col(RequestResponder.work_order_id), col(RequestResponder.responder_id))
    return (await session.execute(ordered.limit(1))).scalar_one_or_none()


def _asked_now(column: Mapped[UUID], request: ServiceRequest) -> Select[UUID]:
    """Who is asked in the request's present round: who did the work of an earlier one may still read it, no more."""
    return (
        select(column)
        .join(
            RequestWorkOrder,
            (col(RequestWorkOrder.community_code) == col(RequestResponder.community_code))
            & (col(RequestWorkOrder.id) == col(RequestResponder.work_order_id)),
        )
        .where(
            col(RequestResponder.community_code) == request.community_code,
            col(RequestResponder.request_id) == request.id,
            col(RequestResponder.ended_at).is_(None),
            col(RequestWorkOrder.round) == request.reopened_count,
        )
    )
