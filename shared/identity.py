"""What identifies a person or a unit: identity numbers, phones, credit codes, names; checked, normalised, masked.

The annotated types are for schemas. Their errors say what to do and never repeat what was sent. Each carries a `format`
in its JSON schema, because a check digit cannot be written as a pattern.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

import phonenumbers
from pydantic import AfterValidator, Field, StringConstraints
from pydantic.config import JsonDict
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.iso7064 import mod_11_2

from shared.clock import china_today
from shared.errors import both
from shared.names import surnames


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()


# Identity numbers


@dataclass(frozen=True, slots=True, repr=False)
class IdentityNumber:
    """A citizen's identity number (公民身份号码), GB 11643-1999: county 6, birth date 8, sequence 3, check digit 1.

    Residence permits of Hong Kong, Macao and Taiwan residents and the permanent residence cards of foreigners (2023)
    have numbers of the same form; `documents.kind_of_number` tells them apart.

    The county is the one of first registration. Codes are abolished and reused over the years, so no list of today's
    counties can decide whether a number is genuine, and none is consulted.
    """

    value: str
    county_code: str
    birth_on: date
    sex: Sex

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number in any usual spelling; ValueError (bilingual, without the number) if it cannot be one."""
        value = _plain(text)
        if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", value) or mod_11_2.checksum(value) != 1:
            raise ValueError(_IDENTITY_NUMBER_TEXT)
        try:
            birth_on = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
        except ValueError:
            raise ValueError(_IDENTITY_NUMBER_TEXT) from None
        if not date(1850, 1, 1) <= birth_on <= china_today():
            raise ValueError(_IDENTITY_NUMBER_TEXT)
        return cls(value, value[:6], birth_on, Sex.MALE if int(value[16]) % 2 else Sex.FEMALE)

    def __repr__(self) -> str:
        return f"IdentityNumber({mask_identity_number(self.value)})"


_IDENTITY_NUMBER_TEXT = both(
    "身份证号不正确, 请核对 18 位号码及末位校验码。",
    "Not an identity number. Check its 18 characters and the last one, the check digit.",
)


def make_identity_number(county_code: str, birth_on: date, sequence: int) -> str:
    """A number with a correct check digit, for demo data. `sequence` is 0 to 999; odd for men, even for women."""
    body = f"{county_code}{birth_on:%Y%m%d}{sequence:03d}"
    if not re.fullmatch(r"[1-9][0-9]{16}", body):
        raise ValueError("six digits of county, a date and a sequence of at most three digits make 17 digits")
    return body + mod_11_2.calc_check_digit(body)


def normalise_identity_number(text: str) -> str:
    """The 18 characters to store and to index; ValueError if it cannot be an identity number."""
    return IdentityNumber.parse(text).value


# Phones

_SHORT_NUMBER = re.compile(r"1[0-9]{2}|1[0-2][0-9]{3}|9[56][0-9]{3,4}")
"""Emergency (110, 119, 120, 122), government (12345, 12xxx), carriers (10086) and 95/96 service numbers."""
_MOBILE = re.compile(r"(?:\+86|0086)?(1[3-9][0-9]{9})")

_PHONE_TEXT = both(
    "电话号码不正确: 手机写 11 位, 座机带区号, 国外号码以 + 开头。",
    "Not a phone number. Write 11 digits for a mobile, the area code for a landline, + for a foreign one.",
)
_OWN_PHONE_TEXT = both(
    "这是公共服务号码, 请填写本人的手机或座机号码。", "This is the number of a public service. Write the person's own."
)
_MOBILE_TEXT = both("请填写 11 位手机号码。", "Write a mobile number of 11 digits.")


def normalise_phone(text: str) -> str:
    """E.164 (`+8613800138000`), or the short number as it is; a number without a country is Chinese.

    ValueError for what nobody can dial: a landline without area code, a number of no plan, an extension.
    """
    plain = _plain(text).replace("(", "").replace(")", "")
    if mobile := _MOBILE.fullmatch(plain):
        return "+86" + mobile[1]
    if _SHORT_NUMBER.fullmatch(plain):
        return plain
    try:
        number = phonenumbers.parse(plain, "CN")
    except phonenumbers.NumberParseException:
        raise ValueError(_PHONE_TEXT) from None
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise ValueError(_PHONE_TEXT)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_own_phone(text: str) -> str:
    """E.164 of a number that can be somebody's own, i.e. no short number of a service; ValueError otherwise."""
    phone = normalise_phone(text)
    if _SHORT_NUMBER.fullmatch(phone):
        raise ValueError(_OWN_PHONE_TEXT)
    return phone


def normalise_mobile(text: str) -> str:
    """E.164 of a Chinese mobile number, i.e. one that can receive a one-time code; ValueError otherwise."""
    mobile = _MOBILE.fullmatch(_plain(text))
    if mobile is None:
        raise ValueError(_MOBILE_TEXT)
    return "+86" + mobile[1]


# Units

_USCC_TEXT = both(
    "统一社会信用代码不正确, 请核对 18 位代码。", "Not a unified social credit code. Check its 18 characters."
)


def normalise_uscc(text: str) -> str:
    """A unit's unified social credit code (统一社会信用代码), GB 32100-2015; ValueError if the check digit is wrong."""
    try:
        return uscc.validate(_plain(text))
    except StdnumError:
        raise ValueError(_USCC_TEXT) from None


# Names and free text

_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_REFUSED = f"\ud800-\udfff\ufffe\uffff\ufff9-\ufffb{_BIDI}"
"""Lone surrogates, noncharacters, and marks that make text read otherwise than it is stored (CVE-2021-42574)."""
_IN_NAMES = f"\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b\u2060-\u2065\ufeff{_REFUSED}"
_IN_TEXT = f"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f{_REFUSED}"
_NOT_IN_NAMES = re.compile(f"[{_IN_NAMES}]")
_NOT_IN_TEXT = re.compile(f"[{_IN_TEXT}]")
_MIDDLE_DOTS = re.compile(r"\s*[·•‧∙⋅・･]\s*")
_HAN_SPACE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_LINE_ENDS = re.compile(r"\r\n?")

_CHARACTERS_TEXT = both("含有不可见的控制字符, 请删除后重填。", "Holds invisible control characters; remove them.")
_EMPTY_TEXT = both("请填写文字。", "Write something other than spaces.")


def normalise_name(text: str) -> str:
    """A name or title on one line: NFC, single spaces, none between Chinese characters, `·` for every middle dot.

    ValueError for control, invisible and direction characters, and for nothing but spaces.
    """
    if _NOT_IN_NAMES.search(text):
        raise ValueError(_CHARACTERS_TEXT)
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise ValueError(_EMPTY_TEXT)
    return _MIDDLE_DOTS.sub("·", _HAN_SPACE.sub("", name))


def normalise_text(text: str) -> str:
    """Free text: NFC, line ends as `\\n`, no space around it; tabs and line breaks stay. ValueError as for names."""
    if _NOT_IN_TEXT.search(text):
        raise ValueError(_CHARACTERS_TEXT)
    tidy = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text)).strip()
    if not tidy:
        raise ValueError(_EMPTY_TEXT)
    return tidy


def _schema_class(characters: str) -> str:
    return re.sub("[^ -~]", lambda found: f"\\u{ord(found[0]):04x}", characters)


def _schema_pattern(refused: str) -> JsonDict:
    """What `normalise_*` accepts as an ECMA pattern: none of the refused, at least one that is no space."""
    refused = _schema_class(refused)
    return {"pattern": f"^[^{refused}]*[^\\s{refused}][^{refused}]*$"}


IdentityNumberText = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(normalise_identity_number),
    Field(json_schema_extra={"format": "cn-identity-number"}),
]
PhoneText = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(normalise_phone),
    Field(json_schema_extra={"format": "cn-phone"}),
]
OwnPhoneText = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(normalise_own_phone),
    Field(json_schema_extra={"format": "cn-phone"}),
]
MobileText = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(normalise_mobile),
    Field(json_schema_extra={"format": "cn-mobile"}),
]
UsccText = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(normalise_uscc),
    Field(json_schema_extra={"format": "cn-uscc"}),
]
PersonName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50),
    AfterValidator(normalise_name),
    Field(json_schema_extra=_schema_pattern(_IN_NAMES)),
]
"""One line of up to 50 characters: people's names, and titles of anything else."""
FreeText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000),
    AfterValidator(normalise_text),
    Field(json_schema_extra=_schema_pattern(_IN_TEXT)),
]
"""Several lines of up to 2,000 characters."""


# Masks: what is shown to whoever has no purpose for the whole value


def mask_name(name: str) -> str:
    """`张三丰` → `张*`, `欧阳锋` → `欧阳*`; other names keep their first character. The length stays unknown."""
    if len(name) < 2:
        return "*"
    likeliest = surnames(name)
    surname = likeliest[0] if likeliest and name.startswith(likeliest[0]) else ""
    return (surname if 0 < len(surname) < len(name) and len(surname) <= 2 else name[0]) + "*"


def mask_phone(phone: str) -> str:
    """`+8613800138000` → `138****8000`; short public numbers stay, foreign ones keep country code and two digits."""
    if _SHORT_NUMBER.fullmatch(phone):
        return phone
    if mobile := _MOBILE.fullmatch(phone):
        return f"{mobile[1][:3]}****{mobile[1][-4:]}"
    return f"{phone[:3]}****{phone[-2:]}" if len(phone) >= 9 else "****"


def mask_identity_number(number: str) -> str:
    """First and last digit only: six plus four beside a birth date would give the number away."""
    return f"{number[:1]}{'*' * max(len(number) - 2, 0)}{number[-1:]}" if len(number) > 2 else "*" * len(number)
