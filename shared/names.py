"""Finding people by what someone remembers of their name: characters, pinyin, initials, a surname.

A name is stored encrypted; beside it lie blind indexes of the tokens made here. `search_tokens` is what a name is
indexed under, `query_tokens` what a searcher's input must all match. A token's first letter says its kind:

- `=` the whole name; `s` a surname in characters, `z` in pinyin;
- `h` one character or two neighbouring ones;
- `p` Latin letters: a run of up to four syllables, a whole part, initials, a word in another script.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")  # only single characters are read; phrases cost 0.4 s a process

from pypinyin import Style, pinyin

from shared.surnames import COMPOUND_SURNAMES, SURNAME_READINGS

LONGEST_RUN = 4
"""Syllables that are indexed as one word; longer runs only as a whole name or a whole part of one."""
_READINGS_KEPT = 16
_SHORT_NAME = 4
_READINGS_KEPT_OF_LONG_NAMES = 4

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_HAN_PIECE = re.compile(rf"[{_HAN}]+")
_TONE_NUMBER = re.compile(r"(?<=[a-z])[1-5](?![0-9])")

Readings = tuple[str, ...]
"""The readings of one character, the likeliest first; a word in another script reads as itself."""


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
    units = [unit for part in _units(name) for unit in part]
    return _combinations(units, _kept(units)) if units else []


def exact_token(name: str) -> str:
    """The token of the whole name, for finding the same name again."""
    return "=" + "".join(parts(name))


def search_tokens(name: str) -> set[str]:
    """Everything that this name is indexed under."""
    by_part = _units(name)
    units = [unit for part in by_part for unit in part]
    if not units:
        return set()
    kept = _kept(units)
    runs: list[Sequence[Readings]] = [units, *by_part, *_runs(units)]
    latin = {word for run in runs for word in _words(run, kept)}
    return (
        {exact_token(name)}
        | _character_tokens("".join(parts(name)))
        | {"p" + word for word in latin}
        | _surname_index(name)
    )


def query_tokens(text: str) -> set[str]:
    """What a person must match all of: characters, or pinyin with or without spaces and tones, or initials.

    Empty when the text holds nothing to search by; the caller must then refuse, not return everybody.
    """
    tokens: set[str] = set()
    for piece in parts(text):
        if not _HAN_PIECE.fullmatch(piece):
            tokens.add("p" + _latin(piece))
        elif len(piece) == 1:
            tokens.add("h" + piece)
        else:
            tokens.update("h" + piece[i : i + 2] for i in range(len(piece) - 1))
    return tokens


def surname_tokens(text: str) -> set[str]:
    """Like `query_tokens`, for input that is known to be a surname: precise where `query_tokens` finds any place."""
    pieces = parts(text)
    if not pieces:
        return set()
    whole = "".join(pieces)
    return {"s" + whole if _HAN_PIECE.fullmatch(whole) else "z" + _latin(whole)}


def _latin(word: str) -> str:
    """ü may be typed u, v or yu (passports write LYU): all are filed under u."""
    return fold(word).replace("v", "u").replace("lyu", "lu").replace("nyu", "nu")


def _character_tokens(whole: str) -> set[str]:
    tokens: set[str] = set()
    for run in _HAN_PIECE.findall(whole):
        tokens.update("h" + character for character in run)
        tokens.update("h" + run[i : i + 2] for i in range(len(run) - 1))
    return tokens


def _surname_index(name: str) -> set[str]:
    tokens: set[str] = set()
    for surname in surnames(name):
        tokens.add("s" + surname)
        units = _read(surname, SURNAME_READINGS.get(surname))
        tokens.update("z" + _latin("".join(reading)) for reading in _combinations(units, _READINGS_KEPT))
    return tokens


def _units(name: str) -> list[list[Readings]]:
    """Per part of the name the readings of its characters; the first part's surname is read as a surname."""
    pieces = parts(name)
    surname = surnames(name)[0] if len(pieces) == 1 else ""
    return [
        _read(piece, SURNAME_READINGS.get(surname) if position == 0 else None) for position, piece in enumerate(pieces)
    ]


def _read(piece: str, surname_reading: Readings | None) -> list[Readings]:
    if not _HAN_PIECE.fullmatch(piece):
        return [(piece,)]
    units = [_readings_of(character) for character in piece]
    for position, syllable in enumerate(surname_reading or ()):
        units[position] = tuple(dict.fromkeys((syllable, *units[position])))
    return units


@lru_cache(maxsize=8192)
def _readings_of(character: str) -> Readings:
    """Every reading the dictionary knows; a character it does not know reads as itself."""
    return tuple(pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=True)[0])


def _kept(units: Sequence[Readings]) -> int:
    return _READINGS_KEPT if len(units) <= _SHORT_NAME else _READINGS_KEPT_OF_LONG_NAMES


def _runs(units: Sequence[Readings]) -> Iterator[Sequence[Readings]]:
    for length in range(1, LONGEST_RUN + 1):
        for start in range(len(units) - length + 1):
            yield units[start : start + length]


def _words(run: Sequence[Readings], kept: int) -> Iterator[str]:
    """The run as one word, and its initials, in every kept reading. A single character keeps all its readings."""
    for reading in _combinations(run, kept if len(run) > 1 else len(run[0])):
        yield _latin("".join(reading))
        yield _latin("".join(syllable[0] for syllable in reading))


def _combinations(run: Sequence[Readings], kept: int) -> list[Readings]:
    """The `kept` likeliest combinations: a reading counts less the later its character lists it."""
    best: list[tuple[int, Readings]] = [(0, ())]
    for unit in run:
        longer = [(cost + rank, (*path, syllable)) for cost, path in best for rank, syllable in enumerate(unit)]
        best = sorted(longer, key=lambda candidate: candidate[0])[:kept]
    return [path for _cost, path in best]
