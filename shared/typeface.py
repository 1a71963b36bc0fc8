"""Chinese type that travels inside a PDF: exactly the characters it shows, in two weights, embedded.

A reader need not have any font, and what is printed looks the same everywhere. The typeface is Noto Sans SC (SIL Open
Font License 1.1), one variable font of 17 MB: opened once per process (0.2 s, 55 MB), and only the glyphs of a
document are ever drawn at a weight (0.4 ms each).
"""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.filterPen import DecomposingFilterPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as OpenFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REPLACEMENT = "〓"
"""Stands for what the typeface cannot draw (U+3013, the mark that Chinese and Japanese printers use for it)."""

_FILE = "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
_WEIGHTS = {"NotoSansSC-Regular": 400, "NotoSansSC-Bold": 700}
_UNITS_PER_EM = 1000
_NOTDEF = ".notdef"
_lock = threading.Lock()


class Typeface(NamedTuple):
    """Names to give to reportlab as font names."""

    regular: str
    bold: str


@contextmanager
def typeface(texts: Iterable[str]) -> Iterator[Typeface]:
    """The typeface for one document that shows these texts; draw and save it within.

    Equal texts, equal bytes. One document at a time: reportlab knows fonts by name for the whole process, and drawing
    holds the interpreter anyway. Give it `printable` texts; what else is asked for shows as an empty box.
    """
    characters = set().union(*texts)
    with _lock:
        fonts = [_EmbeddedFont(name, _subset(name, weight, characters)) for name, weight in _WEIGHTS.items()]
        try:
            for font in fonts:
                pdfmetrics.registerFont(font)
            yield Typeface(*_WEIGHTS)
        finally:
            for font in fonts:
                font.unregister()


def printable(text: str) -> str:
    """The text with a visible mark for every character that the typeface lacks."""
    known = _open()[1]
    return "".join(character if ord(character) in known else REPLACEMENT for character in text)


class _EmbeddedFont(TTFont):
    """Keeps the text of rare characters extractable: reportlab writes them as one unit, PDF wants UTF-16 (9.10.3)."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(name, BytesIO(data), asciiReadable=False, shapable=False)

    def addObjects(self, doc: Any) -> None:
        super().addObjects(doc)
        for name, stream in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:"):
                stream.content = re.sub(r"<([0-9A-F]{5,6})>", _as_utf16, stream.content)


def _as_utf16(code: re.Match[str]) -> str:
    return f"<{chr(int(code[1], 16)).encode('utf-16-be').hex().upper()}>"


@cache
def _open() -> tuple[OpenFont, dict[int, str]]:
    """The whole font, and the glyph of each code point."""
    font = OpenFont(BytesIO((files("justmytype_intl_cjk") / _FILE).read_bytes()), lazy=True)
    return font, font.getBestCmap() or {}


def _subset(name: str, weight: int, characters: Iterable[str]) -> bytes:
    """A font file of these characters at one weight."""
    source, glyph_of = _open()
    drawn = source.getGlyphSet(location={"wght": weight})
    code_points = {ord(character): glyph_of[ord(character)] for character in characters if ord(character) in glyph_of}
    order = [_NOTDEF, *sorted(set(code_points.values()) - {_NOTDEF})]
    outlines = {}
    for glyph in order:
        pen = TTGlyphPen(None)
        drawn[glyph].draw(DecomposingFilterPen(pen, drawn))
        outlines[glyph] = pen.glyph()
    font = FontBuilder(_UNITS_PER_EM, isTTF=True)
    font.setupGlyphOrder(order)
    font.setupCharacterMap(code_points)
    font.setupGlyf(outlines)
    bearings = font.font["glyf"]
    font.setupHorizontalMetrics(
        {glyph: (round(drawn[glyph].width), getattr(bearings[glyph], "xMin", 0)) for glyph in order}
    )
    font.setupHorizontalHeader(ascent=source["hhea"].ascent, descent=source["hhea"].descent)
    font.setupOS2(usWeightClass=weight)
    font.setupPost(keepGlyphNames=False)
    font.setupNameTable({"familyName": "Noto Sans SC", "styleName": name.partition("-")[2], "psName": name})
    font.updateHead(created=0, modified=0)
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()
