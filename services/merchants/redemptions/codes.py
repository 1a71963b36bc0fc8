"""The short code that a customer shows at the till.

Nine random digits and a check digit (ISO/IEC 7064, MOD 11,10, which finds every single wrong digit). A code is good for
ten minutes, at one shop, once; a shop may try ten wrong ones a minute, so a hundred in its ten minutes of a billion.
"""

import secrets

from stdnum.iso7064 import mod_11_10

from shared.errors import both
from shared.limits import RateLimit, enforce

LENGTH = 10
WRONG_CODES = RateLimit("wrong-codes", "10/minute")
_CODE_TEXT = both("核销码不正确, 请核对 10 位数字。", "Not a redemption code. Check its 10 digits.")


def new_code() -> str:
    body = f"{secrets.randbelow(10 ** (LENGTH - 1)):0{LENGTH - 1}d}"
    return body + mod_11_10.calc_check_digit(body)


def normalise_code(text: str) -> str:
    """The ten digits however they were spaced; ValueError if the check digit is wrong."""
    digits = "".join(text.split()).replace("-", "")
    if len(digits) != LENGTH or not (digits.isascii() and digits.isdecimal()) or mod_11_10.checksum(digits) != 1:
        raise ValueError(_CODE_TEXT)
    return digits


def refuse_guessing(shop: str) -> None:
    """TooManyRequests once the shop has tried too many wrong codes."""
    if WRONG_CODES.standing(shop).remaining <= 0:
        enforce((WRONG_CODES, shop))
