"""One box: each word is understood by its shape."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.residents.contact_cards.codes import with_check_symbol
from services.residents.people.ages import OLDEST, age_on, birth_periods
from services.residents.people.models import TagKind
from services.residents.search.places import Fragment, Place, named, number
from services.residents.search.words import Wanted, read_words

CODE = with_check_symbol(list(range(1, 30, 2)))


def read(text: str) -> dict[str, Any]:
    """What was understood, without what was left at rest."""
    wanted, empty = read_words(text), Wanted()
    return {name: value for name in Wanted.__slots__ if (value := getattr(wanted, name)) != getattr(empty, name)}


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("zhangsf", {"words": ["zhangsf"]}),
        ("张 三丰", {"words": ["张", "三丰"]}),
        ("zsf 3栋", {"words": ["zsf"], "addresses": [Fragment(building="3")]}),
        ("张 80岁以上", {"words": ["张"], "youngest": 80}),
        ("八十岁以上", {"youngest": 80}),
        ("80+", {"youngest": 80}),
        (">80", {"youngest": 81}),
        ("≤17岁", {"oldest": 17}),
        ("60-69岁", {"youngest": 60, "oldest": 69}),
        ("60到69岁", {"youngest": 60, "oldest": 69}),
        ("85岁", {"youngest": 85, "oldest": 85}),
        ("18岁以下", {"oldest": 18}),
        ("高龄 独居", {"youngest": 80, "tags": [TagKind.LIVING_ALONE]}),
        ("残疾人,认知症", {"tags": [TagKind.DISABLED, TagKind.DEMENTIA]}),
        ("living_alone", {"tags": [TagKind.LIVING_ALONE]}),
        ("13800138000", {"phones": ["+8613800138000"]}),
        ("138 0013 8000 张", {"phones": ["+8613800138000"], "words": ["张"]}),
        ("+86-13800138000", {"phones": ["+8613800138000"]}),
        ("0472-5123456", {"phones": ["+864725123456"]}),
        ("8000", {"last_four": ["8000"]}),
        ("123x", {"last_four": ["123X"]}),
        ("尾号8000", {"last_four": ["8000"]}),
        ("张 8000", {"last_four": ["8000"], "words": ["张"]}),
        ("150299194605030018", {"words": ["150299194605030018"]}),
        ("11010519491231002x", {"identity_numbers": ["11010519491231002X"]}),
        ("e12345678", {"passports": ["CHN E12345678"]}),
        ("fra:21ab34567", {"passports": ["FRA 21AB34567"]}),
        ("19460503", {"birth_dates": [date(1946, 5, 3)]}),
        ("1946年5月3日", {"birth_dates": [date(1946, 5, 3)]}),
        ("1946-05-03", {"birth_dates": [date(1946, 5, 3)]}),
        (CODE, {"cards": [CODE]}),
        ("黄卡", {"colours": ["黄卡"]}),
        ("yellow", {"colours": ["yellow"]}),
        ("3栋2单元", {"addresses": [Fragment(building="3", unit="2")]}),
        ("3号楼2单元301室", {"addresses": [Fragment(building="3", unit="2", room="301")]}),
        ("三栋二单元", {"addresses": [Fragment(building="3", unit="2")]}),
        ("十二号楼", {"addresses": [Fragment(building="12")]}),
        ("阳光 5-2-301", {"words": ["阳光"], "addresses": [Fragment(building="5", unit="2", room="301")]}),
        ("阳光5-2-301", {"addresses": [Fragment("阳光", "5", "2", "301")]}),
        ("5-301", {"addresses": [Fragment(building="5", room="301")]}),
        ("5-2", {"addresses": [Fragment(building="5", unit="2")]}),
        ("开元小区A座", {"addresses": [Fragment("开元小区", "A")]}),
        ("yg5-2-301", {"addresses": [Fragment("yg", "5", "2", "301")]}),
        ("3栋 1702", {"addresses": [Fragment(building="3"), Fragment(room="1702")]}),
        ("301室", {"addresses": [Fragment(room="301")]}),
        ("", {}),
        ("  ,,", {}),
    ],
)
def test_words_are_understood_by_their_shape(text: str, understood: dict[str, Any]) -> None:
    assert read(text) == understood


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read(text: str) -> None:
    read_words(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3号楼", "3"), ("03栋", "3"), ("三栋", "3"), ("二十一号楼", "21"), ("一百零二室", "102"), ("3#", "3"),
     ("A座", "A"), ("2单元", "2"), ("", ""), ("南楼", "南楼"), ("开元3号楼", "3"), ("〇", "0")],
)  # fmt: skip
def test_numbers_of_buildings(text: str, expected: str) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("阳光", True),
        ("花园", True),
        ("阳光花园", True),
        ("yghy", True),
        ("yangguang", True),
        ("ygh", True),
        ("富贵", False),
    ],
)
def test_a_compound_is_known_by_a_part_of_its_name(part: str, expected: bool) -> None:
    assert named(part, "阳光花园") is expected


def test_an_address_means_every_entrance_that_it_does_not_exclude() -> None:
    place = Place("阳光花园", "5号楼", "2单元")
    for fragment in (
        Fragment(),
        Fragment("阳光"),
        Fragment(building="5"),
        Fragment("阳光", "5", "2"),
        Fragment(building="5号楼"),
    ):
        assert fragment.matches(place)
    for fragment in (Fragment("富贵"), Fragment(building="6"), Fragment(building="5", unit="3")):
        assert not fragment.matches(place)


@given(
    st.dates(date(1890, 1, 1), date(2030, 12, 31)),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.integers(0, OLDEST),
    st.integers(0, 40),
)
def test_ages_are_exact_to_the_day(born: date, day: date, youngest: int, span: int) -> None:
    oldest = min(youngest + span, OLDEST)
    periods = birth_periods(youngest, oldest, day)
    hits = sum(born.isoformat()[:length] in periods for length in (4, 7, 10))
    assert len(periods) == len(set(periods)) <= 62 + 22 + span + 1
    if born <= day:
        assert hits == (youngest <= age_on(born, day) <= oldest)
