"""Workbooks (OOXML), read within bounds. Pure, and made for files that somebody may have built to do harm.

calamine reads values fast, but tells neither error values nor hidden rows, and allocates what a file claims to be. So
every part is unpacked here first, counted, and handed to it repacked.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from services.residents.imports.bounds import MAX_COLUMNS, MAX_ROWS, Refusal, Unreadable

UNPACKED_LIMIT = 256 * 1024 * 1024
"""Bytes of all parts together: 200,000 rows of 30 columns fit; what swells beyond it is no register of residents."""
_CHUNK = 1024 * 1024
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PARTS = ("[Content_Types].xml", "_rels/", "xl/_rels/", "xl/workbook.xml", "xl/worksheets/", "xl/sharedStrings.xml")
_STYLES = "xl/styles.xml"

_ERROR = re.compile(
    rb'<c (?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>'
    rb"(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>([^<]{1,40})</v>"
)
_HIDDEN = re.compile(rb'<row (?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="([0-9]{1,7})"')
_FAR = re.compile(rb'r="([A-Z]{2,3})([0-9]{1,7})"[^>]*[^/>]>|r="([A-Z])([0-9]{6,7})"[^>]*[^/>]>')
"""Cells with a value that lie far to the right or far below."""


@dataclass(frozen=True)
class Marks:
    """What calamine does not tell of a worksheet; rows and columns from 0."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    """Where a formula failed, and with which error (`#N/A`)."""
    hidden: frozenset[int] = frozenset()


def open_workbook(data: bytes) -> Iterator[tuple[CalamineSheet, Marks]]:
    """The worksheets in order, visible or not. Unreadable for what is no workbook, is locked or swells."""
    parts = _unpack(data)
    paths = _sheet_paths(parts)
    try:
        workbook = CalamineWorkbook.from_object(io.BytesIO(_repack(parts)))
        for position, about in enumerate(workbook.sheets_metadata):
            if about.typ is SheetTypeEnum.WorkSheet:
                xml = parts.get(paths[position], b"") if position < len(paths) else b""
                _check_size(xml)
                yield workbook.get_sheet_by_index(position), _marks(xml)
    except CalamineError as error:
        raise Unreadable(Refusal.DAMAGED) from error


def _unpack(data: bytes) -> dict[str, bytes]:
    """The parts that matter, by name. What a part says of its size is not believed."""
    parts: dict[str, bytes] = {}
    left = UNPACKED_LIMIT
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.filename.startswith(_PARTS) or entry.filename == _STYLES:
                    if entry.flag_bits & 1:
                        raise Unreadable(Refusal.LOCKED)
                    parts[entry.filename] = part = _inflate(archive, entry, left)
                    left -= len(part)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise Unreadable(Refusal.DAMAGED) from error
    if "xl/workbook.xml" not in parts:
        raise Unreadable(Refusal.WRONG_TYPE)
    return parts


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    pieces, size = [], 0
    with archive.open(entry) as stream:
        while piece := stream.read(_CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise Unreadable(Refusal.SWELLS)
    return b"".join(pieces)


def _repack(parts: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def _sheet_paths(parts: dict[str, bytes]) -> list[str]:
    """The part of each sheet, in the order of the workbook."""
    try:
        relations = ElementTree.fromstring(parts.get("xl/_rels/workbook.xml.rels", b"<none/>"))  # noqa: S314 - expat bounds entities
        targets = {each.get("Id"): each.get("Target", "") for each in relations}
        book = ElementTree.fromstring(parts["xl/workbook.xml"])  # noqa: S314
    except ElementTree.ParseError as error:
        raise Unreadable(Refusal.DAMAGED) from error
    sheets = [targets.get(each.get(_RELATION), "") for each in book.iter(f"{_MAIN}sheet")]
    return [posixpath.normpath(posixpath.join("xl", target)).lstrip("/") for target in sheets]


def _check_size(xml: bytes) -> None:
    """calamine allocates the whole rectangle: one cell far away would cost gigabytes."""
    for match in _FAR.finditer(xml):
        if int(match[2] or match[4]) > MAX_ROWS:
            raise Unreadable(Refusal.TOO_LONG)
        if position_of(match[1] or match[3]) >= MAX_COLUMNS:
            raise Unreadable(Refusal.TOO_WIDE)


def _marks(xml: bytes) -> Marks:
    errors = {}
    if b't="e"' in xml:
        errors = {(int(row) - 1, position_of(column)): text.decode() for column, row, text in _ERROR.findall(xml)}
    hidden = frozenset(int(row) - 1 for row in _HIDDEN.findall(xml)) if b"hidden=" in xml else frozenset[int]()
    return Marks(errors, hidden)


def position_of(column: bytes) -> int:
    position = 0
    for character in column:
        position = position * 26 + character - ord("A") + 1
    return position - 1
