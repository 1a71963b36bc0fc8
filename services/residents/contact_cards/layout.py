"""What a printed contact card looks like, once, in millimetres from its upper left corner; renderers draw it.

The size is ID-1 of ISO/IEC 7810, that of a bank card, so that it goes into every wallet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import segno
from phonenumbers import PhoneNumberFormat, format_number, parse

from services.residents.contact_cards.codes import grouped
from services.residents.contact_cards.models import CardKind
from services.residents.contact_cards.schemas import GridContact

WIDTH_MM, HEIGHT_MM = 85.6, 54.0
CORNER_MM = 3.18
"""ISO/IEC 7810, the corner's radius."""

INK, MUTED, ACCENT, PAPER = "#1a1a1a", "#5b5b5b", "#a4161a", "#ffffff"
_LEFT, _RIGHT = 4.0, 52.5
_PHONE = 27.0
_ROLES = {
    "police": "社区民警  Police officer",
    "lawyer": "律师  Lawyer",
    "mediator": "调解员  Mediator",
    "judicial_officer": "司法所  Judicial officer",
    "grid_worker": "网格员  Grid worker",
}
_LEGENDS = {
    CardKind.WORKER: (
        "持卡人如走失或需要帮助, 请扫码或拨打以上电话; 紧急情况请拨 110。",
        "If the bearer is lost or needs help, scan or call. Emergency: 110.",
    ),
    CardKind.TEAM: (
        "有事找网格: 请直接拨打以上电话或扫码; 紧急情况请拨 110。",
        "Whatever it is, call one of us, or scan. Emergency: 110.",
    ),
}
_QR_X, _QR_Y, _QR_MM = 55.6, 13.0, 26.0
_QR_MIDDLE = _QR_X + _QR_MM / 2
_QUIET_MODULES = 4  # ISO/IEC 18004
_NARROW = 0.56
"""Advance of a Latin letter or digit relative to its size; a Chinese character is as wide as it is high."""


class PrintedCard(NamedTuple):
    code: str
    url: str
    """What its QR code says."""
    kind: CardKind
    contact: GridContact


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float
    """The baseline."""
    size: float
    text: str
    fill: str = INK
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"


Shape = Box | Text


def shapes_of(card: PrintedCard) -> Iterator[Shape]:
    """Everything on the card: whom to call, and nothing about whoever carries it."""
    yield from shapes_of_front(card.kind, card.contact)
    yield from shapes_of_code(card)


def shapes_of_front(kind: CardKind, contact: GridContact) -> Iterator[Shape]:
    """What all cards of one kind and grid have in common."""
    is_team = kind is CardKind.TEAM
    yield Box(0, 0, WIDTH_MM, 10.5, ACCENT)
    yield Text(_LEFT, 7, 5, "民情联系卡", PAPER, bold=True)
    yield Text(31, 7, 2.5, "Your grid team" if is_team else "Contact card", PAPER)
    yield _fitted(WIDTH_MM - _LEFT, 7, 3.2, contact.community_name, 32, fill=PAPER, anchor="end")
    yield from _team(contact) if is_team else _worker(contact)
    yield Text(_QR_MIDDLE, 41.6, 2.1, "扫码求助  Scan for help", MUTED, anchor="middle")
    yield Box(0, 47.3, WIDTH_MM, 0.25, ACCENT)
    for y, size, text in zip((50, 52.6), (2.05, 1.9), _LEGENDS[kind], strict=True):
        yield Text(_LEFT, y, size, text, INK)


def _worker(contact: GridContact) -> Iterator[Shape]:
    fields = (
        ("网格  Grid", contact.grid_name, 3.6),
        ("网格员  Grid worker", contact.worker_name, 4.2),
        ("电话  Phone", readable_phone(contact.worker_phone), 4.6),
        ("社区热线  Hotline", readable_phone(contact.hotline), 4.2),
    )
    for row, (label, value, size) in enumerate(fields):
        top = 14.6 + 8.2 * row
        yield Text(_LEFT, top, 2.2, label, MUTED)
        yield _fitted(_LEFT, top + 4.6, size, value or "—", _RIGHT - _LEFT, bold=True)


def _team(contact: GridContact) -> Iterator[Shape]:
    """A line for each: what they are, who they are, and their phone."""
    lines: list[tuple[str, str | None, str | None]] = [
        *((_ROLES[member.role], member.name, member.phone) for member in contact.team),
        (_ROLES["grid_worker"], contact.worker_name, contact.worker_phone),
        ("社区热线  Hotline", contact.community_name, contact.hotline),
    ]
    yield _fitted(_QR_MIDDLE, 13.4, 2.6, contact.grid_name, _QR_MM, anchor="middle", bold=True)
    for row, (label, name, phone) in enumerate(lines):
        top = 13.6 + min(7.4, 33 / len(lines)) * row
        yield Text(_LEFT, top, 1.8, label, MUTED)
        yield _fitted(_LEFT, top + 3, 3, name or "—", _PHONE - _LEFT - 2, bold=True)
        yield _fitted(_PHONE, top + 3, 3, readable_phone(phone) or "—", _RIGHT - _PHONE, bold=True)


def shapes_of_code(card: PrintedCard) -> Iterator[Shape]:
    """What is this card's alone."""
    yield from _qr_code(card.url)
    yield Text(_QR_MIDDLE, 45, 2.35, grouped(card.code), INK, anchor="middle")


def readable_phone(phone: str | None) -> str | None:
    """`+8613800138000` → `138 0013 8000`; other Chinese numbers lose their country code, foreign ones stay."""
    if phone is None or not phone.startswith("+86"):
        return phone
    national = phone.removeprefix("+86")
    if len(national) == 11 and national.startswith("1"):
        return f"{national[:3]} {national[3:7]} {national[7:]}"
    return format_number(parse(phone), PhoneNumberFormat.NATIONAL)


def _fitted(
    x: float,
    y: float,
    size: float,
    text: str,
    width: float,
    *,
    fill: str = INK,
    bold: bool = False,
    anchor: Literal["start", "middle", "end"] = "start",
) -> Text:
    """The text, smaller if it would not fit into `width`."""
    return Text(x, y, min(size, width / max(advance(text), 1)), text, fill, bold, anchor)


def advance(text: str) -> float:
    """Width of a text in units of its size."""
    return sum(1.0 if ord(character) >= 0x2E80 else _NARROW for character in text)


def _qr_code(url: str) -> Iterator[Box]:
    matrix = segno.make(url, error="m", micro=False).matrix
    module = _QR_MM / (len(matrix) + 2 * _QUIET_MODULES)
    for row, cells in enumerate(matrix):
        for start, length in _runs(cells):
            x, y = _QR_X + (start + _QUIET_MODULES) * module, _QR_Y + (row + _QUIET_MODULES) * module
            yield Box(x, y, length * module, module, INK)


def _runs(cells: bytearray) -> Iterator[tuple[int, int]]:
    """(start, length) of each run of dark modules."""
    start = None
    for position, dark in enumerate([*cells, 0]):
        if dark and start is None:
            start = position
        elif not dark and start is not None:
            yield start, position - start
            start = None
