"""What somebody typed into the one box of the search, understood by its shape. Pure.

Words are separated by spaces or commas and all have to fit: `zsf 3栋`, `张 80岁以上`, `8000 独居`.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from services.residents.contact_cards.codes import read_code
from services.residents.people.ages import OLDEST
from services.residents.people.models import TagKind
from services.residents.search.places import Fragment, number
from shared.documents import normalise_passport
from shared.identity import normalise_identity_number, normalise_phone

_BETWEEN = re.compile(r"[\s,,、;;]+")
_MOBILE = re.compile(r"(?<![0-9])(1[3-9][0-9])[ -]([0-9]{4})[ -]([0-9]{4})(?![0-9])")
_AGE = re.compile(
    r"(?P<from>[0-9]{1,3})(?:[-~—–至到](?P<to>[0-9]{1,3}))?(?:周?岁(?P<bound>以上|及以上|以下|及以下|\+)?|(?P<plus>\+))"
)
_COMPARED = re.compile(r"(?P<sign>>=|≥|>|<=|≤|<)(?P<limit>[0-9]{1,3})(?:周?岁)?")
_BIRTH = re.compile(r"((?:18|19|20)[0-9]{2})[-./年]?([01]?[0-9])[-./月]?([0-3]?[0-9])日?(?:生|出生)?")
_PASSPORT = re.compile(r"[A-Z]{1,2}[0-9]{7,8}|[A-Z]{3}[:/][A-Z0-9]{5,20}", re.IGNORECASE)
_LAST_FOUR = re.compile(r"(?:尾号|末四位|后四位)?([0-9]{3}[0-9Xx])")
_NUMBER = re.compile(r"[0-9]{1,4}[A-Za-z]?")
_COLOUR = re.compile(r"(?P<name>.{1,6}?)(?:色户卡|色户|色卡|色|户|卡|牌)")
_NUMERALS = re.compile(r"[一二三四五六七八九十百]{1,5}(?=周?岁)")
_COLOURS = frozenset({"red", "orange", "yellow", "green", "blue", "purple", "white", "black", "grey", "gray", "pink"})

_TAGS: dict[str, TagKind] = {
    "退役军人": TagKind.VETERAN,
    "军人": TagKind.VETERAN,
    "残疾": TagKind.DISABLED,
    "残疾人": TagKind.DISABLED,
    "行动不便": TagKind.LIMITED_MOBILITY,
    "老干部": TagKind.OLD_CADRE,
    "老党员": TagKind.OLD_PARTY_MEMBER,
    "困难": TagKind.HARDSHIP,
    "困难群众": TagKind.HARDSHIP,
    "困难儿童": TagKind.CHILD_IN_HARDSHIP,
    "认知症": TagKind.DEMENTIA,
    "失智": TagKind.DEMENTIA,
    "独居": TagKind.LIVING_ALONE,
    "独居老人": TagKind.LIVING_ALONE,
} | {kind.value: kind for kind in TagKind}
_AGES = {
    "老人": (60, OLDEST),
    "低龄老人": (60, 69),
    "高龄": (80, OLDEST),
    "高龄老人": (80, OLDEST),
    "儿童": (0, 13),
    "未成年": (0, 17),
}


@dataclass(slots=True, repr=False)
class Wanted:
    """Who is looked for. All of it must fit; personal, so it is neither logged nor kept."""

    names: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """A piece of a name, or of a compound's name."""
    phones: list[str] = field(default_factory=list)
    identity_numbers: list[str] = field(default_factory=list)
    passports: list[str] = field(default_factory=list)
    last_four: list[str] = field(default_factory=list)
    birth_dates: list[date] = field(default_factory=list)
    youngest: int = 0
    oldest: int = OLDEST
    tags: list[TagKind] = field(default_factory=list)
    colours: list[str] = field(default_factory=list)
    """As written: `黄卡`, `yellow`."""
    cards: list[str] = field(default_factory=list)
    """Codes of contact cards."""
    addresses: list[Fragment] = field(default_factory=list)
    """Of one and the same address."""

    def is_aged(self) -> bool:
        return (self.youngest, self.oldest) != (0, OLDEST)

    def aged(self, youngest: int, oldest: int) -> None:
        self.youngest, self.oldest = max(self.youngest, youngest), min(self.oldest, oldest)


def read_words(text: str) -> Wanted:
    """Understand each word by its shape; what has none of its own is a piece of a name or of a compound's."""
    wanted = Wanted()
    numbers: list[str] = []
    plain = _MOBILE.sub(r"\1\2\3", unicodedata.normalize("NFKC", text))
    for word in _BETWEEN.split(plain.strip()):
        if not word:
            continue
        if _NUMBER.fullmatch(word):
            numbers.append(word)
        elif not any(read(wanted, word) for read in _SHAPES):
            wanted.words.append(word)
    for word in numbers:
        _read_number(wanted, word)
    return wanted


def _read_number(wanted: Wanted, word: str) -> None:
    """A bare number: four digits end a phone or a document, unless they stand behind an address, where they are the
    room; fewer are a room or a building."""
    at_a_building = any(each.building for each in wanted.addresses)
    at_a_door = any(each.room for each in wanted.addresses)
    if (at_a_building and not at_a_door) or len(word) == 3:
        wanted.addresses.append(Fragment(room=word.upper()))
    elif not _read_last_four(wanted, word):
        wanted.addresses.append(Fragment(building=number(word)))


def _read_identity_number(wanted: Wanted, word: str) -> bool:
    return _kept(wanted.identity_numbers, normalise_identity_number, word) if len(word) == 18 else False


def _read_passport(wanted: Wanted, word: str) -> bool:
    return _kept(wanted.passports, normalise_passport, word) if _PASSPORT.fullmatch(word) else False


def _read_card(wanted: Wanted, word: str) -> bool:
    code = read_code(word)
    if code is not None:
        wanted.cards.append(code)
    return code is not None


def _read_birth_date(wanted: Wanted, word: str) -> bool:
    found = _BIRTH.fullmatch(word)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        return False
    if day is not None:
        wanted.birth_dates.append(day)
    return day is not None


def _read_phone(wanted: Wanted, word: str) -> bool:
    digits = sum(character.isdigit() for character in word)
    return _kept(wanted.phones, normalise_phone, word) if digits >= 7 else False


def _kept(values: list[str], normalise: Callable[[str], str], word: str) -> bool:
    try:
        values.append(normalise(word))
    except ValueError:
        return False
    return True


def _read_age(wanted: Wanted, word: str) -> bool:
    plain = _NUMERALS.sub(lambda found: number(found[0]), word)
    if group := _AGES.get(plain):
        wanted.aged(*group)
    elif compared := _COMPARED.fullmatch(plain):
        limit, sign = int(compared["limit"]), compared["sign"]
        if sign[0] in ">≥":
            wanted.aged(limit + (sign == ">"), OLDEST)
        else:
            wanted.aged(0, limit - (sign == "<"))
    elif found := _AGE.fullmatch(plain):
        low, bound = int(found["from"]), found["bound"] or found["plus"] or ""
        high = int(found["to"] or low)
        wanted.aged(0 if "下" in bound else low, OLDEST if "上" in bound or "+" in bound else high)
    else:
        return False
    return True


def _read_last_four(wanted: Wanted, word: str) -> bool:
    if found := _LAST_FOUR.fullmatch(word):
        wanted.last_four.append(found[1].upper())
    return found is not None


def _read_tag(wanted: Wanted, word: str) -> bool:
    kind = _TAGS.get(word.casefold())
    if kind is not None:
        wanted.tags.append(kind)
    return kind is not None


def _read_colour(wanted: Wanted, word: str) -> bool:
    plain = word.casefold()
    is_colour = plain in _COLOURS or _COLOUR.fullmatch(plain) is not None
    if is_colour:
        wanted.colours.append(word)
    return is_colour


def colour_name(word: str) -> str:
    """What is left of `黄色卡` or `黄户`: the name that a scheme may give a colour."""
    found = _COLOUR.fullmatch(word.casefold())
    return found["name"] if found else word.casefold()


def _read_address(wanted: Wanted, word: str) -> bool:
    fragment = Fragment.read(word)
    if fragment is not None:
        wanted.addresses.append(fragment)
    return fragment is not None


_SHAPES: tuple[Callable[[Wanted, str], bool], ...] = (
    _read_identity_number,
    _read_passport,
    _read_card,
    _read_birth_date,
    _read_phone,
    _read_tag,
    _read_age,
    _read_address,
    _read_last_four,
    _read_colour,
)
"""In this order: the first that fits has it."""
