"""The audit chain as stored: its tables, and what exactly an entry's hash and the head's signature cover."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, String, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid

from shared.crypto import Signer, is_signed
from shared.db import KIT_METADATA

audit_entry = Table(
    "audit_entry",
    KIT_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", PgUuid(as_uuid=True), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_id", PgUuid(as_uuid=True), nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_entry_community_code_subject_id", "community_code", "subject_id", "seq"),
    info={"application_role_may": ("SELECT", "INSERT")},
)

audit_head = Table(
    "audit_head",
    KIT_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    info={"application_role_may": ("SELECT", "INSERT", "UPDATE")},
)

GENESIS = bytes(32)
"""What the first entry of a community names as the hash before it."""

HEAD_REJECTED = "audit.head_rejected"
"""The action of the entry that says: on extending the chain, its end was not signed by us."""

_COVERED = tuple(column.name for column in audit_entry.columns if column.name not in ("previous_hash", "hash"))


def plain(value: object) -> str:
    """Times in UTC to the microsecond and ids, as JSON text; for `json.dumps(default=…)`."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"an audit entry cannot hold {type(value).__name__}")


def _canonical(values: Sequence[object]) -> bytes:
    return json.dumps(values, default=plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def hash_entry(previous: bytes, entry: Mapping[Any, Any]) -> bytes:
    """SHA-256 over the hash before and every column of the entry but the two hashes."""
    return hashlib.sha256(b"audit-entry-1" + previous + _canonical([entry[name] for name in _COVERED])).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a community's chain ended, at which time."""

    community_code: str
    seq: int
    hash: bytes
    signed_at: datetime

    def signature(self, signer: Signer) -> bytes:
        return signer.sign(self._message())

    def is_signed(self, public_key: str, signature: bytes) -> bool:
        """Whether the service itself said that the chain ended so."""
        return is_signed(public_key, signature, self._message())

    def _message(self) -> bytes:
        return b"audit-head-1" + _canonical([self.community_code, self.seq, self.hash.hex(), self.signed_at])
