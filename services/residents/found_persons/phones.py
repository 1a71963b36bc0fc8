"""Takes phone numbers out of what finder and family write to each other, so that neither is asked for one. Pure."""

import unicodedata

LEAST_DIGITS = 7
"""The shortest number that rings at somebody's home; 110, 12345 and house numbers stay readable."""
MOST_BETWEEN = 3
"""So many characters that are neither letters nor digits may stand between two digits of one number."""
MARK = "＊＊＊"


def mask_numbers(text: str) -> str:
    """The text with every phone number replaced by `MARK`, however it is written: 138-0013-8000, １３８…, 幺三八…

    A long number of another kind (an order, a date with its time) goes as well: rather that than a phone.
    """
    pieces, copied, run = [], 0, list[int]()
    for position, character in enumerate(text):
        if _is_digit(character):
            if run and position - run[-1] > MOST_BETWEEN + 1:
                copied = _flush(text, pieces, copied, run)
            run.append(position)
        elif character.isalpha():
            copied = _flush(text, pieces, copied, run)
    copied = _flush(text, pieces, copied, run)
    return "".join(pieces) + text[copied:]


def _flush(text: str, pieces: list[str], copied: int, run: list[int]) -> int:
    """End the run of digits; returns up to where the text has been dealt with."""
    if len(run) >= LEAST_DIGITS:
        pieces += [text[copied : run[0]], MARK]
        copied = run[-1] + 1
    run.clear()
    return copied


def _is_digit(character: str) -> bool:
    """A digit of any script, full-width, circled or raised; Chinese numerals, and what is said for them (幺, 洞)."""
    value = unicodedata.numeric(character, None)
    return (value is not None and value in _DIGITS) or character in _SPOKEN


_DIGITS = frozenset(range(10))
_SPOKEN = frozenset("洞拐勾")
"""As the police, the army and railways say 0, 7 and 9; a single one in ordinary words (拐弯) is no number."""
