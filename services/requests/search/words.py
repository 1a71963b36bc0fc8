"""What a text is filed under, and what of it a search must match. Pure.

Chinese is filed by pairs of neighbouring characters, everything else by whole words: `3号楼漏水` under 3, 3号, 号楼,
楼漏, 漏水. Every run of two characters or more is so found by equality, which is all that a blind index can do, and no
dictionary has to know it. Whoever asks for more than one pair need not hit them all: `水管漏水` also finds
漏水的水管, behind those that say it as it was asked.
"""

import math
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Protocol

WORDS_AT_MOST = 3_000
"""Distinct words of one request: some 2,500 characters of updates; what was said first is filed first."""
_PIECES_AT_MOST = 8
_ENOUGH = 0.6
"""The share of a piece's words that must be found."""

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNIT = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")


class Indexer(Protocol):
    """What makes blind indexes: a keyring."""

    def blind_index(self, purpose: str, value: str, /) -> bytes: ...


class Piece(NamedTuple):
    """What stood together in a search: a request must be filed under at least `enough` of the tokens."""

    tokens: list[int]
    enough: int


class Tokens:
    """The tokens of one community: eight bytes that tell nothing without its key, and differ in every other."""

    def __init__(self, indexer: Indexer, community_code: str) -> None:
        @lru_cache(maxsize=4_096)
        def token(word: str) -> int:
            index = indexer.blind_index("requests/words", f"{community_code}\0{word}")
            return int.from_bytes(index[:8], signed=True)

        self._token = token

    def of(self, texts: Iterable[str]) -> set[int]:
        """Everything that these texts are filed under."""
        words: dict[str, None] = {}
        for text in texts:
            words |= dict.fromkeys(words_of(text))
            if len(words) >= WORDS_AT_MOST:
                break
        return {self._token(word) for word in list(words)[:WORDS_AT_MOST]}

    def pieces(self, text: str) -> list[Piece]:
        """What has to be matched; empty when the text holds nothing to search by."""
        wanted = [list(dict.fromkeys(words_of(piece))) for piece in text.split()[:_PIECES_AT_MOST]]
        return [Piece([self._token(word) for word in words], enough(len(words))) for words in wanted if words]


def words_of(text: str) -> Iterable[str]:
    """The words that a text is filed under, in its order."""
    before = ""
    end = -1
    for unit in _UNIT.finditer(_folded(text)):
        if unit.start() == end:
            yield before + unit[0]
        if not _IS_HAN.match(unit[0]):
            yield unit[0]
        before, end = unit[0], unit.end()


def enough(words: int) -> int:
    """How many of a piece's words must be found: all of one or two, most of more."""
    return words if words <= 2 else math.ceil(words * _ENOUGH)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
