"""Codes that people read aloud and type: unguessable, and a mistyped one is recognised without a look-up.

Random symbols of Crockford's base 32 (5 bits each) and a check symbol over GF(2⁵), weighted by powers of a primitive
element: every single wrong symbol and every exchange of two symbols is detected, up to 31 symbols.
"""

import secrets
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_PRIMITIVE = 0b100101  # x⁵ + x² + 1


@dataclass(frozen=True, slots=True)
class SpokenCode:
    """One kind of code."""

    length: int
    """With its check symbol."""
    group: int
    """How many symbols are printed together."""

    def new(self) -> str:
        return self.with_check_symbol([secrets.randbelow(32) for _ in range(self.length - 1)])

    def with_check_symbol(self, values: list[int]) -> str:
        """The code whose symbols have these values (0 to 31), with its check symbol at the end."""
        return "".join(ALPHABET[value] for value in (*values, _times_x(_sum(values))))

    def read(self, text: str) -> str | None:
        """The code that somebody typed or scanned, in its stored spelling; None if a symbol is wrong or missing."""
        try:
            values = [_VALUES[symbol] for symbol in text.upper() if symbol not in "- "]
        except KeyError:
            return None
        if len(values) != self.length or _sum(values):
            return None
        return "".join(ALPHABET[value] for value in values)

    def grouped(self, code: str) -> str:
        """`XXXX-XXXX-XXXX-XXXX`, as printed."""
        return "-".join(code[start : start + self.group] for start in range(0, self.length, self.group))


def _times_x(value: int) -> int:
    value <<= 1
    return value ^ _PRIMITIVE if value & 32 else value


def _sum(values: list[int]) -> int:
    """Horner's scheme at x; zero when the last symbol is the check symbol of those before it."""
    total = 0
    for value in values:
        total = _times_x(total) ^ value
    return total
