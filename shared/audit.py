"""Who read or changed which person's data, and why: a chain that shows every later change to itself.

Entries are collected on the session and written just before it commits, because a community's chain has one end and
whoever extends it makes the others wait. Each entry's SHA-256 covers the one before; the end is signed (Ed25519) with a
key that the database does not hold. An end that was put back to an older, once valid state is shown by anchors: ends
noted elsewhere earlier, see `verify`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from shared.audit_chain import (
    GENESIS,
    HEAD_REJECTED,
    Head,
    audit_entry,
    audit_head,
    hash_entry,
    plain,
)
from shared.audit_verification import Anchor, Finding, Kind, heads, verify
from shared.auth import Principal
from shared.clock import utc_now
from shared.conditions import among
from shared.crypto import Signer
from shared.db import AsyncSession, before_commit
from shared.errors import Bilingual, both
from shared.ids import new_id

__all__ = [
    "Anchor",
    "Entry",
    "Finding",
    "Kind",
    "Purpose",
    "entries_about",
    "heads",
    "record",
    "record_many",
    "signer_from",
    "verify",
]

Detail = Mapping[str, str | int | bool]
"""Codes and numbers only, never what was read."""

_PENDING = "audit_pending"


class Purpose(StrEnum):
    """Why personal data is read or changed. Closed: a purpose that is not here has no lawful basis (PIPL, art. 6)."""

    LOST_PERSON = "lost_person"
    EMERGENCY = "emergency"
    VISIT = "visit"
    SERVICE_DELIVERY = "service_delivery"
    FAMILY_CONTACT = "family_contact"
    NOTIFICATION = "notification"
    MEDIATION = "mediation"
    ELIGIBILITY = "eligibility"
    REGISTRATION = "registration"
    CORRECTION = "correction"
    SUBJECT_ACCESS = "subject_access"
    ERASURE = "erasure"
    STATISTICS = "statistics"
    OVERSIGHT = "oversight"
    ENGAGEMENT = "engagement"
    PORTRAIT = "portrait"

    @property
    def label(self) -> Bilingual:
        return _LABELS[self]


_LABELS = {
    Purpose.LOST_PERSON: both("查找走失人员", "Finding a lost person"),
    Purpose.EMERGENCY: both("紧急救助", "Emergency help"),
    Purpose.VISIT: both("入户走访", "Home visit"),
    Purpose.SERVICE_DELIVERY: both("提供服务", "Delivering a service"),
    Purpose.FAMILY_CONTACT: both("联系家属", "Contacting the family"),
    Purpose.NOTIFICATION: both("发送通知", "Sending a notice"),
    Purpose.MEDIATION: both("矛盾纠纷调解", "Mediation"),
    Purpose.ELIGIBILITY: both("资格核验", "Checking eligibility"),
    Purpose.REGISTRATION: both("信息登记", "Registration"),
    Purpose.CORRECTION: both("信息更正", "Correction"),
    Purpose.SUBJECT_ACCESS: both("本人查询", "The person's own request"),
    Purpose.ERASURE: both("删除个人信息", "Erasure"),
    Purpose.STATISTICS: both("统计", "Statistics"),
    Purpose.OVERSIGHT: both("监督检查", "Oversight"),
    Purpose.ENGAGEMENT: both("邀请参加活动和优惠", "Inviting to activities and offers"),
    Purpose.PORTRAIT: both("留存照片", "Keeping a photo"),
}


def signer_from(signing_key: str) -> Signer:
    """The signer of a service's chains; its `public_key` is what `verify` needs."""
    return Signer.from_settings(signing_key, "audit")


# Writing


async def record(
    session: AsyncSession,
    signer: Signer,
    principal: Principal,
    *,
    community_code: str,
    action: str,
    purpose: Purpose,
    subject_type: str,
    subject_id: UUID,
    fields: Iterable[str] = (),
    detail: Detail | None = None,
) -> None:
    """Write down that `principal` did `action` (`people.reveal`) to the named `fields` of one subject.

    The entry is part of this transaction: if it cannot be written, nothing is answered.
    """
    await record_many(
        session,
        signer,
        principal,
        community_code=community_code,
        action=action,
        purpose=purpose,
        subject_type=subject_type,
        subject_ids=[subject_id],
        fields=fields,
        detail=detail,
    )


async def record_many(
    session: AsyncSession,
    signer: Signer,
    principal: Principal,
    *,
    community_code: str,
    action: str,
    purpose: Purpose,
    subject_type: str,
    subject_ids: Iterable[UUID],
    fields: Iterable[str] = (),
    detail: Detail | None = None,
) -> None:
    """The same for a list: one entry a subject, so that each of them can find out."""
    pending: dict[str, list[dict[str, Any]]] | None = session.info.get(_PENDING)
    if pending is None:
        pending = session.info[_PENDING] = {}
        before_commit(session).append(partial(_write, signer=signer))
    common = {
        "at": utc_now(),
        "actor": principal.subject,
        "role": principal.role.value,
        "action": action,
        "purpose": purpose.value,
        "subject_type": subject_type,
        "fields": sorted(set(fields)),
        "detail": dict(detail or {}),
    }
    pending.setdefault(community_code, []).extend(
        {"id": new_id(), "subject_id": subject_id, **common} for subject_id in subject_ids
    )


async def _write(session: AsyncSession, *, signer: Signer) -> None:
    pending: dict[str, list[dict[str, Any]]] = session.info.pop(_PENDING, {})
    for community_code in sorted(pending):  # one order for all, so that two transactions cannot deadlock
        if pending[community_code]:
            await _extend(session, signer, community_code, pending[community_code])


async def _extend(session: AsyncSession, signer: Signer, community_code: str, entries: list[dict[str, Any]]) -> None:
    stored = await _lock_head(session, community_code)
    head = Head(community_code, stored.seq, stored.hash, stored.signed_at)
    seq, previous = head.seq, head.hash
    if not head.is_signed(signer.public_key, stored.signature):
        seq, previous = await _last_entry(session, community_code)
        if head.seq or seq:
            entries = [_head_rejected(head.seq), *entries]
    rows = []
    for entry in entries:
        seq += 1
        digest = hash_entry(previous, {**entry, "community_code": community_code, "seq": seq})
        rows.append({**entry, "seq": seq, "previous_hash": previous.hex(), "hash": digest.hex()})
        previous = digest
    head = Head(community_code, seq, previous, utc_now())
    await session.execute(
        _EXTEND,
        {
            "community": community_code,
            "entries": json.dumps(rows, default=plain, ensure_ascii=False),
            "seq": head.seq,
            "hash": head.hash,
            "signature": head.signature(signer),
            "signed_at": head.signed_at,
        },
    )


async def _lock_head(session: AsyncSession, community_code: str) -> Any:
    """The community's head, locked until the end of the transaction; made now, with seq 0, for its first entry."""
    locked = select(audit_head).where(audit_head.c.community_code == community_code).with_for_update()
    head = (await session.execute(locked)).one_or_none()
    if head is None:
        first = {"community_code": community_code, "seq": 0, "hash": GENESIS, "signature": b"", "signed_at": utc_now()}
        await session.execute(insert(audit_head).values(first).on_conflict_do_nothing())
        head = (await session.execute(locked)).one()
    return head


async def _last_entry(session: AsyncSession, community_code: str) -> tuple[int, bytes]:
    """Where the entries themselves end: what a chain goes on from when its head cannot be believed."""
    columns = audit_entry.c
    statement = select(columns.seq, columns.hash).where(columns.community_code == community_code)
    last = (await session.execute(statement.order_by(columns.seq.desc()).limit(1))).one_or_none()
    return (last.seq, last.hash) if last else (0, GENESIS)


def _head_rejected(seq: int) -> dict[str, Any]:
    """Found on extending: the end was not ours. The chain goes on, since help must not wait, and says so for ever."""
    return {
        "id": new_id(),
        "at": utc_now(),
        "actor": "system",
        "role": "system",
        "action": HEAD_REJECTED,
        "purpose": Purpose.OVERSIGHT.value,
        "subject_type": "audit_head",
        "subject_id": UUID(int=0),
        "fields": [],
        "detail": {"seq": seq},
    }


_EXTEND = text("""
WITH added AS (
    INSERT INTO audit_entry (community_code, seq, id, at, actor, role, action, purpose, subject_type, subject_id,
                             fields, detail, previous_hash, hash)
    SELECT CAST(:community AS varchar), seq, id, at, actor, role, action, purpose, subject_type, subject_id,
           fields, detail, decode(previous_hash, 'hex'), decode(hash, 'hex')
    FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS entry (
        seq bigint, id uuid, at timestamptz, actor text, role text, action text, purpose text, subject_type text,
        subject_id uuid, fields text[], detail jsonb, previous_hash text, hash text)
)
UPDATE audit_head SET seq = :seq, hash = :hash, signature = :signature, signed_at = :signed_at
WHERE community_code = CAST(:community AS varchar)
""")

# Reading


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log, as its subject may see it."""

    seq: int
    at: datetime
    actor: str
    role: str
    action: str
    purpose: Purpose
    fields: tuple[str, ...]
    detail: Detail


async def entries_about(
    session: AsyncSession, community_code: str, *subject_ids: UUID, limit: int = 200, before: int | None = None
) -> list[Entry]:
    """Who read or changed these subjects' data, newest first; `before` is the last `seq` of the page before."""
    columns = audit_entry.c
    statement = (
        select(*(columns[name] for name in Entry.__slots__))
        .where(columns.community_code == community_code, among(columns.subject_id, subject_ids))
        .order_by(columns.seq.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(columns.seq < before)
    return [
        Entry(row.seq, row.at, row.actor, row.role, row.action, Purpose(row.purpose), tuple(row.fields), row.detail)
        for row in await session.execute(statement)
    ]
