"""What one module keeps about a person, in a form that a program reads and a page prints: rows under titled columns.

Every module that keeps something about people offers `async def section(session, vault, person) -> Section`; the table
of them is `rights/export.py`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.residents.people.models import Person
from shared.db import AsyncSession
from shared.errors import Bilingual
from shared.vault import Vault


class Words(BaseModel):
    """One thing said in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, words: Bilingual) -> "Words":
        return cls(zh=words.zh, en=words.en)

    def coded(self, code: str) -> "Coded":
        return Coded(code=code, zh=self.zh, en=self.en)


class Coded(Words):
    """A code with what it means."""

    code: str


Value = str | int | bool | Coded | None
"""Dates and times are text (RFC 3339)."""


class Column(BaseModel):
    code: str
    title: Words


class Section(BaseModel):
    """What is kept of one kind: a row per record, a value per column."""

    code: str
    title: Words
    columns: list[Column]
    rows: list[dict[str, Value]]


Contribute = Callable[[AsyncSession, Vault, Person], Awaitable[Section]]


def section_of(
    code: str, title: Bilingual, columns: Mapping[str, Bilingual], rows: Iterable[Mapping[str, Any]]
) -> Section:
    """Rows give a value for each column; dates, ids and codes become text."""
    return Section(
        code=code,
        title=Words.of(title),
        columns=[Column(code=name, title=Words.of(words)) for name, words in columns.items()],
        rows=[{name: _plain(row[name]) for name in columns} for row in rows],
    )


def coded(code: StrEnum | str, words: Mapping[Any, Bilingual]) -> Coded:
    """The code with its words; one that has none stands for itself."""
    said = words.get(code) or Bilingual(str(code), str(code))
    return Coded(code=str(code), zh=said.zh, en=said.en)


def _plain(value: Any) -> Value:
    match value:
        case datetime() | date():
            return value.isoformat()
        case UUID() | StrEnum():
            return str(value)
    return value
