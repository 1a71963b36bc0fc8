"""What people wrote, sealed and opened. Nothing else in this module touches a key."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.requests.ratings.models import Rating
from services.requests.service_requests.errors import PersonErased
from services.requests.service_requests.models import ServiceRequest, TimelineEntry
from shared.auth import Principal, Role
from shared.crypto import DataKey, Keyring
from shared.identity import mask_name, mask_phone
from shared.vault import Erased, Vault

REQUEST, ENTRY, RATING = "service_request", "timeline_entry", "rating"

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True, pattern=r"^[^\x00-\x1f]+$")]


class Address(BaseModel):
    """A line of a grid's address table, as precisely as it is known. An empty unit: the whole building."""

    model_config = ConfigDict(extra="forbid")

    compound: Name
    building: Name
    unit: Annotated[str, StringConstraints(max_length=20, strip_whitespace=True, pattern=r"^[^\x00-\x1f]*$")] = ""


class Place(BaseModel):
    """Where the matter is."""

    address: Address | None = None
    longitude: float | None = None
    """WGS 84."""
    latitude: float | None = None
    note: str | None = None


class Content(BaseModel):
    """What is asked for, in the requester's words."""

    title: str | None = None
    description: str | None = None
    attributes: dict[str, Any] = {}
    place: Place | None = None

    @property
    def is_empty(self) -> bool:
        return self == Content()


class Contact(BaseModel):
    """Who called or came in."""

    name: str | None = None
    phone: str | None = None


_Sealed = TypeVar("_Sealed", Content, Contact)
Keys = Mapping[tuple[str, UUID], DataKey]
"""By community and subject. Who has been erased is missing."""


def seal(key: DataKey, value: Content | Contact, request_id: UUID) -> bytes:
    return key.seal(
        value.model_dump_json(exclude_none=True), table=REQUEST, column=_column(type(value)), row_id=request_id
    )


def content_of(request: ServiceRequest, keys: Keys) -> Content:
    return _open(Content, request, request.content_sealed, keys) or Content()


def contact_of(request: ServiceRequest, keys: Keys) -> Contact | None:
    return _open(Contact, request, request.requester_sealed, keys)


def masked(contact: Contact | None) -> dict[str, str | None] | None:
    if contact is None:
        return None
    return {
        "name": mask_name(contact.name) if contact.name else None,
        "phone": mask_phone(contact.phone) if contact.phone else None,
    }


def index_phone(keyring: Keyring, phone: str) -> bytes:
    """What equal phones share; `phone` is normalised (`shared.identity.normalise_phone`)."""
    return keyring.blind_index("requests/requester_phone", phone)


def index_building(keyring: Keyring, community_code: str, address: Address) -> bytes:
    """What all requests about one building (楼栋) share, whichever unit they name."""
    return keyring.blind_index("requests/building", f"{community_code}\0{address.compound}\0{address.building}")


def text_of(row: TimelineEntry | Rating, keys: Keys) -> str | None:
    """The text of an update or a rating; None if there is none or its writer has been erased."""
    key = keys.get((row.community_code, row.key_subject_id)) if row.key_subject_id else None
    if key is None or row.text_sealed is None:
        return None
    return key.open(row.text_sealed, table=_table(row), column="text", row_id=row.id)


async def seal_text(
    vault: Vault, principal: Principal, request: ServiceRequest, row: TimelineEntry | Rating, text: str | None
) -> None:
    """Put `text` on `row` under its writer's key if a resident wrote it, else under the request's."""
    if text is None:
        return
    writer = principal.person_id if principal.role is Role.RESIDENT else None
    row.key_subject_id = writer or request.key_subject_id
    rewrite_text(await key_for_writing(vault, request.community_code, row.key_subject_id), row, text)


def rewrite_text(key: DataKey, row: TimelineEntry | Rating, text: str | None) -> None:
    """Let `row` say `text` from now on, under the key of its `key_subject_id`."""
    row.text_sealed = key.seal(text, table=_table(row), column="text", row_id=row.id) if text is not None else None


async def key_for_writing(vault: Vault, community_code: str, subject_id: UUID) -> DataKey:
    try:
        return await vault.key_for(community_code, subject_id)
    except Erased as error:
        raise PersonErased from error


async def keys_of(vault: Vault, rows: Iterable[ServiceRequest | TimelineEntry | Rating]) -> Keys:
    """The keys that open these rows, in one query per community."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        if row.key_subject_id is not None:
            wanted[row.community_code].add(row.key_subject_id)
    found: dict[tuple[str, UUID], DataKey] = {}
    for community_code, subjects in wanted.items():
        keys = await vault.keys_for(community_code, subjects)
        found |= {(community_code, subject): key for subject, key in keys.items()}
    return found


def _open(kind: type[_Sealed], request: ServiceRequest, sealed: bytes | None, keys: Keys) -> _Sealed | None:
    key = keys.get((request.community_code, request.key_subject_id))
    if key is None or sealed is None:
        return None
    return kind.model_validate_json(key.open(sealed, table=REQUEST, column=_column(kind), row_id=request.id))


def _column(kind: type[Content] | type[Contact]) -> str:
    return "content" if kind is Content else "requester"


def _table(row: TimelineEntry | Rating) -> str:
    return ENTRY if isinstance(row, TimelineEntry) else RATING
