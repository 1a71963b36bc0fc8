"""Which document a number belongs to, and what can be a passport."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents import (
    DocumentKind,
    is_place_known,
    kind_of_number,
    mask_passport,
    normalise_passport,
)
from shared.identity import IdentityNumber, make_identity_number

BIRTHDAYS = st.dates(date(1900, 1, 1), date(2020, 12, 31))


@pytest.mark.parametrize(
    ("place", "kind", "known"),
    [
        ("150207", DocumentKind.RESIDENT_IDENTITY_CARD, True),
        ("152127", DocumentKind.RESIDENT_IDENTITY_CARD, True),  # a banner abolished in 2001
        ("150299", DocumentKind.RESIDENT_IDENTITY_CARD, False),
        ("990101", DocumentKind.PERMANENT_RESIDENCE, False),
        ("911840", DocumentKind.PERMANENT_RESIDENCE, True),
        ("810000", DocumentKind.RESIDENCE_PERMIT, True),
        ("820000", DocumentKind.RESIDENCE_PERMIT, True),
        ("830000", DocumentKind.RESIDENCE_PERMIT, True),
        ("830001", DocumentKind.RESIDENT_IDENTITY_CARD, False),
    ],
)
def test_the_beginning_tells_the_kind_and_an_unknown_place_is_read_all_the_same(
    place: str, kind: DocumentKind, known: bool
) -> None:
    number = make_identity_number(place, date(1980, 2, 29), 7)
    assert IdentityNumber.parse(number).birth_on == date(1980, 2, 29)
    assert kind_of_number(number) is kind
    assert is_place_known(number) is known


@given(st.integers(100_000, 999_999), BIRTHDAYS, st.integers(0, 999))
def test_every_well_formed_number_has_a_kind(place: int, birth_on: date, sequence: int) -> None:
    number = IdentityNumber.parse(make_identity_number(str(place), birth_on, sequence)).value
    assert kind_of_number(number) in DocumentKind
    assert isinstance(is_place_known(number), bool)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("E12345678", "CHN E12345678"),
        ("chn ea1234567", "CHN EA1234567"),
        ("G12345678", "CHN G12345678"),
        ("PE1234567", "CHN PE1234567"),
        ("CHN K12345678", "CHN K12345678"),
        ("MNG:E1234567", "MNG E1234567"),
        ("DEU/C01X00T47", "DEU C01X00T47"),
        (" usa  123456789 ", "USA 123456789"),
        ("ＣＨＮ Ｅ１２３４５６７８", "CHN E12345678"),
    ],
)
def test_a_passport_is_its_country_and_its_number(written: str, read: str) -> None:
    assert normalise_passport(written) == read
    assert normalise_passport(read) == read


@pytest.mark.parametrize(
    "wrong",
    ["", "E1234567", "EI1234567", "CHN 123456789", "ABC 1234567", "USA 1234", "USA ABCDEFG", "USA " + "1" * 21, "护照"],
)
def test_what_cannot_be_a_passport_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="CHN E12345678"):
        normalise_passport(wrong)


@given(st.from_regex(r"[A-Z0-9]{4,19}[0-9]", fullmatch=True))
def test_a_masked_passport_keeps_country_and_two_characters(number: str) -> None:
    masked = mask_passport(normalise_passport(f"USA {number}"))
    assert len(masked) == len(number) + 4
    assert masked.replace("*", "") == f"USA {number[0]}{number[-1]}"
