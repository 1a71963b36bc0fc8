"""From an uploaded file to rows of cells: workbooks and text tables alike. Pure.

Cells keep whether they were text or numbers, because a spreadsheet that took an identity number for a number has lost
its last digits.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineSheet

from services.residents.imports.bounds import CELL_LIMIT, MAX_COLUMNS, MAX_ROWS, Refusal, Unreadable
from services.residents.imports.headings import find_headings
from services.residents.imports.xlsx import Marks, open_workbook

Cell = str | int | float | dict[str, Any]
"""Text, a number, `{"on": "2024-01-03"}`, or `{"merged": cell}` where a merged cell covers this place."""

_LOOKED_AT = 40
"""Rows among which the first ten that are not empty lie, of sheets that anybody made."""
_MERGED_LIMIT = 1_000_000
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")
"""The container of .xls files and of encrypted workbooks."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty; `number` as the spreadsheet shows it, from 1."""

    number: int
    cells: list[Cell]
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first sheet with headings that we know."""

    kind: str
    """`xlsx` or `csv`"""
    encoding: str | None
    heading_row: int
    headings: list[str]
    rows: list[Row]


def read_sheet(data: bytes) -> Sheet:
    """The rows of an upload, recognised by its content. Unreadable if it holds none that can be imported."""
    if not data.strip(b"\0\t\r\n "):
        raise Unreadable(Refusal.EMPTY)
    if data.startswith(_OLD_EXCEL):
        raise Unreadable(Refusal.OLD_EXCEL)
    if data.startswith(b"PK"):
        for sheet, marks in open_workbook(data):
            rows = _worksheet_rows(sheet, marks)
            if (found := _below_headings(rows, "xlsx", None)) is not None:
                return found
        raise Unreadable(Refusal.NO_HEADINGS)
    text, encoding = _decode(data)
    found = _below_headings(_text_rows(text), "csv", encoding)
    if found is None:
        raise Unreadable(Refusal.NO_HEADINGS)
    return found


def _below_headings(rows: list[Row], kind: str, encoding: str | None) -> Sheet | None:
    position = find_headings([row.cells for row in rows[:_LOOKED_AT]])
    if position is None:
        return None
    if position + 1 == len(rows):
        raise Unreadable(Refusal.NO_ROWS)
    found = rows[position]
    headings = ["" if isinstance(cell, dict) else str(cell).strip() for cell in found.cells]
    return Sheet(kind, encoding, found.number, headings, rows[position + 1 :])


# Workbooks


def _worksheet_rows(sheet: CalamineSheet, marks: Marks) -> list[Row]:
    if sheet.start is None or sheet.height == 0:
        return []
    if sheet.height > MAX_ROWS or sheet.width + sheet.start[1] > MAX_COLUMNS:
        raise Unreadable(Refusal.TOO_LONG if sheet.height > MAX_ROWS else Refusal.TOO_WIDE)
    top, left = sheet.start
    cells = [[*("",) * left, *map(_cell, values)] for values in sheet.iter_rows()]
    for (row, column), error in marks.errors.items():
        if 0 <= row - top < len(cells) and column < len(cells[row - top]):
            cells[row - top][column] = error
    _fill_merged(cells, sheet, top)
    numbered = enumerate(cells, start=top)
    return [Row(number + 1, row, number in marks.hidden) for number, row in numbered if _is_filled(row)]


def _cell(value: Any) -> Cell:
    match value:
        case str():
            return value[:CELL_LIMIT]
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return int(value) if abs(value) < 1e15 and value == int(value) else value
        case datetime() | date():
            return {"on": value.isoformat()[:10]}
        case time() | timedelta():
            return str(value)
    return ""


def _fill_merged(cells: list[list[Cell]], sheet: CalamineSheet, top: int) -> None:
    """Let the rows below a merged cell know what it says: a household's door is often written once."""
    filled = 0
    for (first, column), (last, _) in sheet.merged_cell_ranges or ():
        rows = cells[max(first - top, 0) : max(last + 1 - top, 0)]
        filled += len(rows)
        if filled > _MERGED_LIMIT:
            raise Unreadable(Refusal.DAMAGED)
        if len(rows) > 1 and column < len(rows[0]):
            said = rows[0][column]
            for row in rows[1:]:
                row[column] = {"merged": said}


def _is_filled(row: Sequence[Cell]) -> bool:
    """A row is empty when it says nothing but what a merged cell says of its neighbours too."""
    return any(not isinstance(cell, str) or cell.strip() for cell in row if not _is_merged(cell))


def _is_merged(cell: Cell) -> bool:
    return isinstance(cell, dict) and "merged" in cell


# Text tables


def _decode(data: bytes) -> tuple[str, str]:
    """UTF-8 with or without a mark, UTF-16 with one, else GB 18030 (which includes GBK and GB 2312)."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ("utf-16",)
    elif b"\0" in data:
        raise Unreadable(Refusal.WRONG_TYPE)
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        try:
            return data.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise Unreadable(Refusal.WRONG_TYPE)


def _text_rows(text: str) -> list[Row]:
    start = text[:10_000]
    delimiter = max(",\t;", key=start.count)
    rows: list[Row] = []
    try:
        for number, values in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            if number > MAX_ROWS:
                raise Unreadable(Refusal.TOO_LONG)
            if len(values) > MAX_COLUMNS:
                raise Unreadable(Refusal.TOO_WIDE)
            if _is_filled(values):
                rows.append(Row(number, [value[:CELL_LIMIT] for value in values]))
    except csv.Error as error:
        raise Unreadable(Refusal.DAMAGED) from error
    return rows


def in_parts(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """The rows in parts of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
