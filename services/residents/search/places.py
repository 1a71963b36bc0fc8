"""Addresses as people write them: `3栋2单元301`, `阳光 5-2-301`, `ygjy 3号楼`. Pure.

Which compounds, buildings and units there are is no secret; the room is, so it is compared by its blind index only.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Self

from shared.names import Fit, name_words, query_words

_N = r"[0-9]{1,4}|(?<![A-Za-z])[A-Za-z][0-9]{0,2}(?![A-Za-z])|[一二三四五六七八九十百零〇]{1,5}"
_BUILDING = rf"(?P<building>{_N})\s*(?:号楼|栋|幢|座|楼|#楼?)"
_UNIT = rf"(?P<unit>{_N})\s*(?:单元|门)"
_ROOM = rf"(?P<room>{_N})\s*(?:室|号|户|房)?"
_SPELLED = re.compile(rf"(?P<compound>.*?)(?:{_BUILDING})?(?:{_UNIT})?(?:{_ROOM})?")
_DASHED = re.compile(
    rf"(?P<compound>.*?)(?P<building>{_N})\s*[-‐‑–—]\s*(?:(?P<unit>[0-9]{{1,2}})\s*[-‐‑–—]\s*)?(?P<room>[0-9]{{1,4}})(?:室|号)?"
)
_ENDING = re.compile(rf"(?P<number>{_N})(?:号楼|栋|幢|座|楼|#楼?|单元|门|室|号|户|房)?$")
_SHORTEST_ROOM = 3
_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0}
ROOM_SPELLINGS = ("", "室", "号")
"""What may stand behind a room's number where somebody registered it."""


class Place(NamedTuple):
    """One entrance of one building."""

    compound: str
    building: str
    unit: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """As much of an address as somebody wrote; what is empty may be anything."""

    compound: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""

    @classmethod
    def read(cls, word: str) -> Self | None:
        """The address that a word without spaces is; None if it is none. A number alone is none."""
        plain = unicodedata.normalize("NFKC", word)
        if dashed := _DASHED.fullmatch(plain):
            return cls._of(dashed.groupdict(default=""))
        spelled = _SPELLED.fullmatch(plain)
        if spelled is None or not (
            spelled["building"] or spelled["unit"] or (spelled["room"] and plain[-1] in "室户房")
        ):
            return None
        return cls._of(spelled.groupdict(default=""))

    @classmethod
    def _of(cls, found: dict[str, str]) -> Self:
        compound, building, unit, room = (found[name] for name in ("compound", "building", "unit", "room"))
        if not unit and "unit" in found and room.isdecimal() and len(room) < _SHORTEST_ROOM and building:
            unit, room = room, ""  # `5-2` is an entrance, `5-201` a door
        return cls(compound.strip(), number(building), number(unit), room.upper())

    def matches(self, place: Place) -> bool:
        """Whether somebody who wrote this may mean that entrance."""
        return (
            (not self.compound or named(self.compound, place.compound))
            and (not self.building or self.building in (place.building, number(place.building)))
            and (not self.unit or self.unit in (place.unit, number(place.unit)))
        )


def number(text: str) -> str:
    """What `3号楼`, `3栋`, `三栋`, `03#` and `3` have in common: `3`. What ends in no number stays itself."""
    ending = _ENDING.search(unicodedata.normalize("NFKC", text))
    if ending is None:
        return text
    found = ending["number"].upper()
    return _counted(found) or found.lstrip("0") or "0"


def _counted(text: str) -> str:
    """Chinese numerals below a thousand in digits; empty for anything else."""
    if not re.fullmatch(r"[一二三四五六七八九十百零〇]+", text):
        return ""
    if not re.search("[十百]", text):
        return "".join(str(_DIGITS[digit]) for digit in text).lstrip("0") or "0"
    hundreds, _, rest = text.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    values = [_DIGITS.get(part.strip("零〇")[-1:], 0) for part in (hundreds, tens, ones)]
    return str(values[0] * 100 + (values[1] or (1 if ten else 0)) * 10 + values[2])


def named(part: str, compound: str) -> bool:
    """Whether the compound is called so, or a part of its name is, in characters, pinyin or initials."""
    wanted = query_words(part)
    return part == compound or (bool(wanted) and all(words & _words(compound).keys() for words in wanted))


@lru_cache(maxsize=4096)
def _words(compound: str) -> dict[str, Fit]:
    return name_words(compound)
