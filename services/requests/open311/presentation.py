"""Our categories, requests and steps as Open311 objects: texts, numbers, booleans; what is absent is left out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.requests.categories.models import Category
from services.requests.categories.schemas import LISTS, FormAttribute
from services.requests.moderation.public_texts import released_words
from services.requests.open311.repository import written_at
from services.requests.open311.statuses import SAID, SAID_BY_REQUESTER, is_open, status_of
from services.requests.service_requests.models import ServiceRequest, TimelineEntry
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.states import State
from services.requests.service_requests.texts import Address, Content, Keys, Place, content_of, text_of
from shared.auth import Principal
from shared.clock import CHINA
from shared.errors import Bilingual, both

NOTHING = Content()
_SAID = SAID | SAID_BY_REQUESTER
_STATES: dict[State, Bilingual] = {
    State.SUBMITTED: both("已提交, 待受理", "Submitted"),
    State.ACCEPTED: both("已受理, 待派单", "Accepted"),
    State.DISPATCHED: both("已派单", "Somebody was asked to do it"),
    State.IN_PROGRESS: both("正在办理", "Being worked on"),
    State.RESOLVED: both("已办理答复, 待确认", "Resolved, to be confirmed"),
    State.CONFIRMED: both("已解决", "Confirmed as solved"),
    State.REJECTED: both("不予受理", "Declined"),
    State.WITHDRAWN: both("已撤回", "Taken back"),
    State.REOPENED: both("未解决, 重新办理", "Reopened"),
    State.MERGED: both("已与另一件诉求并案办理", "Handled together with another request"),
}


def w3c(at: datetime) -> str:
    """`2026-11-24T08:00:00+08:00`: China's offset, no fractions."""
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def service(row: Any, language: str) -> dict[str, Any]:
    category: Category = row[0]
    return _present(
        service_code=category.code,
        service_name=_name(category, language),
        description=category.name_en if language == "zh" else category.name_zh,
        metadata=bool(category.form),
        type="realtime",
        keywords=", ".join([*category.code.split("."), row.group_en]),
        group=row.group_zh if language == "zh" else row.group_en,
    )


def definition(category: Category, language: str) -> dict[str, Any]:
    questions = [FormAttribute.model_validate(each) for each in category.form]
    return {
        "service_code": category.code,
        "attributes": [_attribute(order, each, language) for order, each in enumerate(questions, 1)],
    }


def _attribute(order: int, question: FormAttribute, language: str) -> dict[str, Any]:
    choices = [{"key": each.key, "name": _name(each, language)} for each in question.choices]
    return _present(
        variable=True,
        code=question.code,
        datatype=question.datatype.value,
        required=question.required,
        order=order,
        description=_name(question, language),
        values=choices if question.datatype in LISTS else None,
    )


def request(
    row: Row[Any], names: Mapping[str, Any], told: Content, photo: UUID | None, language: str
) -> dict[str, Any]:
    """`told` is what of the sealed words and place may be told to the caller (`content`); `photo` a released one."""
    state = State(row.state)
    place = told.place
    return _present(
        service_request_id=str(row.id),
        status="open" if is_open(state) else "closed",
        status_notes=getattr(_STATES[state], language),
        service_name=_name(names[row.category_code], language),
        service_code=row.category_code,
        description=told.description,
        requested_datetime=w3c(row.created_at),
        updated_datetime=w3c(row.updated_at),
        expected_datetime=w3c(row.resolve_by) if is_open(state) else None,
        address=_address(place.address) if place and place.address else None,
        lat=row.latitude,
        long=row.longitude,
        media_url=f"media/{row.community_code}/{photo}.jpg" if photo else None,
    )


def is_opened(row: Row[Any], principal: Principal) -> bool:
    """Whether anything sealed of a request is told: the less is opened, the cheaper a list that anybody may ask for.

    A point says where a matter is, so the address of one that has a point stays closed.
    """
    return row.longitude is None or row.released_sealed is not None or is_own(row.client_id, principal)


def receipt(made: ServiceRequest, language: str) -> dict[str, Any]:
    """What a submission is answered with: its number here, and the reference by which its requester may ask for it."""
    said = both("查询编号 {reference}", "Reference {reference}")
    notice = getattr(said, language).format(reference=REFERENCE.grouped(made.reference))
    return _present(service_request_id=str(made.id), service_notice=notice)


def content(row: Row[Any], keys: Keys, principal: Principal) -> Content:
    """To its own client what it sent; to everybody the building that a matter is at, and the words released."""
    opened = content_of(row, keys)  # pyright: ignore[reportArgumentType] - the columns that it reads
    if is_own(row.client_id, principal):
        return opened
    words = released_words(row, keys)  # pyright: ignore[reportArgumentType]
    description = (words.description or words.title) if words else None
    return Content(description=description, place=_building_alone(opened.place) if row.longitude is None else None)


def _building_alone(place: Place | None) -> Place | None:
    if place is None or place.address is None:
        return None
    return Place(address=place.address.model_copy(update={"unit": ""}))


def update(entry: TimelineEntry, client_id: str | None, keys: Keys, principal: Principal, language: str) -> Any:
    said = text_of(entry, keys) if is_told(entry, client_id, principal) else None
    return _present(
        update_id=str(entry.id),
        service_request_id=str(entry.request_id),
        status=status_of(State(entry.state), entry.step, entry.detail.get("reason")).value,
        updated_datetime=w3c(written_at(entry.id)),
        description=said or getattr(_SAID[entry.step], language),
        external_status_code=State(entry.state).value,
    )


def is_told(entry: TimelineEntry, client_id: str | None, principal: Principal) -> bool:
    """Whether a step's own words are told: to the client it was for, and to everybody once they are released."""
    return entry.released_at is not None or is_own(client_id, principal)


def is_own(client_id: str | None, principal: Principal) -> bool:
    return client_id is not None and client_id == principal.client_id


def _name(named: Any, language: str) -> str:
    return named.name_zh if language == "zh" else named.name_en


def _address(address: Address) -> str:
    return "".join((address.compound, address.building, address.unit))


def _present(**fields: Any) -> dict[str, Any]:
    """Absent fields break the schemas of clients as null and as empty text; so they are not there."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}
