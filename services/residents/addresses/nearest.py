"""Which known buildings somebody may have meant. Pure: places only, never a room."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

MOST = 5
_NUMBER = re.compile(r"[0-9]+")


class Place(NamedTuple):
    compound: str
    building: str
    unit: str


def nearest_places(known: Iterable[Place], meant: Place) -> list[Place]:
    """At most five: of the same compound first, then the likest names, then the nearest numbers."""
    return sorted(set(known), key=lambda place: (_distance(place, meant), place))[:MOST]


def _distance(place: Place, meant: Place) -> tuple[float, int, float, int]:
    return (
        _unlike(place.compound, meant.compound),
        abs(_number(place.building) - _number(meant.building)),
        _unlike(place.building, meant.building),
        abs(_number(place.unit) - _number(meant.unit)),
    )


def _unlike(first: str, second: str) -> float:
    return 1 - SequenceMatcher(None, first, second).ratio()


def _number(text: str) -> int:
    found = _NUMBER.search(text)
    return int(found[0]) if found and len(found[0]) < 9 else 0
