"""The sheet as it came, with what is wrong written beside each row and marked in it. Pure."""

import io
from collections import defaultdict
from collections.abc import Iterable, Sequence

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.residents.imports.problems import ProblemCode, Severity
from services.residents.imports.reading import Cell, Row
from services.residents.imports.store import unpack_rows
from shared.spreadsheets import new_workbook, text_format, write_texts

_COLOURS = {Severity.ERROR: "#F8CBAD", Severity.WARNING: "#FFE699"}
_TITLES = {"zh": ("行号", "问题"), "en": ("Row", "Problems")}

Found = tuple[int, int | None, ProblemCode, int | None]
"""Row, column, what is wrong, the other row that it is wrong with."""


def marked_sheet(headings: Sequence[str], packed: Sequence[bytes], found: Iterable[Found], language: str) -> bytes:
    """A workbook of all rows: their numbers in the sheet, what is wrong, then the cells."""
    by_row: dict[int, list[Found]] = defaultdict(list)
    for each in found:
        by_row[each[0]].append(each)
    buffer = io.BytesIO()
    with new_workbook(buffer) as workbook:
        plain, bold = text_format(workbook), text_format(workbook, bold=True, bg_color="#DDEBF7")
        marks = {severity: text_format(workbook, bg_color=colour) for severity, colour in _COLOURS.items()}
        sheet = workbook.add_worksheet()
        sheet.freeze_panes(1, 2)
        sheet.set_column(1, 1, 48)
        sheet.set_column(2, len(headings) + 1, 16)
        write_texts(sheet, 0, [*_TITLES[language], *headings], bold)
        rows = (row for part in packed for row in unpack_rows(part))
        for line, row in enumerate(rows, start=1):
            _write_row(sheet, line, row, by_row.get(row.number, []), headings, language, plain, marks)
    return buffer.getvalue()


def _write_row(
    sheet: Worksheet,
    line: int,
    row: Row,
    found: Sequence[Found],
    headings: Sequence[str],
    language: str,
    plain: Format,
    marks: dict[Severity, Format],
) -> None:
    sheet.write_number(line, 0, row.number, plain)
    if found:
        worst = min((code.severity for _, _, code, _ in found), key=list(Severity).index)
        sheet.write_string(line, 1, "\n".join(_sentence(each, headings, language) for each in found), marks[worst])
    marked = {column: code.severity for _, column, code, _ in found if column is not None}
    for position in range(max(len(row.cells), *(column + 1 for column in marked), 0)):
        text = _text(row.cells[position]) if position < len(row.cells) else ""
        style = marks[marked[position]] if position in marked else plain
        if text or position in marked:
            sheet.write_string(line, position + 2, text, style)


def _sentence(found: Found, headings: Sequence[str], language: str) -> str:
    _, column, code, other = found
    heading = headings[column] if column is not None and column < len(headings) else ""
    row = "" if other is None else {"zh": f" (第 {other} 行)", "en": f" (row {other})"}[language]
    return f"{heading}: {getattr(code.message, language)}{row}" if heading else getattr(code.message, language) + row


def _text(cell: Cell) -> str:
    if isinstance(cell, dict):
        return cell["on"] if "on" in cell else _text(cell["merged"])
    return str(cell)
