import re
from datetime import date

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import Bilingual
from shared.identity import (
    FreeText,
    IdentityNumber,
    IdentityNumberText,
    MobileText,
    PersonName,
    PhoneText,
    Sex,
    UsccText,
    make_identity_number,
    mask_identity_number,
    mask_name,
    mask_phone,
    normalise_identity_number,
    normalise_mobile,
    normalise_name,
    normalise_own_phone,
    normalise_phone,
    normalise_text,
    normalise_uscc,
)

dates = st.dates(date(1900, 1, 1), date(2026, 1, 1))
USCC = "91110000600037341L"


@given(st.integers(100_000, 999_999), dates, st.integers(0, 999))
def test_made_numbers_say_birth_and_sex(county: int, birth_on: date, sequence: int) -> None:
    number = IdentityNumber.parse(make_identity_number(str(county), birth_on, sequence))
    assert (number.county_code, number.birth_on) == (str(county), birth_on)
    assert number.sex is (Sex.MALE if sequence % 2 else Sex.FEMALE)


@given(dates, st.integers(0, 999), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(birth_on: date, sequence: int, position: int, shift: int) -> None:
    number = make_identity_number("150299", birth_on, sequence)
    if number[position] == "X":
        return
    wrong = str((int(number[position]) + shift) % 10)
    with pytest.raises(ValueError):
        IdentityNumber.parse(number[:position] + wrong + number[position + 1 :])


def test_the_standards_own_example() -> None:
    number = IdentityNumber.parse("11010519491231002X")
    assert (number.birth_on, number.sex) == (date(1949, 12, 31), Sex.FEMALE)


def test_a_number_of_a_county_that_the_published_list_dates_too_late() -> None:
    assert IdentityNumber.parse(make_identity_number("150207", date(1941, 3, 5), 12)).birth_on.year == 1941


@pytest.mark.parametrize(
    "text", [" 11010519491231002x", "110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ"]
)
def test_spellings_of_one_number_normalise_alike(text: str) -> None:
    assert normalise_identity_number(text) == "11010519491231002X"


@time_machine.travel("2026-11-22T15:59:00Z")
def test_dates_that_cannot_be_are_refused() -> None:
    assert IdentityNumber.parse(make_identity_number("150299", date(2026, 11, 22), 1))
    with pytest.raises(ValueError):
        IdentityNumber.parse(make_identity_number("150299", date(2026, 11, 23), 1))
    with pytest.raises(ValueError):
        IdentityNumber.parse(make_identity_number("150299", date(1849, 1, 1), 1))
    with pytest.raises(ValueError):
        IdentityNumber.parse("150299200202300018")


def test_its_repr_is_masked() -> None:
    assert repr(IdentityNumber.parse("11010519491231002X")) == "IdentityNumber(1****************X)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("１９９００００００００", "+8619900000000"),
        ("0472-5168888", "+864725168888"),
        ("(0472) 516 8888", "+864725168888"),
        ("400-800-1234", "+864008001234"),
        ("+852 9123 4567", "+85291234567"),
        *((number, number) for number in ("110", "119", "120", "122", "12345", "12348", "10086", "96110", "95588")),
    ],
)
def test_phones_normalise(text: str, expected: str) -> None:
    assert normalise_phone(text) == expected
    assert normalise_phone(expected) == expected


@pytest.mark.parametrize(
    "text", ["", "5168888", "1380013800", "138001380001", "99", "+", "电话", "04725168888转8", "+1 555"]
)
def test_what_nobody_can_dial_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        normalise_phone(text)


@pytest.mark.parametrize("text", ["110", "12345", "10086", "1381380000"])
def test_nobody_owns_the_number_of_a_service(text: str) -> None:
    with pytest.raises(ValueError):
        normalise_own_phone(text)


@pytest.mark.parametrize("text", ["13800138000", "0472-5168888", "+852 9123 4567"])
def test_a_number_of_ones_own_is_a_number(text: str) -> None:
    assert normalise_own_phone(text) == normalise_phone(text)


def test_a_mobile_can_receive_a_code() -> None:
    assert normalise_mobile("199 0000 0001") == "+8619900000001"
    for text in ("0472-5168888", "110", "+85291234567"):
        with pytest.raises(ValueError):
            normalise_mobile(text)


def test_credit_codes() -> None:
    assert normalise_uscc("91110000 600037341l") == USCC
    for text in ("91110000600037341X", "9111", ""):
        with pytest.raises(ValueError):
            normalise_uscc(text)


def test_names_are_unified() -> None:
    assert normalise_name("  张　三 ") == "张三"
    assert normalise_name("阿不都 • 买买提") == "阿不都·买买提"
    assert normalise_name("John   Smith") == "John Smith"
    assert normalise_name("e\u0301") == "é"


def test_free_text_keeps_lines_and_tabs() -> None:
    assert normalise_text("怕狗\r\n\t爱听戏\r ") == "怕狗\n\t爱听戏"


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\ud800", "\u202e", "\u2066", "\u200f", "\ufffe"])
def test_invisible_characters_are_refused(character: str) -> None:
    for normalise in (normalise_name, normalise_text):
        with pytest.raises(ValueError):
            normalise(f"张{character}三")


@pytest.mark.parametrize("character", ["\n", "\t", "\u2028", "\u200b", "\ufeff"])
def test_names_are_one_visible_line(character: str) -> None:
    with pytest.raises(ValueError):
        normalise_name(f"张{character}三")


def test_nothing_but_spaces_is_refused() -> None:
    for normalise in (normalise_name, normalise_text):
        with pytest.raises(ValueError):
            normalise(" \u3000 ")


@given(st.text(min_size=1, max_size=50))
def test_the_published_pattern_says_what_is_accepted(text: str) -> None:
    for kind in (PersonName, FreeText):
        adapter = TypeAdapter(kind)
        pattern = adapter.json_schema()["pattern"].replace("$", r"\Z")
        try:
            accepted = bool(adapter.validate_python(text))
        except ValidationError:
            accepted = False
        assert accepted == bool(re.search(pattern, text))


@given(st.text(max_size=50))
def test_normalising_twice_changes_nothing(text: str) -> None:
    for normalise in (normalise_name, normalise_text):
        try:
            once = normalise(text)
        except ValueError:
            continue
        assert normalise(once) == once


class Form(BaseModel):
    name: PersonName = "张三"
    note: FreeText = "无"
    identity_number: IdentityNumberText | None = None
    phone: PhoneText = "110"
    mobile: MobileText = "13800138000"
    uscc: UsccText | None = None


@pytest.mark.parametrize(
    ("field", "secret"),
    [
        ("name", "秘密\u202e"),
        ("note", "秘密\0"),
        ("identity_number", "110105194912310020"),
        ("phone", "5168888"),
        ("mobile", "5168888"),
        ("uscc", "91110000600037341X"),
    ],
)
def test_errors_are_bilingual_and_do_not_echo(field: str, secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate({field: secret})
    (error,) = caught.value.errors(include_input=False)
    text = error["ctx"]["error"].args[0]  # type: ignore[typeddict-item]
    assert isinstance(text, Bilingual) and text.zh and text.en
    assert secret.strip("\u202e\0") not in str(error)


def test_types_normalise() -> None:
    form = Form(identity_number="11010519491231002x", phone="0472 5168888", mobile="138 0013 8000", uscc=USCC.lower())
    assert (form.identity_number, form.phone, form.mobile, form.uscc) == (
        "11010519491231002X",
        "+864725168888",
        "+8613800138000",
        USCC,
    )


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三丰", "张*"),
        ("张三", "张*"),
        ("欧阳锋", "欧阳*"),
        ("欧阳", "欧*"),
        ("阿不都·买买提", "阿*"),
        ("John Smith", "J*"),
        ("张", "*"),
        ("", "*"),
    ],
)
def test_masked_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+8613800138000", "138****8000"),
        ("13800138000", "138****8000"),
        ("+864725168888", "+86****88"),
        ("+85291234567", "+85****67"),
        ("110", "110"),
        ("12345", "12345"),
        ("", "****"),
    ],
)
def test_masked_phones(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_masked_identity_numbers() -> None:
    assert mask_identity_number("11010519491231002X") == "1****************X"
    assert mask_identity_number("12") == "**"
