"""What is done with sheets in the other process (`workers.py`): pure functions of what is sent there."""

from dataclasses import dataclass
from functools import lru_cache

from services.residents.households.schemas import HouseholdImport
from services.residents.importing import SealedRegistry, seal_registry
from services.residents.imports.headings import Column
from services.residents.imports.problems import RowProblem
from services.residents.imports.reading import in_parts, read_sheet
from services.residents.imports.rows import Record, read_rows
from services.residents.imports.store import PART_ROWS, pack_rows, unpack_rows
from services.residents.imports.workers import keyring
from services.residents.people.schemas import PersonImport
from services.residents.people.tokens import Tokens


@dataclass(frozen=True, slots=True, repr=False)
class PackedSheet:
    """An upload that was read: its headings, and its rows in packed parts."""

    kind: str
    encoding: str | None
    heading_row: int
    headings: list[str]
    rows: int
    parts: list[bytes]


def pack_sheet(data: bytes) -> PackedSheet:
    """Unreadable if the upload holds nothing that can be imported."""
    sheet = read_sheet(data)
    parts = [pack_rows(rows) for rows in in_parts(sheet.rows, PART_ROWS)]
    return PackedSheet(sheet.kind, sheet.encoding, sheet.heading_row, sheet.headings, len(sheet.rows), parts)


@dataclass(frozen=True, slots=True, repr=False)
class ReadPart:
    """The rows of a part: how many, from which to which, what they say, what is wrong with them."""

    count: int
    first: int
    last: int
    records: list[Record]
    problems: list[RowProblem]


def read_part(packed: bytes, mapping: dict[Column, int], compound: str | None) -> ReadPart:
    rows = unpack_rows(packed)
    records, problems = read_rows(rows, mapping, compound)
    return ReadPart(len(rows), rows[0].number, rows[-1].number, records, problems)


def seal_part(
    community_code: str, households: list[HouseholdImport], people: list[PersonImport], granted_by: str
) -> SealedRegistry:
    return seal_registry(keyring(), _tokens(community_code), community_code, households, people, granted_by=granted_by)


@lru_cache(maxsize=2)
def _tokens(community_code: str) -> Tokens:
    """Kept from part to part: families share surnames."""
    return Tokens(keyring(), community_code)
