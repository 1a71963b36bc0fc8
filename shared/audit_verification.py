"""Whether the audit log is still what was written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, select

from shared.audit_chain import GENESIS, HEAD_REJECTED, Head, audit_entry, audit_head, hash_entry
from shared.db import AsyncSession

_ROWS_AT_ONCE = 1000


class Kind(StrEnum):
    """What is wrong with a log."""

    CHANGED = "changed"
    """The entry does not say what was hashed when it was written."""
    MISSING = "missing"
    """One or more entries before this one were deleted."""
    OUT_OF_PLACE = "out_of_place"
    """The entry does not follow the one before it: inserted, reordered, or the one before was replaced."""
    UNSIGNED = "unsigned"
    """The entry lies behind the signed end: inserted, or the end was put back."""
    TRUNCATED = "truncated"
    """The signed end names entries that are gone."""
    REWRITTEN = "rewritten"
    """The last entry is not the one that was signed: the chain was made anew."""
    HEAD_FORGED = "head_forged"
    """The end of the chain is not signed with this key."""
    HEAD_MISSING = "head_missing"
    """There are entries and no end."""
    HEAD_REJECTED = "head_rejected"
    """The service itself noticed, before it wrote this entry, that the end was not signed with its key."""
    ROLLED_BACK = "rolled_back"
    """The log no longer holds what an anchor proves it held: it was put back to an older state."""


@dataclass(frozen=True, slots=True)
class Finding:
    community_code: str
    seq: int
    """Where: the number of the entry in its community's chain."""
    kind: Kind


@dataclass(frozen=True, slots=True)
class Anchor:
    """An end of a chain, noted where the database's administrators cannot change it."""

    seq: int
    hash: str
    """Hexadecimal."""


async def heads(session: AsyncSession) -> dict[str, Anchor]:
    """The present end of every chain in scope, to be kept elsewhere and given to `verify` later."""
    columns = audit_head.c
    statement = select(columns.community_code, columns.seq, columns.hash).where(columns.seq > 0)
    return {community: Anchor(seq, digest.hex()) for community, seq, digest in await session.execute(statement)}


async def verify(
    session: AsyncSession,
    public_key: str,
    community_code: str | None = None,
    *,
    anchors: Mapping[str, Anchor] | None = None,
) -> list[Finding]:
    """Everything that is wrong with the chains in scope, or with one community's; empty if nothing is.

    Reads all of it in one statement, hence in one state, while others go on writing. Without `anchors` a log that was
    put back to an older state together with its head of that time looks whole.
    """
    entry, head = audit_entry.c, audit_head.c
    statement = (
        select(
            audit_entry,
            head.community_code.label("head_community"),
            head.seq.label("head_seq"),
            head.hash.label("head_hash"),
            head.signature,
            head.signed_at,
        )
        .join_from(audit_entry, audit_head, and_(entry.community_code == head.community_code), full=True)
        .order_by(entry.community_code, entry.seq)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    if community_code is not None:
        statement = statement.where((entry.community_code == community_code) | (head.community_code == community_code))
    wanted = {
        community: anchor
        for community, anchor in (anchors or {}).items()
        if community_code is None or community == community_code
    }
    findings: list[Finding] = []
    chain: _Chain | None = None
    async for row in await session.stream(statement):
        community = row.community_code or row.head_community
        if chain is None or chain.community_code != community:
            findings += chain.end() if chain else []
            chain = _Chain(community, public_key, row, wanted.pop(community, None))
        if row.community_code is not None:
            findings += chain.follow(row)
    findings += chain.end() if chain else []
    findings += [Finding(community, anchor.seq, Kind.ROLLED_BACK) for community, anchor in wanted.items()]
    return findings


class _Chain:
    """Follows one community's entries in order."""

    def __init__(self, community_code: str, public_key: str, row: Row[Any], anchor: Anchor | None) -> None:
        self.community_code = community_code
        self._public_key = public_key
        self._head = row if row.head_community is not None else None
        self._anchor = anchor
        self._anchor_met = anchor is None
        self._seq, self._hash = 0, GENESIS
        self._signed = GENESIS

    def follow(self, row: Row[Any]) -> Iterator[Finding]:
        """What is wrong with the next entry."""
        if row.seq != self._seq + 1:
            yield self._finding(row.seq, Kind.MISSING if row.seq > self._seq else Kind.OUT_OF_PLACE)
        elif row.previous_hash != self._hash:
            yield self._finding(row.seq, Kind.OUT_OF_PLACE)
        if hash_entry(row.previous_hash, row._mapping) != row.hash:
            yield self._finding(row.seq, Kind.CHANGED)
        if row.action == HEAD_REJECTED:
            yield self._finding(row.seq, Kind.HEAD_REJECTED)
        if self._head is not None and row.seq > self._head.head_seq:
            yield self._finding(row.seq, Kind.UNSIGNED)
        if self._head is not None and row.seq == self._head.head_seq:
            self._signed = row.hash
        if self._anchor is not None and row.seq == self._anchor.seq:
            self._anchor_met = row.hash.hex() == self._anchor.hash
        self._seq, self._hash = row.seq, row.hash

    def end(self) -> Iterator[Finding]:
        """What is wrong with the chain's end."""
        if not self._anchor_met and self._anchor is not None:
            yield self._finding(self._anchor.seq, Kind.ROLLED_BACK)
        head = self._head
        if head is None:
            yield self._finding(self._seq, Kind.HEAD_MISSING)
            return
        stated = Head(self.community_code, head.head_seq, head.head_hash, head.signed_at)
        if not stated.is_signed(self._public_key, head.signature):
            yield self._finding(head.head_seq, Kind.HEAD_FORGED)
        if self._seq < head.head_seq:
            yield self._finding(head.head_seq, Kind.TRUNCATED)
        elif self._signed != head.head_hash:
            yield self._finding(head.head_seq, Kind.REWRITTEN)

    def _finding(self, seq: int, kind: Kind) -> Finding:
        return Finding(self.community_code, seq, kind)
