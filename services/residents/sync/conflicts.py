"""Whether an edit that was made on an older version may still be applied, field by field. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.residents.sync.schemas import FieldConflict

_WRITES = {
    "identity_number": ("identity_number", "birth_on", "sex"),
    **dict.fromkeys(("compound", "building", "unit", "room"), ("room_index",)),
}
"""What is written beside a field: a number settles birth date and sex, and the parts of an address are one door."""
ANY_FIELD = "*"
"""Under this name stands the latest version that the worker made by whatever use case."""


def written_with(fields: Iterable[str]) -> set[str]:
    """The stamps that a change of these fields makes."""
    return {stamp for field in fields for stamp in _WRITES.get(field, (field,))}


@dataclass(frozen=True, slots=True)
class Base:
    """What the edit was made on, and what has happened to the record since."""

    version: int
    """That the worker saw."""
    current_version: int
    stamps: Mapping[str, Mapping[str, Any]]
    """Of each field that was ever changed: in which `version`, `at` which time, `by` which role."""
    own: Mapping[str, int]
    """Versions that edits before this one made of fields: the worker's own, which this one follows."""

    @property
    def is_older(self) -> bool:
        return self.version != self.current_version and self.current_version not in self.own.values()

    def conflicting(self, field: str) -> Mapping[str, Any] | None:
        """The latest change by somebody else of what `field` would write; None if there is none."""
        # A version that is not there yet was seen before a backup was restored: it says nothing of this record.
        seen = self.version if self.version <= self.current_version else 0
        others = [
            stamp
            for name in written_with([field])
            if (stamp := self.stamps.get(name)) and stamp["version"] > seen and self.own.get(name) != stamp["version"]
        ]
        return max(others, key=lambda stamp: stamp["version"], default=None)


def unseen(base: Base, current: Mapping[str, Any]) -> Base:
    """The worker saw another record of the same person: of this one nothing, so whatever it holds may conflict."""
    held = {
        name: {"version": base.current_version, "at": None, "by": None}
        for name, value in current.items()
        if value is not None
    }
    return replace(base, version=0, stamps=held | dict(base.stamps))


@dataclass(frozen=True, slots=True)
class Decision:
    """What of an edit is there already, what may be written, and what somebody has to decide."""

    agreed: list[str]
    writable: list[str]
    conflicts: list[FieldConflict]


def decide(wanted: Mapping[str, Any], current: Mapping[str, Any], base: Base) -> Decision:
    """Equal values never conflict: two who wrote the same agree."""
    decision = Decision([], [], [])
    for field, value in wanted.items():
        stamp = base.conflicting(field)
        if current[field] == value:
            decision.agreed.append(field)
        elif stamp is None:
            decision.writable.append(field)
        else:
            decision.conflicts.append(conflict(field, current[field], stamp))
    return decision


def conflict(field: str, current: Any, stamp: Mapping[str, Any]) -> FieldConflict:
    return FieldConflict(
        field=field,
        current=current,
        changed_in_version=stamp["version"],
        changed_at=datetime.fromisoformat(stamp["at"]) if stamp["at"] else None,
        changed_by=stamp["by"],
    )
