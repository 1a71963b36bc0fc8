"""Type that is embedded: every character a document shows, and no font that its reader would have to own."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from shared.typeface import REPLACEMENT, printable, typeface

RARE = "𬭚"
"""U+2CB5A: beyond the 65,536 that old software stops at, and found in names."""
BEYOND = "𠮷"
"""U+20BB7, which the typeface lacks."""


def drawn(text: str) -> bytes:
    """A page that shows the text in both weights."""
    buffer = BytesIO()
    text = printable(text)
    with typeface([text]) as fonts:
        canvas = Canvas(buffer, invariant=1)
        for place, font in enumerate(fonts):
            canvas.setFont(font, 12)
            canvas.drawString(72, 700 - 50 * place, text)
        canvas.save()
    return buffer.getvalue()


def words(document: bytes) -> list[str]:
    return PdfReader(BytesIO(document)).pages[0].extract_text().strip().split("\n")


@pytest.mark.parametrize("text", ["民情联系卡", "Grid worker 网格员", f"李{RARE}燕", "阿卜杜热合曼·买买提", "①②½é"])
def test_what_is_written_can_be_read_back(text: str) -> None:
    assert words(drawn(text)) == [text, text]


def test_what_the_typeface_lacks_is_marked() -> None:
    assert printable(f"李{BEYOND}燕\n\x00") == f"李{REPLACEMENT}燕{REPLACEMENT * 2}"
    assert words(drawn(f"李{BEYOND}")) == [f"李{REPLACEMENT}"] * 2


def test_both_weights_are_embedded_and_differ() -> None:
    fonts = PdfReader(BytesIO(drawn("网格员"))).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    described = {
        each["/BaseFont"]: each["/FontDescriptor"]
        for each in (font.get_object() for font in fonts.values())
        if "NotoSans" in each["/BaseFont"]
    }
    assert {name.partition("+")[2] for name in described} == {"NotoSansSC-Regular", "NotoSansSC-Bold"}
    regular, bold = (each["/FontFile2"].get_data() for each in described.values())
    assert regular != bold


@settings(max_examples=40)
@given(st.text(st.characters(codec="utf-16"), max_size=30))
def test_any_text_can_be_drawn_and_equal_texts_are_equal_bytes(text: str) -> None:
    assert drawn(text) == drawn(text)


def test_documents_drawn_at_once_do_not_share_fonts() -> None:
    texts = ["网格员李春燕", "社区热线", "民情联系卡", "姓名与电话"]
    with ThreadPoolExecutor(4) as threads:
        assert [words(each) for each in threads.map(drawn, texts)] == [[text, text] for text in texts]


def test_nothing_stays_registered() -> None:
    drawn("网格")
    assert not [name for name in pdfmetrics.getRegisteredFontNames() if "Noto" in name]
