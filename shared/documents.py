"""Documents that name a person beside the citizen's identity card: which kind a number is, and passports.

All numbers of 18 characters share one form (GB 11643-1999): 6 of place, 8 of birth date, 3 of sequence, 1 check digit
by ISO 7064 MOD 11-2. `identity.IdentityNumber` reads them; here is what their beginning says.
"""

import re
import unicodedata
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from stdnum import numdb

from shared.errors import both


class DocumentKind(StrEnum):
    """What kind of document a number belongs to; it follows from the number."""

    RESIDENT_IDENTITY_CARD = "resident_identity_card"
    """居民身份证"""
    RESIDENCE_PERMIT = "residence_permit"
    """港澳台居民居住证: issued since 2018 to residents of Hong Kong (810000), Macao (820000) and Taiwan (830000)."""
    PERMANENT_RESIDENCE = "permanent_residence"
    """外国人永久居留身份证, edition of 2023: 9, province 2, nationality by ISO 3166-1 numeric 3, then as all."""
    PASSPORT = "passport"
    """护照"""


_PERMITS = ("810000", "820000", "830000")


def kind_of_number(number: str) -> DocumentKind:
    """The kind of an identity number that has been read and normalised."""
    if number.startswith("9"):
        return DocumentKind.PERMANENT_RESIDENCE
    if number.startswith(_PERMITS):
        return DocumentKind.RESIDENCE_PERMIT
    return DocumentKind.RESIDENT_IDENTITY_CARD


def is_place_known(number: str) -> bool:
    """Whether the number's place was ever a county (GB/T 2260 of every year), or a province where it names that only.

    To warn by, never to refuse by: codes are abolished and reused, and no list is complete.
    """
    match kind_of_number(number):
        case DocumentKind.RESIDENCE_PERMIT:
            return True
        case DocumentKind.PERMANENT_RESIDENCE:
            return "province" in _place(number[1:3] + "0000")
    return "county" in _place(number[:6])


def _place(code: str) -> dict[str, str]:
    return {name: value for _, found in _places().info(code) for name, value in found.items()}


@cache
def _places() -> Any:
    return numdb.get("cn/loc")


# Passports

_ISO_3166 = """
ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM
BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR
CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB
GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA
JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA
MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR
NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS
SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON
TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE
"""
_COUNTRIES = frozenset(_ISO_3166.split())
"""ISO 3166-1 alpha-3."""
_OTHER_ISSUERS = frozenset({"UNO", "UNA", "XOM", "XXA", "XXB", "XXC", "RKS", "EUE"})
"""Issuers that are no country: organisations, and travel documents of the stateless (ICAO Doc 9303, part 3)."""

_PASSPORT = re.compile(r"(?:([A-Z]{3})[ :/])?([A-Z0-9]{5,20})")
_CHINESE = re.compile(
    r"E[A-HJ-NP-Z0-9][0-9]{7}|G[0-9]{8}|1[45][0-9]{7}|[DSP]E?[0-9]{7,8}|[HK][A-Z0-9][0-9]{7}|M[AB][0-9]{7}"
)
"""Ordinary (E, EA …, formerly G and 14, 15), diplomatic, service and public affairs; of Hong Kong and Macao."""

_PASSPORT_TEXT = both(
    "护照号不正确: 写签发国三位代码和号码, 如 CHN E12345678; 中国护照可只写号码。",
    "Not a passport. Write the issuing country's three letters and the number, as in CHN E12345678.",
)


def normalise_passport(text: str) -> str:
    """`CHN E12345678`: issuing country by ISO 3166-1 alpha-3 and the number; ValueError if it cannot be a passport.

    A number alone is a Chinese passport if it looks like one; of other countries any 5 to 20 letters and digits.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).upper().replace("-", "").split())
    read = _PASSPORT.fullmatch(plain)
    if read is None:
        raise ValueError(_PASSPORT_TEXT)
    country, number = read[1] or "CHN", read[2]
    known = country in _COUNTRIES or country in _OTHER_ISSUERS
    if not known or not any(sign.isdigit() for sign in number) or (country == "CHN" and not _CHINESE.fullmatch(number)):
        raise ValueError(_PASSPORT_TEXT)
    return f"{country} {number}"


def mask_passport(passport: str) -> str:
    """`CHN E12345678` → `CHN E*******8`."""
    country, _, number = passport.partition(" ")
    return f"{country} {number[:1]}{'*' * (len(number) - 2)}{number[-1:]}"


PassportText = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(normalise_passport),
    Field(json_schema_extra={"format": "passport"}),
]
