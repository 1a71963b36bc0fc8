"""How far a phone's copy goes: which grids it holds, up to which moment, and where an interrupted download stopped.

A moment is a snapshot of transactions and not a number: transactions end in another order than they began, and what a
slow one changed would lie behind any number that was reached meanwhile. Pure.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from services.residents.sync.errors import SyncExpired
from services.residents.sync.models import CopyKind
from shared.auth import Principal
from shared.pagination import CursorInvalid, open_cursor, seal_cursor

RETENTION = timedelta(days=90)
"""How old a copy may be and still be continued: for so long is remembered what was removed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions had ended at one moment: all before `xmin`, and those before `xmax` that are not `running`."""

    xmin: int
    xmax: int
    running: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """PostgreSQL's `pg_snapshot`: `10:20:10,14,15`."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), tuple(int(xid) for xid in running.split(",") if xid))

    def packed(self) -> list[Any]:
        """As small as possible, since it travels in an address."""
        return [self.xmin, self.xmax - self.xmin, [xid - self.xmin for xid in self.running]]

    @classmethod
    def unpacked(cls, values: list[Any]) -> Self:
        xmin, width, running = values
        return cls(xmin, xmin + width, tuple(xmin + offset for offset in running))


BEGINNING = Snapshot(0, 0)
"""Before any transaction."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last row that was delivered."""

    grid_code: str
    changed_xid: int
    kind: CopyKind
    entity_id: UUID


@dataclass(frozen=True, slots=True)
class Round:
    """A download under way: what changed until one moment, of the grids held; all of the grids gained."""

    until: Snapshot
    until_at: datetime
    gained: tuple[str, ...]
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The copy is complete for the grids `held` up to `seen`; beyond that as far as the round has come."""

    epoch: str
    held: tuple[str, ...] = ()
    seen: Snapshot = BEGINNING
    seen_at: datetime | None = None
    round: Round | None = None

    def check(self, epoch: str, now: datetime) -> None:
        """SyncExpired where what happened since cannot be told any more."""
        oldest = self.seen_at if self.held else None
        oldest = oldest or (self.round.until_at if self.round else now)
        if self.epoch != epoch or oldest < now - RETENTION:
            raise SyncExpired

    def without(self, lost: frozenset[str]) -> "Cursor":
        """The phone is told to forget these grids."""
        held = tuple(grid for grid in self.held if grid not in lost)
        if self.round is None:
            return replace(self, held=held)
        gained = tuple(grid for grid in self.round.gained if grid not in lost)
        return replace(self, held=held, round=replace(self.round, gained=gained))

    def completed(self) -> "Cursor":
        """The round came to its end: the copy is complete up to the moment for which it was made."""
        assert self.round is not None
        held = tuple(sorted({*self.held, *self.round.gained}))
        return Cursor(self.epoch, held, self.round.until, self.round.until_at)

    @property
    def grids(self) -> frozenset[str]:
        """Of which the phone has anything."""
        return frozenset(self.held) | frozenset(self.round.gained if self.round else ())


class CursorSeal:
    """Signs cursors for one caller and what they asked to be shown; another's cursor is not valid here."""

    def __init__(self, signing_key: bytes, principal: Principal, purpose: str | None) -> None:
        self._key = hmac.digest(signing_key, b"sync cursors", "sha256")
        self._binding = hashlib.sha256(json.dumps([principal.subject, purpose]).encode()).digest()

    def seal(self, cursor: Cursor) -> str:
        return seal_cursor([json.dumps(_packed(cursor), separators=(",", ":"))], self._key, self._binding)

    def open(self, text: str) -> Cursor:
        """CursorInvalid for one that was changed, or belongs to another caller or purpose."""
        values = open_cursor(text, self._key, self._binding)
        if len(values) != 1:
            raise CursorInvalid
        return _unpacked(json.loads(values[0]))


def _packed(cursor: Cursor) -> list[Any]:
    under_way = cursor.round
    position = under_way.position if under_way else None
    return [
        cursor.epoch,
        cursor.held,
        cursor.seen.packed(),
        _seconds(cursor.seen_at),
        under_way and [under_way.until.packed(), _seconds(under_way.until_at), under_way.gained],
        position and [position.grid_code, position.changed_xid, position.kind, str(position.entity_id)],
    ]


def _unpacked(values: list[Any]) -> Cursor:
    epoch, held, seen, seen_at, under_way, position = values
    found = None
    if under_way is not None:
        until, until_at, gained = under_way
        at = position and Position(position[0], position[1], CopyKind(position[2]), UUID(position[3]))
        found = Round(Snapshot.unpacked(until), datetime.fromtimestamp(until_at, UTC), tuple(gained), at)
    return Cursor(
        epoch,
        tuple(held),
        Snapshot.unpacked(seen),
        None if seen_at is None else datetime.fromtimestamp(seen_at, UTC),
        found,
    )


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
