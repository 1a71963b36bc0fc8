"""Writing workbooks and text tables that no spreadsheet program takes for more than text. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"

_FONT = {"font_name": "Microsoft YaHei", "font_size": 10}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheet programs may execute at the beginning of a cell of a text table."""


def new_workbook(buffer: io.BytesIO) -> Workbook:
    """Row by row, so that memory stays flat; text stays text whatever it begins with."""
    options = {
        "in_memory": True,
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    return Workbook(buffer, options)


def text_format(workbook: Workbook, **more: Any) -> Format:
    return workbook.add_format({**_FONT, "num_format": "@", "valign": "top", **more})


def write_texts(sheet: Worksheet, row: int, texts: Sequence[str], style: Format, first_column: int = 0) -> None:
    """A row of text cells; empty ones stay empty."""
    for column, text in enumerate(texts, start=first_column):
        if text:
            sheet.write_string(row, column, text, style)


def text_table(rows: Iterable[Sequence[str]]) -> bytes:
    """CSV (RFC 4180) in UTF-8 with a mark, without which Excel reads Chinese as GBK. Formulas are defused by `'`."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in row])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()
