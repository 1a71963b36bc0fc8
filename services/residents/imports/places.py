"""How a sheet spells a place, and how the address table does. Pure."""

import re
from collections.abc import Iterable, Mapping

from services.residents.imports.rows import Record

Address = tuple[str, str, str]
"""Compound, building, unit; the unit is empty where a line stands for the whole building."""

_BUILDING = re.compile(r"0*([0-9]+)(号楼|号|栋|幢|座|楼)?")
_UNIT = re.compile(r"0*([0-9]+)(单元|门)?")


def _core(pattern: re.Pattern[str], text: str) -> str:
    """`3`, `03`, `3栋` and `3号楼` are the same building."""
    found = pattern.fullmatch(text.replace(" ", ""))
    return found[1] if found else text


class AddressBook:
    """The community's address table, found by any usual spelling."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._exact = frozenset(addresses)
        self._buildings = _unique(
            ((compound, _core(_BUILDING, building)), building) for compound, building, _ in self._exact
        )
        self._units = _unique(
            ((compound, building, _core(_UNIT, unit)), unit) for compound, building, unit in self._exact if unit
        )

    def settle(self, record: Record) -> bool:
        """Give the record the table's spelling of its place. False if no line of the table covers it."""
        building = self._buildings.get((record.compound, _core(_BUILDING, record.building)), record.building)
        place = (record.compound, building)
        unit = self._units.get((*place, _core(_UNIT, record.unit)), record.unit)
        record.building, record.unit = building, unit
        return (*place, unit) in self._exact or (*place, "") in self._exact


def _unique(pairs: Iterable[tuple[tuple[str, ...], str]]) -> Mapping[tuple[str, ...], str]:
    """Only what is spelled in one way: between two buildings that look the same nobody chooses but a person."""
    found: dict[tuple[str, ...], set[str]] = {}
    for key, spelling in pairs:
        found.setdefault(key, set()).add(spelling)
    return {key: spellings.pop() for key, spellings in found.items() if len(spellings) == 1}
