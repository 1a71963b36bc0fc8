"""A sheet of contact cards as PDF: A4, ten to a page, with marks to cut along; its typeface is embedded."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import groupby
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from services.residents.contact_cards.layout import (
    HEIGHT_MM,
    WIDTH_MM,
    Box,
    PrintedCard,
    Shape,
    Text,
    shapes_of_code,
    shapes_of_front,
)
from shared.spoken_codes import ALPHABET
from shared.typeface import Typeface, printable, typeface

COLUMNS, ROWS = 2, 5
PER_PAGE = COLUMNS * ROWS
_MARK_MM, _GAP_MM = 4.0, 1.5
_LEFT = (A4[0] - COLUMNS * WIDTH_MM * mm) / 2
_TOP = A4[1] - (A4[1] - ROWS * HEIGHT_MM * mm) / 2


def render_sheet(cards: Sequence[PrintedCard]) -> bytes:
    """All cards in order, filling rows from the upper left. Holds no date and no author: equal cards, equal bytes."""
    kinds = dict.fromkeys((card.kind, card.contact) for card in cards)
    fronts = {(kind, contact): _printable(shapes_of_front(kind, contact)) for kind, contact in kinds}
    texts = [shape.text for front in fronts.values() for shape in front if isinstance(shape, Text)]
    buffer = BytesIO()
    with typeface([*texts, ALPHABET, "-"]) as fonts:
        first: Any = fonts.regular  # its annotation says float
        canvas = Canvas(buffer, pagesize=A4, pageCompression=1, invariant=1, initialFontName=first)
        canvas.setTitle("民情联系卡 Contact cards")
        names = {kind: f"front{number}" for number, kind in enumerate(fronts)}
        for kind, front in fronts.items():
            canvas.beginForm(names[kind], 0, 0, WIDTH_MM * mm, HEIGHT_MM * mm)
            _draw(canvas, fonts, front)
            canvas.endForm()
        for start in range(0, len(cards), PER_PAGE):
            _cut_marks(canvas)
            for place, card in enumerate(cards[start : start + PER_PAGE]):
                row, column = divmod(place, COLUMNS)
                canvas.saveState()
                canvas.translate(_LEFT + column * WIDTH_MM * mm, _TOP - (row + 1) * HEIGHT_MM * mm)
                canvas.doForm(names[card.kind, card.contact])
                _draw(canvas, fonts, shapes_of_code(card))
                canvas.restoreState()
            canvas.showPage()
        canvas.save()
    return buffer.getvalue()


def _printable(shapes: Iterable[Shape]) -> list[Shape]:
    return [replace(shape, text=printable(shape.text)) if isinstance(shape, Text) else shape for shape in shapes]


def _draw(canvas: Canvas, fonts: Typeface, shapes: Iterable[Shape]) -> None:
    """Shapes of one card, whose lower left corner is the origin; neighbours of one colour become one path."""
    for fill, group in groupby(shapes, key=lambda shape: shape.fill):
        canvas.setFillColor(_colour(fill))
        path = canvas.beginPath()
        for shape in group:
            if isinstance(shape, Box):
                bottom = HEIGHT_MM - shape.y - shape.height
                path.rect(shape.x * mm, bottom * mm, shape.width * mm, shape.height * mm)
            else:
                _write(canvas, fonts, shape)
        canvas.drawPath(path, stroke=0, fill=1)


def _write(canvas: Canvas, fonts: Typeface, shape: Text) -> None:
    font, size = fonts.bold if shape.bold else fonts.regular, shape.size * mm
    width = pdfmetrics.stringWidth(shape.text, font, size)
    x = shape.x * mm - {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
    canvas.setFont(font, size)
    canvas.drawString(x, (HEIGHT_MM - shape.y) * mm, shape.text)


@cache
def _colour(name: str) -> Color:
    return HexColor(name)


def _cut_marks(canvas: Canvas) -> None:
    canvas.setStrokeColor(HexColor("#808080"))
    canvas.setLineWidth(0.3)
    right, bottom = _LEFT + COLUMNS * WIDTH_MM * mm, _TOP - ROWS * HEIGHT_MM * mm
    gap, length = _GAP_MM * mm, _MARK_MM * mm
    for column in range(COLUMNS + 1):
        x = _LEFT + column * WIDTH_MM * mm
        canvas.line(x, _TOP + gap, x, _TOP + gap + length)
        canvas.line(x, bottom - gap, x, bottom - gap - length)
    for row in range(ROWS + 1):
        y = _TOP - row * HEIGHT_MM * mm
        canvas.line(_LEFT - gap, y, _LEFT - gap - length, y)
        canvas.line(right + gap, y, right + gap + length, y)
