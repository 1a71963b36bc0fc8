from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    LargeBinary,
    Select,
    String,
    TableValuedAlias,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
)
from sqlalchemy.sql.selectable import ScalarSelect
from sqlmodel import col

from services.requests.abuse.limits import BURST, DAY, FLAGS_COUNT_FOR, FLAGS_THAT_BLOCK, Submitter
from services.requests.abuse.models import AbuseFlag
from services.requests.service_requests.models import ServiceRequest
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.ids import earliest_id

_UUID, _BYTES, _TEXT = Uuid(), LargeBinary(), String()


def values_of(submitter: Submitter, now: datetime) -> dict[str, Any]:
    """The parameters of `submitted_lately` and `third_flag_at`."""
    return {
        "person": submitter.person_id,
        "phone": submitter.phone_index,
        "client": submitter.client_id,
        "since_day": earliest_id(now - DAY),
        "since_burst": earliest_id(now - BURST),
        "flagged_since": now - FLAGS_COUNT_FOR,
    }


def submitted_lately(community: BindParameter[str], category: BindParameter[str]) -> TableValuedAlias:
    """A row source of one row: what the submitter has submitted lately.

    The function of that name lets the submissions of one person or phone pass one after the other, until each has
    committed: however many come at once, each is counted by the next. Ids begin with their time, so no other index than
    the one that lists a person's requests is needed.
    """
    given = (
        community,
        category,
        bindparam("person", type_=_UUID),
        bindparam("phone", type_=_BYTES),
        bindparam("client", type_=_TEXT),
        bindparam("since_day", type_=_UUID),
        bindparam("since_burst", type_=_UUID),
    )
    columns = [
        column(f"{each}_{name}", kind)
        for each in ("person_day", "person_burst", "category_day", "phone_day", "client_burst")
        for name, kind in (("count", BigInteger()), ("from", DateTime(timezone=True)))
    ]
    return func.submitted_lately(*given).table_valued(*columns, name="submitted_lately")


def third_flag_at(community: BindParameter[str]) -> ScalarSelect[Any]:
    """When the latest flag but two was set, if enough of them count to stop further requests."""
    return (
        select(col(AbuseFlag.created_at))
        .join(ServiceRequest, _flagged())
        .where(
            col(AbuseFlag.community_code) == community,
            col(AbuseFlag.lifted_at).is_(None),
            col(AbuseFlag.created_at) >= bindparam("flagged_since"),
            or_(
                col(ServiceRequest.requester_person_id) == bindparam("person", type_=_UUID),
                col(ServiceRequest.requester_phone_index) == bindparam("phone", type_=_BYTES),
            ),
        )
        .order_by(col(AbuseFlag.created_at).desc())
        .offset(FLAGS_THAT_BLOCK - 1)
        .limit(1)
        .scalar_subquery()
    )


def readable(principal: Principal) -> Select[AbuseFlag]:
    """The flags of the communities that this principal answers for."""
    return select(AbuseFlag).where(in_area(col(AbuseFlag.community_code), principal.area))


def standing(statement: Select[AbuseFlag], now: datetime) -> Select[AbuseFlag]:
    """Only those that still count."""
    return statement.where(col(AbuseFlag.lifted_at).is_(None), col(AbuseFlag.created_at) >= now - FLAGS_COUNT_FOR)


async def find_of_request(session: AsyncSession, request: ServiceRequest) -> AbuseFlag | None:
    statement = select(AbuseFlag).where(
        col(AbuseFlag.community_code) == request.community_code, col(AbuseFlag.request_id) == request.id
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_flag(session: AsyncSession, principal: Principal, flag_id: UUID) -> AbuseFlag:
    statement = readable(principal).where(col(AbuseFlag.id) == flag_id)
    flag = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if flag is None:
        raise NotFound
    return flag


def of_person(statement: Select[AbuseFlag], person_id: UUID) -> Select[AbuseFlag]:
    return statement.join(ServiceRequest, _flagged()).where(col(ServiceRequest.requester_person_id) == person_id)


def _flagged() -> ColumnElement[bool]:
    return and_(
        col(ServiceRequest.community_code) == col(AbuseFlag.community_code),
        col(ServiceRequest.id) == col(AbuseFlag.request_id),
    )
