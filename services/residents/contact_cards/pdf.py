"""A sheet of contact cards as PDF: A4, ten to a page, with marks to cut along.

The typeface is STSong-Light, one of the Chinese fonts that PDF readers bring along (Adobe-GB1), so that no font file
has to be shipped; Latin letters and digits are Helvetica. STSong has no bold: a thin outline stands for it.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import groupby

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from services.residents.contact_cards.layout import HEIGHT_MM, WIDTH_MM, Box, PrintedCard, Text, shapes_of

COLUMNS, ROWS = 2, 5
PER_PAGE = COLUMNS * ROWS
_CHINESE = "STSong-Light"
_MARK_MM, _GAP_MM = 4.0, 1.5
_LEFT = (A4[0] - COLUMNS * WIDTH_MM * mm) / 2
_TOP = A4[1] - (A4[1] - ROWS * HEIGHT_MM * mm) / 2
_FILL, _FILL_AND_OUTLINE = 0, 2

pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))


def render_sheet(cards: Sequence[PrintedCard]) -> bytes:
    """All cards in order, filling rows from the upper left. Holds no date and no author: equal cards, equal bytes."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle("民情联系卡 Contact cards")
    for start in range(0, len(cards), PER_PAGE):
        _cut_marks(canvas)
        for place, card in enumerate(cards[start : start + PER_PAGE]):
            row, column = divmod(place, COLUMNS)
            _draw(canvas, card, _LEFT + column * WIDTH_MM * mm, _TOP - row * HEIGHT_MM * mm)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw(canvas: Canvas, card: PrintedCard, left: float, top: float) -> None:
    for shape in shapes_of(card):
        if isinstance(shape, Box):
            canvas.setFillColor(HexColor(shape.fill))
            bottom = top - (shape.y + shape.height) * mm
            canvas.rect(left + shape.x * mm, bottom, shape.width * mm, shape.height * mm, stroke=0, fill=1)
        else:
            _write(canvas, shape, left + shape.x * mm, top - shape.y * mm)


def _write(canvas: Canvas, shape: Text, x: float, y: float) -> None:
    size = shape.size * mm
    runs = list(_runs(shape))
    width = sum(pdfmetrics.stringWidth(text, font, size) for font, text in runs)
    line = canvas.beginText(x - {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor], y)
    line.setFillColor(HexColor(shape.fill))
    line.setStrokeColor(HexColor(shape.fill))
    canvas.setLineWidth(size / 45)
    for font, text in runs:
        line.setFont(font, size)
        line.setTextRenderMode(_FILL_AND_OUTLINE if shape.bold and font == _CHINESE else _FILL)
        line.textOut(text)
    canvas.drawText(line)


def _runs(shape: Text) -> Iterator[tuple[str, str]]:
    """(font, text) of each stretch that one font can draw; 〓 stands for what is beyond U+FFFF."""
    latin = "Helvetica-Bold" if shape.bold else "Helvetica"
    for is_latin, characters in groupby(shape.text, key=lambda character: ord(character) < 0x100):
        text = "".join(character if ord(character) < 0x10000 else "〓" for character in characters)
        yield (latin if is_latin else _CHINESE), text


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
