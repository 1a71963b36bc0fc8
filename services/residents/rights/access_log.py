"""Who read or changed a person's data, told so that the person understands it (PIPL, art. 44 and 45)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.residents.merges.repository import records_of
from services.residents.people.models import Person
from services.residents.rights.reach import By, get_subject
from services.residents.sections import Column, Section, Words, section_of
from services.residents.words import ACTIONS, FIELDS, ORGANISATIONS, ROLES, SYSTEM
from shared import audit
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import Bilingual, both
from shared.vault import Vault

LOG_PAGE = 100
_EXPORTED = 1000
"""Newest entries in an export; the log itself has them all, page by page."""


class AccessEntry(BaseModel):
    """Someone read or changed this person's data. Whoever it was is named by role and account, not by name."""

    at: datetime
    actor: str
    """The account; the community knows whose it is."""
    role: str
    who: Words
    organisation: Words
    action: str
    what: Words
    purpose: str
    why: Words
    fields: list[str]
    fields_read: list[Column]
    """The same fields in words."""
    is_own: bool
    """The person read themself."""
    is_by_guardian: bool
    is_break_glass: bool
    """In an emergency, about somebody whom the reader does not look after: the head of the community reviews it."""


class AccessLog(BaseModel):
    items: list[AccessEntry]
    next_before: int | None
    """Pass it as `before` for older entries; null: there are none."""


async def access_log(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, before: int | None = None
) -> AccessLog:
    """Who read or changed this person's data, newest first."""
    person = (await get_subject(session, vault, principal, person_id)).person
    records = await records_of(session, person)
    entries = await audit.entries_about(session, person.community_code, *records, limit=LOG_PAGE + 1, before=before)
    shown = entries[:LOG_PAGE]
    return AccessLog(
        items=[_told(entry) for entry in shown],
        next_before=shown[-1].seq if len(entries) > LOG_PAGE else None,
    )


async def access_log_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    records = await records_of(session, person)
    entries = await audit.entries_about(session, person.community_code, *records, limit=_EXPORTED)
    return section_of(
        "access_log",
        both("查阅记录", "Who looked at the record"),
        {
            "at": both("时间", "At"),
            "who": both("身份", "Who"),
            "organisation": both("单位", "Organisation"),
            "actor": both("账号", "Account"),
            "what": both("操作", "What"),
            "why": both("目的", "Why"),
            "fields": both("涉及信息", "Fields"),
            "is_break_glass": both("紧急查阅", "Break-glass"),
        },
        [_row(_told(entry)) for entry in entries],
    )


def _row(entry: AccessEntry) -> dict[str, object]:
    return {
        "at": entry.at,
        "who": entry.who.coded(entry.role),
        "organisation": entry.organisation.zh,
        "actor": entry.actor,
        "what": entry.what.coded(entry.action),
        "why": entry.why.coded(entry.purpose),
        "fields": ", ".join(field.title.zh for field in entry.fields_read) or None,
        "is_break_glass": entry.is_break_glass,
    }


def _told(entry: audit.Entry) -> AccessEntry:
    is_guardian = entry.detail.get("by") == By.GUARDIAN
    return AccessEntry(
        at=entry.at,
        actor=entry.actor,
        role=entry.role,
        who=Words.of(ROLES.get(entry.role, SYSTEM)),
        organisation=Words.of(ORGANISATIONS.get(entry.role, SYSTEM)),
        action=entry.action,
        what=Words.of(_words(ACTIONS, entry.action)),
        purpose=entry.purpose.value,
        why=Words.of(entry.purpose.label),
        fields=list(entry.fields),
        fields_read=list(_columns(entry.fields)),
        is_own=entry.role == "resident" and not is_guardian,
        is_by_guardian=is_guardian,
        is_break_glass="review" in entry.detail,
    )


def _columns(fields: Iterable[str]) -> Iterable[Column]:
    return (Column(code=field, title=Words.of(_words(FIELDS, field))) for field in fields)


def _words(known: dict[str, Bilingual], code: str) -> Bilingual:
    return known.get(code) or both(code, code)
