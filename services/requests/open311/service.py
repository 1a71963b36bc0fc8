"""Use cases of Open311. They flush and never commit: the edge does."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row

from services.requests.attachments.repository import find_released, first_released
from services.requests.attachments.service import Owner, keep_picture, open_picture
from services.requests.categories.forms import Answer
from services.requests.categories.models import Category
from services.requests.categories.schemas import Datatype, FormAttribute
from services.requests.open311 import presentation, repository
from services.requests.open311.errors import JurisdictionMissing, JurisdictionUnknown, RangeTooLong
from services.requests.open311.models import ClientUpdate
from services.requests.open311.schemas import (
    Open311Place,
    Open311Request,
    RequestQuery,
    Submission,
    UpdateQuery,
    UpdateSubmission,
)
from services.requests.open311.statuses import Status
from services.requests.service_requests import deadlines, intake, service
from services.requests.service_requests.models import Channel, ServiceRequest, Step
from services.requests.service_requests.repository import lock_request
from services.requests.service_requests.schemas import Requester
from services.requests.service_requests.states import Action, is_possible
from services.requests.service_requests.texts import keys_of
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession, set_scope
from shared.errors import Conflict, NotFound, invalid_part
from shared.files import FileStore
from shared.geo import Position
from shared.grid_directory import BoundaryLocator
from shared.identity import normalise_name
from shared.photo_files import PhotoSize
from shared.photos import CleanPhoto
from shared.vault import Vault

LONGEST = timedelta(days=90)
_TITLE = 50


async def enter_jurisdiction(session: AsyncSession, principal: Principal, named: str | None) -> str:
    """The community that a call is about, and the transaction within it.

    It need not be named where the caller's area holds only one. Raises JurisdictionMissing, JurisdictionUnknown.
    """
    if named is None:
        known = await repository.known_jurisdictions(session, principal.area)
        if len(known) > 1:
            raise JurisdictionMissing
        if not known:
            raise JurisdictionUnknown
        (named,) = known
    elif not (principal.may_see(named) and await repository.is_jurisdiction(session, named)):
        raise JurisdictionUnknown
    await set_scope(session, named)
    return named


async def list_services(
    session: AsyncSession, principal: Principal, jurisdiction: str | None, language: str
) -> list[dict[str, Any]]:
    community_code = await enter_jurisdiction(session, principal, jurisdiction)
    return [presentation.service(row, language) for row in await repository.list_services(session, community_code)]


async def get_definition(
    session: AsyncSession, principal: Principal, jurisdiction: str | None, code: str, language: str
) -> dict[str, Any]:
    community_code = await enter_jurisdiction(session, principal, jurisdiction)
    return presentation.definition(await repository.get_service(session, community_code, code), language)


async def list_requests(
    session: AsyncSession, vault: Vault, principal: Principal, query: RequestQuery, language: str
) -> list[dict[str, Any]]:
    """Named ones, or those of a window of at most 90 days; asked for by change, no window is needed."""
    community_code = await enter_jurisdiction(session, principal, query.jurisdiction_id)
    if query.service_request_id:
        ids = repository.ids_of(query.service_request_id)
        rows = await repository.list_by_id(session, principal, community_code, ids)
    else:
        by_change = query.updated_after or query.updated_before
        asked = query.start_date or query.end_date
        window = _window(query.start_date, query.end_date) if asked or not by_change else None
        rows = await repository.list_requests(session, principal, community_code, query, window)
    return await _presented(session, vault, principal, rows, community_code=community_code, language=language)


async def get_requests(
    session: AsyncSession, vault: Vault, principal: Principal, query: RequestQuery, language: str
) -> list[dict[str, Any]]:
    """Those named by id, of which there must be one at least."""
    found = await list_requests(session, vault, principal, query, language)
    if not found:
        raise NotFound
    return found


async def _presented(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    rows: Sequence[Row[Any]],
    *,
    community_code: str,
    language: str,
) -> list[dict[str, Any]]:
    names = await repository.names_of(session, community_code)
    opened = [row for row in rows if presentation.is_opened(row, principal)]
    keys = await keys_of(vault, opened)  # pyright: ignore[reportArgumentType] - the columns that it reads
    told = {row.id: presentation.content(row, keys, principal) for row in opened}
    photos = await first_released(session, community_code, [row.id for row in rows])
    return [
        presentation.request(row, names, told.get(row.id, presentation.NOTHING), photos.get(row.id), language)
        for row in rows
    ]


async def show_photo(
    session: AsyncSession, vault: Vault, files: FileStore, principal: Principal, community_code: str, photo_id: UUID
) -> bytes:
    """The JPEG of a released photo. Raises NotFound."""
    community_code = await enter_jurisdiction(session, principal, community_code)
    photo = await find_released(session, community_code, photo_id)
    if photo is None or photo.request_id is None:
        raise NotFound
    if not await repository.list_by_id(session, principal, community_code, [photo.request_id]):
        raise NotFound
    return await open_picture(vault, files, photo, PhotoSize.FULL)


async def list_updates(
    session: AsyncSession, vault: Vault, principal: Principal, query: UpdateQuery, language: str
) -> list[dict[str, Any]]:
    """What happened. From a given start the oldest come first, so that a client can go on where it ended."""
    community_code = await enter_jurisdiction(session, principal, query.jurisdiction_id)
    rows = await repository.list_updates(
        session,
        principal,
        community_code,
        query,
        _window(query.start_date, query.end_date),
        oldest_first=query.start_date is not None,
    )
    keys = await keys_of(vault, [row[0] for row in rows if presentation.is_told(row[0], row.client_id, principal)])
    return [presentation.update(row[0], row.client_id, keys, principal, language) for row in rows]


async def get_token(
    session: AsyncSession, principal: Principal, jurisdiction: str | None, token: str
) -> dict[str, Any]:
    """Requests are numbered as they come in: their token is their number."""
    community_code = await enter_jurisdiction(session, principal, jurisdiction)
    for request_id in repository.ids_of([token]):
        if await repository.is_known(session, principal, community_code, request_id):
            return {"service_request_id": str(request_id), "token": str(request_id)}
    raise NotFound


async def get_update_token(
    session: AsyncSession, principal: Principal, jurisdiction: str | None, token: str
) -> dict[str, Any]:
    community_code = await enter_jurisdiction(session, principal, jurisdiction)
    for entry_id in repository.ids_of([token]):
        if await repository.is_known_update(session, principal, community_code, entry_id):
            return {"update_id": str(entry_id), "token": str(entry_id)}
    raise NotFound


async def submit(
    *,
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    files: FileStore,
    locator: BoundaryLocator,
    principal: Principal,
    data: Submission,
    pictures: Sequence[CleanPhoto],
    language: str,
) -> ServiceRequest:
    """Take a client's submission in. Raises ServiceUnknown, Invalid, and whatever intake refuses."""
    community_code = await enter_jurisdiction(session, principal, data.jurisdiction_id)
    category = await repository.get_service(session, community_code, data.service_code)
    place = await _place(session, community_code, data)
    try:
        request = _in_our_words(category, community_code, data, place)
    except ValidationError as error:
        raise invalid_part(error, (), language) from None
    taken = await intake.submit_request(session, vault, locator, principal, request, channel=Channel.OPEN311)
    for picture in pictures:
        await keep_picture(session, vault, files, principal, Owner.of(taken.request), picture)
    if taken.contact is not None:
        await audit.record(
            session,
            signer,
            principal,
            community_code=community_code,
            action="service_requests.register_requester",
            purpose=Purpose.REGISTRATION,
            subject_type="service_request",
            subject_id=taken.request.id,
            fields=[name for name, value in taken.contact if value],
        )
    return taken.request


def _in_our_words(category: Category, community_code: str, data: Submission, place: Open311Place) -> Open311Request:
    form = [FormAttribute.model_validate(each) for each in category.form]
    return Open311Request(
        category=category.code,
        title=_title(data.description),
        description=_with_links(data.description, data.media_url),
        attributes=_answers(form, data.attributes),
        place=place,
        requester=_requester(data),
        community_code=community_code,
    )


async def add_update(session: AsyncSession, vault: Vault, principal: Principal, data: UpdateSubmission) -> UUID:
    """Write down what a client's user says of their request; returns our number for it.

    It is the requester's word: an answer where one is awaited, a withdrawal if the status says so and it is still
    possible, else a comment. Any other status is kept beside it and moves nothing: the community decides.
    """
    assert principal.client_id is not None
    community_code = await enter_jurisdiction(session, principal, data.jurisdiction_id)
    known = await repository.find_client_update(session, community_code, principal.client_id, data.update_id)
    if known is not None:
        return known.entry_id
    for request_id in repository.ids_of([data.service_request_id]):
        request = await lock_request(session, principal, request_id)
        break
    else:
        raise NotFound
    known = await repository.find_client_update(session, community_code, principal.client_id, data.update_id)
    if known is not None:
        return known.entry_id
    await _say(session, vault, principal, request, data)
    row = ClientUpdate(
        community_code=community_code,
        client_id=principal.client_id,
        update_id=data.update_id,
        request_id=request.id,
        entry_id=await repository.last_entry(session, request),
    )
    if not await repository.keep_client_update(session, row):
        raise Conflict  # the same number, at the same time, for another request
    return row.entry_id


async def _say(
    session: AsyncSession, vault: Vault, principal: Principal, request: ServiceRequest, data: UpdateSubmission
) -> None:
    said = _with_links(data.description, data.media_url)
    if data.status is Status.CANCELLED and is_possible(request.state, Action.WITHDRAW):
        await service.withdraw(session, vault, principal, request.id, said)
        return
    detail = {"status": data.status.value, "said_at": data.updated_datetime.isoformat()}
    kind = Step.COMMENT
    if request.paused_at is not None:
        deadlines.resume(request, utc_now())
        kind = Step.ANSWERED
    await service.step(session, vault, principal, request, kind, text=said, detail=detail)


async def _place(session: AsyncSession, community_code: str, data: Submission) -> Open311Place:
    """Where it is, as precisely as was said: a point, a line of the address table, and the written address as it is."""
    address = data.address_id
    if address is None and data.address_string:
        address = await repository.find_address(session, community_code, data.address_string)
    position = None
    if data.lat is not None and data.long is not None:
        position = Position(longitude=data.long, latitude=data.lat, crs=data.crs)
    return Open311Place(address=address, position=position, note=data.address_string)


def _requester(data: Submission) -> Requester | None:
    """Chinese names have no space: last name first; others are said first name first."""
    first, last = data.first_name or "", data.last_name or ""
    name = f"{first} {last}".strip() if (first + last).isascii() else last + first
    return Requester(name=name or None, phone=data.phone) if name or data.phone else None


def _title(description: str | None) -> str | None:
    """The beginning of the first line, for lists; Open311 has no titles."""
    for line in (description or "").splitlines():
        try:
            return normalise_name(line)[:_TITLE].strip()
        except ValueError:
            continue
    return None


def _with_links(description: str | None, media_url: Sequence[str]) -> str | None:
    """The words, and below them where a client says that photos are. Nothing is fetched from there: an address that a
    stranger names may be anybody's, and the office opens it, or not, as it would any other link in a letter."""
    return "\n".join(filter(None, (description, *media_url))) or None


def _answers(form: Sequence[FormAttribute], said: Mapping[str, Sequence[str]]) -> dict[str, Answer]:
    """Texts as the answers that they stand for; what fits no question is refused by the form."""
    datatypes = {question.code: question.datatype for question in form}
    return {code: _answer(datatypes.get(code), texts) for code, texts in said.items()}


def _answer(datatype: Datatype | None, texts: Sequence[str]) -> Answer:
    if datatype is Datatype.MULTIPLE:
        return [each.strip() for text in texts for each in text.split(",")]
    text = texts[0]
    if datatype is Datatype.NUMBER:
        try:
            number = float(text)
        except ValueError:
            return text
        return int(number) if number.is_integer() else number
    return text


def _window(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """The last 90 days, or 90 days from or until the one time that is given. Raises RangeTooLong."""
    end = end or (start + LONGEST if start else utc_now())
    start = start or end - LONGEST
    if not start <= end <= start + LONGEST:
        raise RangeTooLong
    return start, end
