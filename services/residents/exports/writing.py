"""The file of an export, marked so that a page of it, or a row, tells whose it is. Pure; runs in the other process."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from services.residents.exports.models import ExportFormat
from shared.spreadsheets import new_workbook, text_format, text_table, write_texts


@dataclass(frozen=True, slots=True)
class Mark:
    """Who took the list out, when, why, under which number."""

    export_id: str
    account: str
    at: str
    purpose: str

    @property
    def line(self) -> str:
        return (
            f"内部资料, 仅限“{self.purpose}”使用, 严禁外传 | 导出人 {self.account} | {self.at} | 编号 {self.export_id}"
        )

    @property
    def short(self) -> str:
        """Beside every row."""
        return f"{self.account} {self.at} {self.export_id[-12:]}"


def write_file(kind: ExportFormat, mark: Mark, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    return (_as_workbook if kind is ExportFormat.XLSX else _as_text)(mark, headings, rows)


def _as_text(mark: Mark, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    return text_table([[mark.line], [*headings, "水印"], *([*row, mark.short] for row in rows)])


def _as_workbook(mark: Mark, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.BytesIO()
    with new_workbook(buffer) as workbook:
        workbook.set_properties({"title": "居民名单", "comments": mark.line})
        bold, plain = text_format(workbook, bold=True, bg_color="#DDEBF7"), text_format(workbook)
        faint = text_format(workbook, font_color="#A6A6A6", italic=True)
        sheet = workbook.add_worksheet("名单")
        sheet.set_landscape()
        sheet.repeat_rows(0, 1)
        # `&` begins a code in headers; a purpose or an account has none, but a header with one would lose text.
        printed = mark.line.replace("&", "&&")[:250]
        sheet.set_header(f"&C&9{printed}")
        sheet.set_footer(f"&L&9{printed[:200]}&R&9&P / &N")
        sheet.freeze_panes(2, 0)
        sheet.set_column(0, len(headings) - 1, 18)
        sheet.set_column(len(headings), len(headings), 48)
        sheet.write_string(0, 0, mark.line, text_format(workbook, bold=True, font_color="#C00000"))
        write_texts(sheet, 1, [*headings, "水印"], bold)
        for line, row in enumerate(rows, start=2):
            write_texts(sheet, line, row, plain)
            sheet.write_string(line, len(headings), mark.short, faint)
    return buffer.getvalue()
