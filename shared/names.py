"""Finding people by what someone remembers of their name: characters, pinyin, initials, a part, however mixed.

A name is stored encrypted; beside it lie blind indexes of the words made here. `name_words` is what a name is filed
under: every run of neighbouring characters, as written and as read, each character of a run in full or by its initial
(`zhangsanfeng`, `zhangsf`, `zsanf`, `sf`). `query_words` is what of them a searcher's input must match, so that finding
is equality and nothing else. Each word says how well it fits the name, which is what results are ranked by.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")  # only single characters are read; phrases cost 0.4 s a process

from pypinyin import Style, pinyin

from shared.surnames import COMPOUND_SURNAMES, SURNAME_READINGS

LONGEST_RUN = 4
"""Characters of a name that are filed as one word; in names of up to twelve also any longer run."""
_SHORT_NAME = 4
_LONG_NAME = 12
_READINGS_KEPT = 8
_READINGS_KEPT_OF_LONG_NAMES = 2
_READINGS_ABBREVIATED = 2
_LONGEST_PREFIX = 10

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_HAN_PIECE = re.compile(rf"[{_HAN}]+")
_RETROFLEX_INITIAL = re.compile(r"([zcs])h(?![aeiou])")
_TONE_NUMBER = re.compile(r"(?<=[a-z])[1-5](?![0-9])")

Readings = tuple[str, ...]
"""The readings of one character, the likeliest first; a word in another script reads as itself."""


class Fit(IntEnum):
    """How well a word fits the name that is filed under it: the best first."""

    WHOLE = 0
    BEGINNING = 1
    """As a surname does."""
    WITHIN = 2


def fold(text: str) -> str:
    """What compares equal: NFKC, lower case, without tone marks, tone numbers or other diacritics; ü becomes u."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if unicodedata.category(c) != "Mn")
    return _TONE_NUMBER.sub("", unicodedata.normalize("NFC", bare).replace("u:", "u"))


def parts(name: str) -> list[str]:
    """The folded runs of one script; spaces, middle dots of every kind and other marks separate them."""
    return _PIECE.findall(fold(name))


def surnames(name: str) -> tuple[str, ...]:
    """Every plausible surname in characters, the likeliest first; of names in several parts, each part."""
    pieces = parts(name)
    if len(pieces) != 1 or not _HAN_PIECE.fullmatch(pieces[0]):
        return tuple(dict.fromkeys(pieces))
    whole = pieces[0]
    single, compound = whole[:1], whole[:2]
    if compound not in COMPOUND_SURNAMES:
        return (single,)
    return (compound, single) if len(whole) > 2 else (single, compound)


def readings(name: str) -> list[Readings]:
    """The ways to read the whole name, syllable by syllable, the likeliest first; ü is written ü."""
    units = [unit.readings for part in _units(name) for unit in part]
    return _combinations(units, _kept(len(units))) if units else []


def name_words(name: str) -> dict[str, Fit]:
    """Everything that this name is filed under, and how well it fits. Empty when the name holds no letter."""
    by_part = _units(name)
    units = [unit for part in by_part for unit in part]
    words: dict[str, Fit] = {}
    for start, end in _runs(by_part, len(units)):
        fit = Fit.WITHIN if start else Fit.WHOLE if end == len(units) else Fit.BEGINNING
        for word in _words(units[start:end], len(units)):
            words[word] = min(fit, words.get(word, fit))
        if end == start + 1:
            for prefix in _prefixes(units[start].text):
                words.setdefault(prefix, Fit.WITHIN if start else Fit.BEGINNING)
    return words


def query_words(text: str) -> list[set[str]]:
    """What a person must be filed under: of each set at least one word.

    Characters, or pinyin with or without spaces and tones, or initials, which may be written zh, ch, sh. Empty when
    the text holds nothing to search by; the caller must then refuse, not return everybody.
    """
    wanted: list[set[str]] = []
    for piece in _pieces(text):
        if _HAN_PIECE.fullmatch(piece) and len(piece) > LONGEST_RUN:
            starts = {*range(0, len(piece) - LONGEST_RUN, LONGEST_RUN - 1), len(piece) - LONGEST_RUN}
            wanted += [{piece[start : start + LONGEST_RUN]} for start in sorted(starts)]
        else:
            wanted.append(_spellings(piece))
    return wanted


def whole_words(text: str) -> set[str]:
    """The words under which somebody is filed whose name this is, or begins so, however it is spaced."""
    return _spellings("".join(parts(text))) - {""}


def _latin(word: str) -> str:
    """ü may be typed u, v or yu (passports write LYU): all are filed under u."""
    plain = word if word.isascii() else fold(word)
    return plain.replace("v", "u").replace("lyu", "lu").replace("nyu", "nu")


def _spellings(piece: str) -> set[str]:
    """The piece as one word. An initial may be written zh, ch, sh; it is filed as its first letter."""
    word = _latin(piece)
    return {word, _RETROFLEX_INITIAL.sub(r"\1", word)}


def _pieces(text: str) -> list[str]:
    """Runs of one script; a lone letter belongs to the Latin pieces beside it: `zhang s f`."""
    pieces: list[str] = []
    after_letter = False
    for part in parts(text):
        is_latin = not _HAN_PIECE.fullmatch(part)
        if pieces and is_latin and not _HAN_PIECE.fullmatch(pieces[-1]) and (len(part) == 1 or after_letter):
            pieces[-1] += part
        else:
            pieces.append(part)
        after_letter = is_latin and len(part) == 1
    return pieces


class _Unit(NamedTuple):
    """One character of a name with its readings, or one word in another script, which reads as itself."""

    text: str
    readings: Readings


def _units(name: str) -> list[list[_Unit]]:
    """Per part of the name its characters; a surname that the name may begin with is read as a surname."""
    pieces = parts(name)
    likeliest = surnames(name) if len(pieces) == 1 else ()
    return [_read(piece, likeliest if position == 0 else ()) for position, piece in enumerate(pieces)]


def _read(piece: str, likeliest: Sequence[str]) -> list[_Unit]:
    if not _HAN_PIECE.fullmatch(piece):
        return [_Unit(piece, (piece,))]
    units = [_Unit(character, _readings_of(character)) for character in piece]
    for surname in reversed(likeliest):
        for position, syllable in enumerate(SURNAME_READINGS.get(surname, ())):
            character, known = units[position]
            units[position] = _Unit(character, tuple(dict.fromkeys((syllable, *known))))
    return units


@lru_cache(maxsize=8192)
def _readings_of(character: str) -> Readings:
    """Every reading the dictionary knows; a character it does not know reads as itself."""
    return tuple(pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=True)[0])


def _kept(length: int) -> int:
    return _READINGS_KEPT if length <= _SHORT_NAME else _READINGS_KEPT_OF_LONG_NAMES


def _runs(by_part: Sequence[Sequence[_Unit]], length: int) -> Iterator[tuple[int, int]]:
    """Where the runs of neighbouring units begin and end."""
    longest = length if length <= _LONG_NAME else LONGEST_RUN
    for start in range(length):
        for end in range(start + 1, min(start + longest, length) + 1):
            yield start, end
    if length > _LONG_NAME:
        yield 0, length
        start = 0
        for part in by_part:
            yield start, start + len(part)
            start += len(part)


def _words(run: Sequence[_Unit], length: int) -> Iterator[str]:
    """The run of a name of `length` units as one word: as written, read in full, by initials, and both mixed."""
    yield _latin("".join(unit.text for unit in run))
    kept = _kept(length) if len(run) > 1 else len(run[0].readings)  # a single character keeps all its readings
    for likeliness, reading in enumerate(_combinations([unit.readings for unit in run], kept)):
        if length <= _SHORT_NAME and likeliness < _READINGS_ABBREVIATED:
            for mixed in product(*((syllable, syllable[0]) for syllable in reading)):
                yield _latin("".join(mixed))
        else:
            yield _latin("".join(reading))
            yield _latin("".join(syllable[0] for syllable in reading))


def _prefixes(word: str) -> Iterator[str]:
    """The beginnings of a word in another script."""
    for length in range(2, min(len(word) - 1, _LONGEST_PREFIX) + 1):
        yield _latin(word[:length])


def _combinations(run: Sequence[Readings], kept: int) -> list[Readings]:
    """The `kept` likeliest combinations: a reading counts less the later its character lists it."""
    best: list[tuple[int, Readings]] = [(0, ())]
    for unit in run:
        longer = [(cost + rank, (*path, syllable)) for cost, path in best for rank, syllable in enumerate(unit)]
        best = sorted(longer, key=lambda candidate: candidate[0])[:kept]
    return [path for _cost, path in best]
