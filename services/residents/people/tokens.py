"""The blind indexes under which a person is found. Pure.

A token is eight bytes: among the two hundred thousand of a large community, two are equal by chance once in a billion
communities. Each kind of value has a key of its own, so that a phone's last four digits cannot be matched with a
number's; and each community its own tokens, so that a dump does not tell who is called alike in two of them.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Protocol

from services.residents.people.ages import birth_periods
from services.residents.people.records import PersonalData
from shared.names import Fit, name_words, query_words, readings, whole_words

TOKEN_BYTES = 8
_NAME = "person-name"
_PHONE = "person-phone"
_PHONE_END = "person-phone-last-four"
_IDENTITY_NUMBER = "person-identity-number"
_IDENTITY_NUMBER_END = "person-identity-number-last-four"
_PASSPORT = "person-passport"
_BIRTH = "person-birth-period"


class Indexer(Protocol):
    """What makes blind indexes: a keyring."""

    def blind_index(self, purpose: str, value: str, /) -> bytes: ...


Alternatives = list[bytes]
"""Tokens of which a person must have at least one."""


def index_identity_number(indexer: Indexer, number: str) -> bytes:
    return indexer.blind_index(_IDENTITY_NUMBER, number)


def index_passport(indexer: Indexer, passport: str) -> bytes:
    return indexer.blind_index(_PASSPORT, passport)


def index_phone(indexer: Indexer, phone: str) -> bytes:
    """The same in every community: somebody who signs in is looked for in all of them."""
    return indexer.blind_index(_PHONE, phone)


class Tokens:
    """The tokens of one community. Families share names, so each word is indexed once however many it is filed for."""

    def __init__(self, indexer: Indexer, community_code: str) -> None:
        @lru_cache(maxsize=32_768)
        def token(kind: str, value: str) -> bytes:
            return indexer.blind_index(kind, f"{community_code}\0{value}")[:TOKEN_BYTES]

        self._token = token

    def of_person(self, data: PersonalData) -> dict[bytes, int]:
        """Everything that this person is filed under, and how well it fits: 0 the whole value, as in `Fit`."""
        filed = {self._token(_NAME, word): int(fit) for word, fit in name_words(data.name or "").items()}
        values: list[tuple[str, str]] = []
        if data.phone is not None:
            values += [(_PHONE, data.phone), (_PHONE_END, data.phone[-4:])]
        if data.identity_number is not None:
            values.append((_IDENTITY_NUMBER_END, data.identity_number[-4:]))
        if data.birth_on is not None:
            values += [(_BIRTH, data.birth_on.isoformat()[:length]) for length in (4, 7, 10)]
        return filed | {self._token(kind, value): int(Fit.WHOLE) for kind, value in values}

    def names(self, text: str) -> list[Alternatives]:
        """What someone must match all of; empty when the text holds nothing to search by."""
        return [self._words(words) for words in query_words(text)]

    def whole_name(self, text: str) -> Alternatives:
        """Someone whose name this is, or begins or goes on so: what results are ranked by."""
        return self._words(whole_words(text))

    def same_name(self, name: str) -> Alternatives:
        """Someone of the same name, or whose name sounds the same in one of its likeliest readings."""
        spelled = {word for reading in readings(name)[:4] for word in whole_words("".join(reading))}
        return self._words(whole_words(name) | spelled)

    def phone(self, phone: str) -> Alternatives:
        return [self._token(_PHONE, phone)]

    def last_four(self, digits: str) -> Alternatives:
        """Someone whose phone or identity number ends like this."""
        return [self._token(_PHONE_END, digits), self._token(_IDENTITY_NUMBER_END, digits.upper())]

    def birth_date(self, day: date) -> Alternatives:
        return [self._token(_BIRTH, day.isoformat())]

    def ages(self, youngest: int, oldest: int, day: date) -> Alternatives:
        """Someone born in a year, in a month or on a day that such an age allows: exact to the day."""
        return [self._token(_BIRTH, period) for period in birth_periods(youngest, oldest, day)]

    def _words(self, words: Iterable[str]) -> Alternatives:
        return [self._token(_NAME, word) for word in sorted(words)]
