import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.names import exact_token, fold, parts, query_tokens, readings, search_tokens, surname_tokens, surnames
from shared.surnames import COMPOUND_SURNAMES, SURNAME_READINGS

SURNAMES = [*"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗吕卢", *SURNAME_READINGS, *sorted(COMPOUND_SURNAMES)]
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉梅建国志华文红春燕晓东海龙凤云飞鹏宇浩然长乐绿女略安"
PARTS = ["阿不都", "买买提", "热依木", "巴特尔", "斯琴高娃", "古丽", "那顺", "白音"]

given_names = st.text(st.sampled_from(GIVEN), min_size=1, max_size=2)
han_names = st.builds(str.__add__, st.sampled_from(SURNAMES), given_names)
dotted_names = st.lists(st.sampled_from(PARTS), min_size=2, max_size=3).map("·".join)
names = han_names | dotted_names | st.sampled_from(["John Smith", "𠮷田一", "张A", "ᠪᠠᠲᠤ", "那仁·Bat"])


def finds(query: str, name: str) -> bool:
    wanted = query_tokens(query)
    return bool(wanted) and wanted <= search_tokens(name)


@given(names)
def test_found_by_itself(name: str) -> None:
    assert finds(name, name)
    assert finds(name.replace("·", "・"), name) and finds(name.replace("·", " • "), name)
    assert finds(name.upper(), name)


@given(dotted_names)
def test_found_without_dots(name: str) -> None:
    assert finds(name.replace("·", ""), name)
    assert all(finds(part, name) for part in name.split("·"))


@given(st.text(max_size=12))
def test_anything_with_a_letter_is_found_by_itself(name: str) -> None:
    if parts(name):
        assert finds(name, name)
    else:
        assert not query_tokens(name) and not search_tokens(name)


@given(st.sampled_from(SURNAMES), given_names)
def test_found_by_surname(surname: str, given_name: str) -> None:
    name = surname + given_name
    assert finds(surname, name)
    assert surname_tokens(surname) <= search_tokens(name)
    reading = "".join(readings(name)[0][: len(surname)])
    assert finds(reading, name)
    assert surname_tokens(reading) <= search_tokens(name)


@given(names, st.data())
def test_found_by_every_reading_however_it_is_typed(name: str, data: st.DataObject) -> None:
    reading = data.draw(st.sampled_from(readings(name)))
    for query in (" ".join(reading), "".join(reading), "".join(reading).upper(), "-".join(reading)):
        for typed in (query, query.replace("ü", "v"), query.replace("ü", "u"), query.replace("ü", "u:")):
            assert finds(typed, name), typed


@given(han_names, st.data())
def test_found_by_initials_and_by_part_of_the_pinyin(name: str, data: st.DataObject) -> None:
    reading = data.draw(st.sampled_from(readings(name)))
    initials = "".join(syllable[0] for syllable in reading)
    assert finds(initials, name) and finds(" ".join(initials), name)
    start = data.draw(st.integers(0, len(reading) - 1))
    assert finds("".join(reading[start : start + 3]), name)
    assert finds(f"{reading[0]} {''.join(reading[1:])}", name)


@given(han_names, han_names)
def test_another_name_is_not_found(name: str, other: str) -> None:
    assume(name not in other)
    assert not finds(name, other) or set(name) <= set(other)


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("单雄信", "shan xiong xin"),
        ("仇英", "qiu ying"),
        ("曾国藩", "zeng guo fan"),
        ("解缙", "xie jin"),
        ("查良镛", "zha liang yong"),
        ("朴树", "piao shu"),
        ("区志强", "ou zhi qiang"),
        ("尉迟恭", "yu chi gong"),
        ("尉健行", "wei jian xing"),
        ("华罗庚", "hua luo geng"),
        ("任盈盈", "ren ying ying"),
        ("盖叫天", "ge jiao tian"),
        ("万俟卨", "mo qi xie"),
        ("长孙无忌", "zhang sun wu ji"),
        ("吕布", "lü bu"),
        ("张三丰", "zhang san feng"),
    ],
)
def test_surnames_are_read_as_surnames(name: str, reading: str) -> None:
    assert readings(name)[0] == tuple(reading.split())


@pytest.mark.parametrize(
    "query", ["Zhāng Sānfēng", "zhang1 san1 feng1", "zhang1san1feng1", "ＺＨＡＮＧ san", "zsf", "zhang s f"]
)
def test_pinyin_as_people_type_it(query: str) -> None:
    assert finds(query, "张三丰")
    assert not finds(query, "李四")


@pytest.mark.parametrize("query", ["lü bu", "lv bu", "lubu", "LYU BU", "Lǚ Bù", "lu:bu", "lv3bu4", "吕 布"])
def test_the_umlaut_as_people_type_it(query: str) -> None:
    assert finds(query, "吕布")


def test_xian_is_one_syllable_or_two() -> None:
    assert finds("xi'an", "张西安") and finds("xian", "张西安") and finds("xian", "张先")


def test_mixed_script_and_order_do_not_matter() -> None:
    assert finds("张san", "张三丰") and finds("三丰 张", "张三丰")
    assert not finds("丰三", "张三丰")


def test_surname_search_is_precise() -> None:
    assert surname_tokens("三") & search_tokens("张三丰") == set()
    assert surname_tokens("ouyang") <= search_tokens("欧阳锋")
    assert surname_tokens("ou") <= search_tokens("欧阳锋")
    assert surname_tokens("dan") <= search_tokens("单雄信")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("张三丰", ("张",)), ("欧阳锋", ("欧阳", "欧")), ("欧阳", ("欧", "欧阳")), ("那·音", ("那", "音")), ("", ())],
)
def test_every_plausible_surname(name: str, expected: tuple[str, ...]) -> None:
    assert surnames(name) == expected


def test_nothing_to_search_by_gives_nothing() -> None:
    assert query_tokens(" ·-!") == set() == search_tokens(" ·-!") == surname_tokens("…")
    assert readings("") == []


def test_tokens_stay_few() -> None:
    assert len(search_tokens("张三丰")) <= 20
    assert len(search_tokens("单" * 50)) < 1000
    assert len(search_tokens("阿不都·热依木")) <= 110


def test_the_same_name_in_other_spelling_has_the_same_exact_token() -> None:
    assert exact_token("阿不都·买买提") == exact_token("阿不都・买买提") == exact_token("阿不都 买买提")
    assert fold("ＡＢ　張") == "ab 張"
