from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.sql.selectable import Lateral, ScalarSelect
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
    """The parameters of `counted` and `third_flag_at`."""
    return {
        "person": submitter.person_id,
        "phone": submitter.phone_index,
        "client": submitter.client_id,
        "since_day": earliest_id(now - DAY),
        "since_burst": earliest_id(now - BURST),
        "flagged_since": now - FLAGS_COUNT_FOR,
    }


def counted(community: BindParameter[str], category: BindParameter[str]) -> tuple[Lateral, ...]:
    """Row sources of one row each: what the submitter has submitted lately. Ids begin with their time: no other index
    than the one that lists a person's requests is needed."""
    since_burst, since_day = bindparam("since_burst", type_=_UUID), bindparam("since_day", type_=_UUID)
    request_id, created_at = col(ServiceRequest.id), col(ServiceRequest.created_at)
    in_burst, in_category = request_id >= since_burst, col(ServiceRequest.category_code) == category

    def those(column: Any, owner: BindParameter[Any], since: BindParameter[UUID], *columns: Any) -> Any:
        return select(*columns).where(
            col(ServiceRequest.community_code) == community, column == owner, request_id >= since
        )

    by_person = those(
        col(ServiceRequest.requester_person_id),
        bindparam("person", type_=_UUID),
        since_day,
        func.count().label("person_day_count"),
        func.min(created_at).label("person_day_from"),
        func.count().filter(in_burst).label("person_burst_count"),
        func.min(created_at).filter(in_burst).label("person_burst_from"),
        func.count().filter(in_category).label("category_day_count"),
        func.min(created_at).filter(in_category).label("category_day_from"),
    )
    by_phone = those(
        col(ServiceRequest.requester_phone_index),
        bindparam("phone", type_=_BYTES),
        since_day,
        func.count().label("phone_day_count"),
        func.min(created_at).label("phone_day_from"),
    )
    by_client = those(
        col(ServiceRequest.client_id),
        bindparam("client", type_=_TEXT),
        since_burst,
        func.count().label("client_burst_count"),
        func.min(created_at).label("client_burst_from"),
    )
    return by_person.lateral("by_person"), by_phone.lateral("by_phone"), by_client.lateral("by_client")


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
