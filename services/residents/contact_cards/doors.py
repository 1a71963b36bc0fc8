"""The order in which somebody walks from door to door."""

import re
from typing import NamedTuple

_NUMBER = re.compile(r"([0-9]+)")


class Door(NamedTuple):
    compound: str
    building: str
    unit: str
    room: str

    def on_the_way(self) -> tuple[list[tuple[str, int]], ...]:
        """Sorts by compound, building, unit and room, numbers by their value: building 3 comes before building 10."""
        return tuple(_by_number(part) for part in self)


def _by_number(text: str) -> list[tuple[str, int]]:
    words = [*_NUMBER.split(text), "0"]
    return [(words[place], int(words[place + 1])) for place in range(0, len(words) - 1, 2)]
