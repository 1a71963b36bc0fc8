"""What an article is filed under, and what of it a search must match. Pure, but for the dictionary that it loads.

An article is filed under its words as a dictionary cuts them (`医疗`, `保险`, `医疗保险`), each also as it is read
(`yiliao`) and by its initials (`yl`), and under its single characters and pairs of neighbours, so that whatever stands
in it is found although no dictionary knows it. A search is cut the same way. What was typed in Latin letters may be a
word, a reading or initials, and is taken as a beginning, since people search while they type.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice, pairwise, product
from typing import Any, NamedTuple

from pypinyin import Style, pinyin

LETTERS_OF_A_BEGINNING = 3
"""Fewer letters are taken as a whole word: two begin too much."""
LONGEST_WORD = 60
POSITIONS_AT_MOST = 16_383
"""What PostgreSQL counts up to within one text."""
_READINGS_KEPT = 4
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]+")
_SAYS_NOTHING = frozenset("的了是吗呢吧啊我你他她们在和与有要能会") | {
    "多少",
    "怎么",
    "怎样",
    "如何",
    "什么",
    "哪里",
    "请问",
}


class Mark(NamedTuple):
    """A stretch of a text that a search has hit: from `start` up to `end`, in characters."""

    start: int
    end: int


class Term(NamedTuple):
    """One piece of a search. Its whole text finds it, or all of its words together, or all of its pairs."""

    text: str
    is_beginning: bool = False
    is_telling: bool = True
    """Whether it holds more than words that stand in every question."""
    words: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()


@cache
def dictionary() -> Any:
    """Loads once, in half a second; call it in a thread before the first search."""
    import rjieba  # noqa: PLC0415

    return rjieba


def fold(text: str) -> str:
    """What compares equal: one character for one, so that places in the text stay what they are."""
    return "".join(_fold_one(letter) for letter in text)


@lru_cache(maxsize=8192)
def _fold_one(letter: str) -> str:
    folded = unicodedata.normalize("NFKC", letter).casefold()
    return folded if len(folded) == 1 else letter


def pieces(text: str) -> Iterator[re.Match[str]]:
    """The runs of one script in a folded text."""
    return _PIECE.finditer(text)


def is_han(piece: str) -> bool:
    return _IS_HAN.fullmatch(piece) is not None


def cut(piece: str) -> list[str]:
    """The words of a run of one script, long ones and the shorter ones within them."""
    if not is_han(piece):
        return [piece]
    return list(dict.fromkeys([*dictionary().cut(piece), *dictionary().cut_for_search(piece)]))


def words_of(text: str) -> Iterator[str]:
    """Everything that a text is filed under, in its order."""
    for match in pieces(fold(text)):
        piece = match[0]
        if not is_han(piece):
            yield piece[:LONGEST_WORD]
            continue
        for word in cut(piece):
            yield word
            yield from read(word)
        whole = list(dictionary().cut(piece))
        for one, two in pairwise(whole):
            yield from read(one + two)
        yield from pairs(piece)


def pairs(piece: str) -> Iterator[str]:
    """The single characters of a run, and each with its neighbour."""
    yield from piece
    for one, two in pairwise(piece):
        yield one + two


@lru_cache(maxsize=16_384)
def read(word: str) -> tuple[str, ...]:
    """A word as it is read, and by its initials, in each of the likeliest ways."""
    syllables = [_readings(character) for character in word]
    ways = list(islice(product(*syllables), _READINGS_KEPT))
    return tuple(dict.fromkeys(["".join(way) for way in ways] + ["".join(each[0] for each in way) for way in ways]))


@lru_cache(maxsize=8192)
def _readings(character: str) -> tuple[str, ...]:
    found = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)
    return tuple(dict.fromkeys(each for each in found[0] if each)) or (character,)


def terms_of(query: str) -> list[Term]:
    """What a search asks for; words that say nothing are left out unless there is no other."""
    found = [_term(match[0]) for match in pieces(fold(query))]
    return [term for term in found if term.is_telling] or found


def _term(piece: str) -> Term:
    if not is_han(piece):
        piece = piece[:LONGEST_WORD]
        return Term(piece, is_beginning=len(piece) >= LETTERS_OF_A_BEGINNING)
    words = tuple(dictionary().cut(piece))
    telling = tuple(word for word in words if word not in _SAYS_NOTHING)
    neighbours = tuple(one + two for one, two in pairwise(piece)) or (piece,)
    return Term(piece, is_telling=bool(telling), words=telling or words, neighbours=neighbours)


def tsquery(terms: Iterable[Term], *, every: bool) -> str:
    """A query of PostgreSQL for all (`every`) or any of the terms, and for any of their words if not all."""
    found = []
    for term in terms:
        ways = [_quoted(term.text) + (":*" if term.is_beginning else "")]
        ways += [" & ".join(map(_quoted, together)) for together in (term.words, term.neighbours) if together]
        if not every:
            ways += map(_quoted, term.words)
        found.append("(" + " | ".join(f"({way})" for way in dict.fromkeys(ways)) + ")")
    return (" & " if every else " | ").join(found)


def _quoted(word: str) -> str:
    """Words hold letters and digits only, so quotation marks are all that they need."""
    return f"'{word}'"


def tsvector(texts: Iterable[tuple[str, str]]) -> str:
    """What PostgreSQL files an article under: (weight, text) with `A` as the heaviest and `D` as the lightest."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, text in texts:
        for word in words_of(text):
            position = min(position + 1, POSITIONS_AT_MOST)
            known = places.setdefault(word, [])
            if len(known) < 8:
                known.append(f"{position}{weight}")
    return " ".join(f"'{word}':{','.join(dict.fromkeys(where))}" for word, where in places.items())


def marks(text: str, terms: Iterable[Term]) -> list[Mark]:
    """Where a text holds what was searched: as it was typed, by its words, or as they are read."""
    folded, wanted = fold(text), list(terms)
    spoken = [term for term in wanted if not is_han(term.text)]
    written = {word for term in wanted for word in (term.text, *term.words)}
    found = {Mark(hit.start(), hit.end()) for word in written for hit in re.finditer(re.escape(word), folded)}
    if spoken:
        found |= set(_read_alike(folded, spoken))
    return _joined(sorted(found))


def _read_alike(folded: str, spoken: list[Term]) -> Iterator[Mark]:
    for match in pieces(folded):
        at = match.start()
        is_chinese = is_han(match[0])
        for word in dictionary().cut(match[0]) if is_chinese else [match[0]]:
            known = read(word) if is_chinese else (word,)
            if any(_hits(each, term) for each in known for term in spoken):
                yield Mark(at, at + len(word))
            at += len(word)


def _hits(known: str, term: Term) -> bool:
    return known.startswith(term.text) if term.is_beginning else known == term.text


def _joined(found: list[Mark]) -> list[Mark]:
    joined: list[Mark] = []
    for mark in found:
        if joined and mark.start <= joined[-1].end:
            joined[-1] = Mark(joined[-1].start, max(joined[-1].end, mark.end))
        else:
            joined.append(mark)
    return joined
