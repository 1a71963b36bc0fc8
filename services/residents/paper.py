"""Documents on paper: titled tables on A4 pages that are numbered, in type that is embedded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from shared.typeface import Typeface, printable, typeface

PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}}}}
}
"""How an endpoint that answers with a document describes it."""

MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * MARGIN - 12  # reportlab's frames keep six points on either side
_NAMES = 0.3
"""Share of the page for the first column of a table without a header."""
_INK, _MUTED, _RULE, _SHADE = (HexColor(colour) for colour in ("#1a1a1a", "#5b5b5b", "#c9c9c9", "#f1efec"))
_PAGE = "第 {page} 页, 共 {pages} 页  Page {page} of {pages}"
_SIZE, _LEADING, _PADDING = 8.5, 1.4, 4.0
_WIDEST = 24
"""Characters beyond which a column gets no more room."""


@dataclass(frozen=True)
class Table:
    title: str
    header: Sequence[str]
    """Empty: the first column names what the second holds."""
    rows: Sequence[Sequence[str]]
    empty: str = ""
    """Stands where there are no rows."""


def print_document(title: str, notes: Sequence[str], tables: Sequence[Table]) -> bytes:
    """The tables one after the other, below the title and its notes. Equal contents, equal bytes."""
    texts = [title, *notes, _PAGE, "0123456789"]
    texts += [text for table in tables for text in (table.title, table.empty, *table.header)]
    texts += [cell for table in tables for row in table.rows for cell in row]
    buffer = BytesIO()
    with typeface(printable(line) for text in texts for line in text.split("\n")) as fonts:
        template = SimpleDocTemplate(
            buffer,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN,
            bottomMargin=MARGIN,
            title=title,
            invariant=1,
            initialFontName=fonts.regular,
        )
        template.build(_story(fonts, title, notes, tables), canvasmaker=partial(_NumberedCanvas, fonts.regular))
    return buffer.getvalue()


def _story(fonts: Typeface, title: str, notes: Sequence[str], tables: Sequence[Table]) -> list[Flowable]:
    heading = _style(fonts.bold, 16, spaceAfter=2 * mm)
    subheading = _style(fonts.bold, 11, spaceBefore=5 * mm, spaceAfter=1.5 * mm, keepWithNext=1)
    note = _style(fonts.regular, _SIZE, textColor=_MUTED)
    story = [_paragraph(title, heading), *(_paragraph(text, note) for text in notes), Spacer(0, 2 * mm)]
    for table in tables:
        if table.title:
            story.append(_paragraph(table.title, subheading))
        story.append(_grid(fonts, table) if table.rows else _paragraph(table.empty, note))
    return story


def _grid(fonts: Typeface, table: Table) -> Grid:
    widths = _widths(table)
    plain, bold = _style(fonts.regular, _SIZE), _style(fonts.bold, _SIZE)
    rows = [_line(row, widths, plain) for row in table.rows]
    if table.header:
        rows.insert(0, _line(table.header, widths, bold))
    style = TableStyle(
        [
            ("FONT", (0, 0), (-1, -1), fonts.regular, _SIZE, _SIZE * _LEADING),
            ("TEXTCOLOR", (0, 0), (-1, -1), _INK),
            ("GRID", (0, 0), (-1, -1), 0.4, _RULE),
            ("BACKGROUND", (0, 0), (-1, 0) if table.header else (0, -1), _SHADE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
            ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    if table.header:
        style.add("FONT", (0, 0), (-1, 0), fonts.bold, _SIZE, _SIZE * _LEADING)
    return Grid(rows, colWidths=widths, style=style, repeatRows=1 if table.header else 0, splitInRow=1)


def _line(cells: Sequence[str], widths: Sequence[float], style: ParagraphStyle) -> list[str | Paragraph]:
    """What fits on one line stays text, which is ten times faster than a paragraph."""
    return [
        printable(cell)
        if "\n" not in cell and _advance(cell) * _SIZE <= width - 2 * _PADDING
        else _paragraph(cell, style)
        for cell, width in zip(cells, widths, strict=True)
    ]


def _widths(table: Table) -> list[float]:
    """Each column as wide as its longest cell asks, within reason."""
    if not table.header:
        return [_WIDTH * _NAMES, _WIDTH * (1 - _NAMES)]
    lines = (table.header, *table.rows)
    wanted = [min(max(_advance(cell) for cell in column), _WIDEST) + 2 for column in zip(*lines, strict=True)]
    return [_WIDTH * each / sum(wanted) for each in wanted]


def _advance(text: str) -> float:
    return sum(1.0 if ord(character) >= 0x2E80 else 0.56 for character in text)


def _style(font: str, size: float, **more: Any) -> ParagraphStyle:
    given: dict[str, Any] = {"fontSize": size, "leading": size * _LEADING, "wordWrap": "CJK", "textColor": _INK} | more
    return ParagraphStyle(font, fontName=font, **given)


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph("<br/>".join(escape(printable(line)) for line in text.split("\n")), style)


class _NumberedCanvas(Canvas):
    """Says on every page how many there are, which is known only at the end."""

    def __init__(self, font: str, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._font = font
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:
        self._pages.append(dict(self.__dict__))
        self._startPage()  # pyright: ignore[reportAttributeAccessIssue] - the way that reportlab's manual shows

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(self._font, 8)
            self.setFillColor(_MUTED)
            self.drawCentredString(A4[0] / 2, MARGIN / 2, _PAGE.format(page=number, pages=len(self._pages)))
            super().showPage()
        super().save()
