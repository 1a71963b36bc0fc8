"""How large a sheet may be, and why one is refused as a whole."""

from enum import StrEnum

MAX_ROWS = 200_000
"""Rows of one sheet, headings and titles included: two thousand households fit a hundred times."""
MAX_COLUMNS = 100
CELL_LIMIT = 4000
"""Characters of one cell; longer text is cut there and then too long for every field."""


class Refusal(StrEnum):
    """Why nothing of an upload is kept."""

    EMPTY = "empty"
    WRONG_TYPE = "wrong_type"
    OLD_EXCEL = "old_excel"
    LOCKED = "locked"
    DAMAGED = "damaged"
    SWELLS = "swells"
    TOO_LONG = "too_long"
    TOO_WIDE = "too_wide"
    NO_HEADINGS = "no_headings"
    NO_ROWS = "no_rows"


class Unreadable(Exception):
    """An upload that is refused as a whole. Crosses processes, hence one plain argument."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal
