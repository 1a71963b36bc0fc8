"""From the cells of a row to what the registry keeps, or to what is wrong with them. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeVar

from services.residents.households.models import Tenure
from services.residents.imports import words
from services.residents.imports.headings import PLACES, Column
from services.residents.imports.problems import ProblemCode, RowProblem, Severity
from services.residents.imports.reading import Cell, Row
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.models import Relation, TagKind
from shared.clock import china_today
from shared.documents import normalise_passport
from shared.identity import IdentityNumber, Sex, normalise_name, normalise_own_phone, normalise_phone, normalise_text

T = TypeVar("T")

_ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?: +[0-9:.]+)?|([0-9]{4})([0-9]{2})([0-9]{2})")
_SEPARATORS = re.compile(r"[、，,;；/|\n]+")
_FIRST_SERIAL = date(1899, 12, 30)
"""Day 0 of Excel's calendar, which counts a 29 February 1900 that never was; right from 1 March 1900 on."""
_SERIALS = range(61, 80_000)
_BORN_AFTER = date(1850, 1, 1)
_NAME_LIMIT, _ROOM_LIMIT, _TEXT_LIMIT = 50, 20, 2000


@dataclass(slots=True, repr=False)
class Record:
    """A row that can be imported, in the clear: never logged, never kept unsealed."""

    row: int
    name: str
    compound: str
    building: str
    unit: str
    room: str
    identity_number: str | None = None
    passport: str | None = None
    birth_on: date | None = None
    sex: Sex | None = None
    phone: str | None = None
    tenure: Tenure | None = None
    relation: HouseholdRelation | None = None
    lives_here_since: date | None = None
    tags: list[TagKind] = field(default_factory=list)
    cautions: str | None = None
    contact: tuple[str, str, Relation] | None = None
    """Name, phone and relation of whom to call."""

    @property
    def door(self) -> tuple[str, str, str, str]:
        return self.compound, self.building, self.unit, self.room


class _Wrong(Exception):
    """A cell that says nothing usable."""

    def __init__(self, code: ProblemCode) -> None:
        super().__init__(code)
        self.code = code


def read_rows(
    rows: Iterable[Row], mapping: Mapping[Column, int], compound: str | None = None
) -> tuple[list[Record], list[RowProblem]]:
    """Records of the rows without errors, and every problem of all rows. `compound` stands where a row names none."""
    records: list[Record] = []
    problems: list[RowProblem] = []
    for row in rows:
        reader = _Reader(row, mapping, compound)
        record = reader.record()
        problems += reader.problems
        if record is not None:
            records.append(record)
    return records, problems


class _Reader:
    """Reads one row and notes everything that is wrong with it, not the first thing only."""

    def __init__(self, row: Row, mapping: Mapping[Column, int], compound: str | None) -> None:
        self.problems: list[RowProblem] = []
        self._row = row
        self._compound = compound
        self._mapping = mapping

    def record(self) -> Record | None:
        if self._row.is_hidden:
            self._note(ProblemCode.HIDDEN_ROW)
        number = self._read(Column.IDENTITY_NUMBER, _identity_number)
        place = {column.value: self._read(column, _PLACE_READERS[column]) for column in _PLACE_READERS}
        known = Record(
            row=self._row.number,
            name=self._read(Column.NAME, _name) or "",
            compound=place["compound"] or self._compound or "",
            building=place["building"] or "",
            unit=place["unit"] or "",
            room=place["room"] or "",
            identity_number=number.value if number else None,
            passport=self._read(Column.PASSPORT, _passport),
            birth_on=self._read(Column.BIRTH_ON, _past(ProblemCode.BIRTH_DATE_IMPLAUSIBLE)),
            sex=self._read(Column.SEX, _sex),
            phone=self._read(Column.PHONE, _own_phone),
            tenure=self._read(Column.TENURE, _tenure),
            relation=self._read(Column.RELATION, _relation),
            lives_here_since=self._read(Column.LIVES_HERE_SINCE, _past(ProblemCode.SINCE_IMPLAUSIBLE)),
            tags=self._read(Column.TAGS, _tags) or [],
            cautions=self._read(Column.CAUTIONS, _text),
            contact=self._contact(),
        )
        self._require(known)
        if number is not None:
            self._agree(known, number)
        return None if any(each.code.severity is Severity.ERROR for each in self.problems) else known

    def _note(self, code: ProblemCode, column: Column | None = None) -> None:
        position = self._mapping.get(column) if column is not None else None
        self.problems.append(RowProblem(self._row.number, code, position))

    def _cell(self, column: Column) -> Cell:
        position = self._mapping.get(column)
        cells = self._row.cells
        return cells[position] if position is not None and position < len(cells) else ""

    def _read(self, column: Column, reader: Callable[[str | int | float | date], T]) -> T | None:
        """What the cell says; None if it is empty, or wrong, which is noted."""
        try:
            value = _plain(self._cell(column), column)
            return None if value == "" else reader(value)
        except _Wrong as wrong:
            self._note(wrong.code, column)
        return None

    def _require(self, known: Record) -> None:
        wrong = {problem.column for problem in self.problems}
        for column in (Column.NAME, Column.COMPOUND, Column.BUILDING, Column.ROOM):
            if not getattr(known, column.value) and self._mapping.get(column) not in wrong:
                self._note(ProblemCode.MISSING, column)

    def _agree(self, known: Record, number: IdentityNumber) -> None:
        """The identity number settles the birth date; the sex follows from it unless the sheet says another."""
        if known.birth_on not in (None, number.birth_on):
            self._note(ProblemCode.BIRTH_DATE_DIFFERS, Column.BIRTH_ON)
        if known.sex not in (None, number.sex):
            self._note(ProblemCode.SEX_DIFFERS, Column.SEX)
        known.birth_on = number.birth_on

    def _contact(self) -> tuple[str, str, Relation] | None:
        before = len(self.problems)
        name = self._read(Column.CONTACT_NAME, _name)
        phone = self._read(Column.CONTACT_PHONE, _phone)
        relation = self._read(Column.CONTACT_RELATION, _contact_relation)
        if name and phone:
            return name, phone, relation or Relation.OTHER_RELATIVE
        if (name or phone) and len(self.problems) == before:
            self._note(ProblemCode.CONTACT_INCOMPLETE, Column.CONTACT_PHONE if name else Column.CONTACT_NAME)
        return None


def _plain(cell: Cell, column: Column) -> str | int | float | date:
    """What a cell says, without what spreadsheets add to it."""
    if isinstance(cell, dict):
        if "on" in cell:
            return date.fromisoformat(cell["on"])
        said = _plain(cell["merged"], column)
        if said != "" and column not in PLACES:
            raise _Wrong(ProblemCode.MERGED_CELL)
        return said
    if isinstance(cell, str):
        text = cell.strip().removeprefix("'").removeprefix("’").strip()
        if _ERROR.fullmatch(text):
            raise _Wrong(ProblemCode.FORMULA_ERROR)
        return text
    return cell


def _as_text(value: str | int | float | date, limit: int) -> str:
    text = value if isinstance(value, str) else str(value)
    if len(text) > limit:
        raise _Wrong(ProblemCode.TOO_LONG)
    return text


def _normal(text: str, normalise: Callable[[str], str]) -> str:
    try:
        return normalise(text)
    except ValueError:
        raise _Wrong(ProblemCode.CHARACTERS) from None


def _name(value: str | int | float | date) -> str:
    name = _normal(_as_text(value, _NAME_LIMIT), normalise_name)
    if not any(character.isalpha() for character in name):
        raise _Wrong(ProblemCode.NOT_A_NAME)
    return name


def _place(limit: int) -> Callable[[str | int | float | date], str]:
    @lru_cache(maxsize=4096)
    def read(value: str | int | float | date) -> str:
        return _normal(unicodedata.normalize("NFKC", _as_text(value, limit)), normalise_name)

    return read


_PLACE_READERS = {
    Column.COMPOUND: _place(_NAME_LIMIT),
    Column.BUILDING: _place(_NAME_LIMIT),
    Column.UNIT: _place(_ROOM_LIMIT),
    Column.ROOM: _place(_ROOM_LIMIT),
}


def _text(value: str | int | float | date) -> str:
    return _normal(_as_text(value, _TEXT_LIMIT), normalise_text)


def _identity_number(value: str | int | float | date) -> IdentityNumber:
    text = _digits(value)
    try:
        return IdentityNumber.parse(text)
    except ValueError:
        raise _Wrong(_why_no_identity_number(re.sub(r"[\s-]", "", text))) from None


def _why_no_identity_number(text: str) -> ProblemCode:
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", unicodedata.normalize("NFKC", text).upper()):
        return ProblemCode.IDENTITY_FORMAT
    try:
        born = _day(text[6:10], text[10:12], text[12:14])
    except _Wrong:
        return ProblemCode.IDENTITY_BIRTH_DATE
    plausible = _BORN_AFTER <= born <= china_today()
    return ProblemCode.IDENTITY_CHECK_DIGIT if plausible else ProblemCode.IDENTITY_FUTURE


def _digits(value: str | int | float | date) -> str:
    if isinstance(value, float) or (isinstance(value, str) and _SCIENTIFIC.fullmatch(value)):
        raise _Wrong(ProblemCode.NUMBER_LOST_DIGITS)
    return str(value)


def _phone(value: str | int | float | date, normalise: Callable[[str], str] = normalise_phone) -> str:
    try:
        return normalise(_digits(value)[:64])
    except ValueError:
        raise _Wrong(ProblemCode.PHONE) from None


def _own_phone(value: str | int | float | date) -> str:
    return _phone(value, normalise_own_phone)


def _passport(value: str | int | float | date) -> str:
    try:
        return normalise_passport(_digits(value)[:32])
    except ValueError:
        raise _Wrong(ProblemCode.PASSPORT) from None


def _past(implausible: ProblemCode) -> Callable[[str | int | float | date], date]:
    """Reads a day that a living person may remember."""

    def read(value: str | int | float | date) -> date:
        day = _date(value)
        if not _BORN_AFTER <= day <= china_today():
            raise _Wrong(implausible)
        return day

    return read


def _date(value: str | int | float | date) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) and int(value) in _SERIALS:
        return _FIRST_SERIAL + timedelta(days=int(value))
    text = unicodedata.normalize("NFKC", str(value))
    found = _DATE.fullmatch(re.sub(r"\s*([-/.年月日])\s*", r"\1", text))
    if found is not None:
        return _day(*[part for part in found.groups() if part is not None])
    if text.isdecimal() and int(text) in _SERIALS:
        return _FIRST_SERIAL + timedelta(days=int(text))
    raise _Wrong(ProblemCode.DATE)


def _day(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise _Wrong(ProblemCode.DATE) from None


def _sex(value: str | int | float | date) -> Sex:
    return _meaning(value, words.SEX_OF, ProblemCode.SEX)


def _tenure(value: str | int | float | date) -> Tenure:
    return _meaning(value, words.TENURE_OF, ProblemCode.TENURE)


def _relation(value: str | int | float | date) -> HouseholdRelation:
    return _meaning(value, words.HOUSEHOLD_RELATION_OF, ProblemCode.RELATION)


def _contact_relation(value: str | int | float | date) -> Relation:
    return _meaning(value, words.CONTACT_RELATION_OF, ProblemCode.CONTACT_RELATION)


def _tags(value: str | int | float | date) -> list[TagKind]:
    parts = [part for part in _SEPARATORS.split(str(value)) if part.strip()]
    said = [word for part in parts for word in ([part] if words.fold(part) in words.TAG_OF else part.split())]
    return sorted({tag for word in said if (tag := _meaning(word, words.TAG_OF, ProblemCode.TAG)) is not None})


def _meaning(value: object, meanings: Mapping[str, T], code: ProblemCode) -> T:
    word = words.fold(unicodedata.normalize("NFKC", str(value)))
    if word not in meanings:
        raise _Wrong(code)
    return meanings[word]
