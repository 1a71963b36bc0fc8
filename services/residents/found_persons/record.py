"""The record of a case, for the police or a hospital: all that is known, in the clear, as data or to be printed."""

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from services.residents.found_persons import reading, registry, repository, trail
from services.residents.found_persons.family import list_attempts
from services.residents.found_persons.models import EntryKind, FoundPerson
from services.residents.found_persons.reading import openable, write_down
from services.residents.found_persons.schemas import AttemptRead, EntryRead, FoundPersonRead, RevealedContact
from services.residents.found_persons.sealing import key_of, open_description, open_note, open_report
from services.residents.found_persons.trail_schemas import Trail
from services.residents.photos import repository as photos_repository
from services.residents.photos.schemas import PhotoRead
from services.residents.words import CASE_STATES, SEXES
from shared.auth import Principal
from shared.clock import CHINA, utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.vault import Vault


class RecordedPerson(BaseModel):
    """Who it is, or whom the card was issued to."""

    name: str | None
    cautions: str | None
    address: str | None
    family_contacts: list[RevealedContact]


class RecordedEntry(EntryRead):
    words: dict[str, str]
    """What was written, receiver and witness of the handover included."""


class CaseRecord(BaseModel):
    made_at: str
    case: FoundPersonRead
    person: RecordedPerson | None
    description: dict[str, Any]
    reports: list[dict[str, Any]]
    trail: Trail
    attempts: list[AttemptRead]
    timeline: list[RecordedEntry]
    photos: list[PhotoRead]


async def make_record(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, case_id: UUID
) -> CaseRecord:
    """Everything of a case but its messages; written down in the log of the case and of the person."""
    case = await openable(session, principal, case_id)
    key = await key_of(vault, case)
    entries = await repository.entries_of(session, case)
    photos = await photos_repository.list_photos(session, case.community_code, case.id)
    record = CaseRecord(
        made_at=utc_now().astimezone(CHINA).isoformat(timespec="minutes"),
        case=FoundPersonRead.model_validate(case),
        person=await _person(session, vault, signer, principal, case),
        description=open_description(key, case),
        reports=[
            {"id": str(report.id), "at": report.created_at.isoformat(), **open_report(key, report)}
            for report in await repository.reports_of(session, case)
        ],
        trail=await trail.trail_of(session, key, case),
        attempts=await list_attempts(session, case, entries),
        timeline=[
            RecordedEntry(
                **reading.entry_read(entry).model_dump(), words=open_note(key, entry) if entry.note is not None else {}
            )
            for entry in entries
        ],
        photos=[PhotoRead.model_validate(photo) for photo in photos],
    )
    await write_down(session, signer, principal, case, "found_person", case.id, ["record"])
    return record


async def _person(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, case: FoundPerson
) -> RecordedPerson | None:
    person = await reading.person_of(session, case)
    if person is None:
        return None
    contacts = await registry.contacts_of(session, person.community_code, person.id)
    fields = ["name", "cautions", "address", "family_contacts"]
    await write_down(session, signer, principal, case, "person", person.id, fields)
    return RecordedPerson(
        name=await registry.read_field(vault, person, "name"),
        cautions=await registry.read_field(vault, person, "cautions"),
        address=await registry.read_address(session, vault, person),
        family_contacts=await registry.open_contacts(vault, contacts),
    )


_K = EntryKind
_KINDS = {
    _K.REPORTED: "收到报告",
    _K.REPORTED_AGAIN: "再次收到报告",
    _K.ASSIGNED: "派人前往",
    _K.ACCEPTED: "已接单",
    _K.HANDED_BACK: "退单",
    _K.IDENTIFIED: "确认身份",
    _K.FAMILY_MESSAGED: "短信通知家属",
    _K.FAMILY_REACHED: "电话联系家属, 已联系上",
    _K.FAMILY_NOT_REACHED: "电话联系家属, 未果",
    _K.DESCRIBED: "记录自述与体貌",
    _K.SIGHTED: "更新位置",
    _K.PHOTO_ADDED: "拍摄照片",
    _K.CANDIDATES_SUGGESTED: "比对居民信息",
    _K.MEETING_ARRANGED: "约定会合地点",
    _K.ESCALATED: "超时升级处置",
    _K.POLICE_CALLED: "已报警",
    _K.HANDED_OVER: "交接",
    _K.CLOSED: "结案",
    _K.DISMISSED: "不属实",
}


def print_record(record: CaseRecord) -> str:
    """The record as one HTML document for A4, with nothing from elsewhere."""
    return _template().render(record=record, states=CASE_STATES, sexes=SEXES, kinds=_KINDS, china=CHINA)


@cache
def _template() -> Any:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True).get_template(
        "record.html"
    )
