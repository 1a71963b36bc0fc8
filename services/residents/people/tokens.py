"""The blind indexes under which a person is found. Pure.

Each kind of value has a key of its own, so that a phone's last four digits cannot be matched with a number's.
"""

from datetime import date
from functools import lru_cache
from typing import Protocol

from services.residents.people.ages import birth_periods
from services.residents.people.records import PersonalData
from shared.names import exact_token, query_tokens, readings, search_tokens, surname_tokens

_NAME = "person-name"
_PHONE = "person-phone"
_PHONE_END = "person-phone-last-four"
_IDENTITY_NUMBER = "person-identity-number"
_IDENTITY_NUMBER_END = "person-identity-number-last-four"
_PASSPORT = "person-passport"
_BIRTH = "person-birth-period"


class Indexer(Protocol):
    """What makes blind indexes: a indexer."""

    def blind_index(self, purpose: str, value: str, /) -> bytes: ...


Alternatives = list[bytes]
"""Tokens of which a person must have at least one."""


def index_identity_number(indexer: Indexer, number: str) -> bytes:
    return indexer.blind_index(_IDENTITY_NUMBER, number)


def index_passport(indexer: Indexer, passport: str) -> bytes:
    return indexer.blind_index(_PASSPORT, passport)


def index_phone(indexer: Indexer, phone: str) -> bytes:
    return indexer.blind_index(_PHONE, phone)


def person_tokens(indexer: Indexer, data: PersonalData) -> set[bytes]:
    """Everything that this person is filed under."""
    tokens = {indexer.blind_index(_NAME, token) for token in search_tokens(data.name or "")}
    if data.phone is not None:
        tokens |= {index_phone(indexer, data.phone), indexer.blind_index(_PHONE_END, data.phone[-4:])}
    if data.identity_number is not None:
        tokens |= {
            index_identity_number(indexer, data.identity_number),
            indexer.blind_index(_IDENTITY_NUMBER_END, data.identity_number[-4:]),
        }
    if data.birth_on is not None:
        tokens |= {indexer.blind_index(_BIRTH, data.birth_on.isoformat()[:length]) for length in (4, 7)}
    return tokens


def name_query(indexer: Indexer, text: str) -> list[Alternatives]:
    """What someone must match all of; empty when the text holds nothing to search by."""
    return [[indexer.blind_index(_NAME, token)] for token in sorted(query_tokens(text))]


def name_ranks(indexer: Indexer, text: str) -> tuple[bytes, Alternatives]:
    """(the index of exactly this name, the indexes of people whose surname it is)."""
    surnames = [indexer.blind_index(_NAME, token) for token in sorted(surname_tokens(text))]
    return indexer.blind_index(_NAME, exact_token(text)), surnames


def same_name(indexer: Indexer, name: str) -> Alternatives:
    """Someone of the same name, or whose name sounds the same in one of its likeliest readings."""
    spelled = {token for reading in readings(name)[:4] for token in query_tokens("".join(reading))}
    return [indexer.blind_index(_NAME, token) for token in sorted({exact_token(name)} | spelled)]


def last_four(indexer: Indexer, digits: str) -> Alternatives:
    """Someone whose phone or identity number ends like this."""
    return [indexer.blind_index(_PHONE_END, digits), indexer.blind_index(_IDENTITY_NUMBER_END, digits.upper())]


def ages(indexer: Indexer, youngest: int, oldest: int, day: date) -> Alternatives:
    """Someone born in a year or month that such an age allows: to the month, not to the day."""
    return [indexer.blind_index(_BIRTH, period) for period in birth_periods(youngest, oldest, day)]


class CachedIndexer:
    """For thousands at once: families share surnames, so each piece of a name is indexed once."""

    def __init__(self, indexer: Indexer) -> None:
        self.blind_index = lru_cache(maxsize=65_536)(indexer.blind_index)
