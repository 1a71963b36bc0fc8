import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.names import Fit, fold, name_words, parts, query_words, readings, surnames, whole_words
from shared.surnames import COMPOUND_SURNAMES, SURNAME_READINGS

SURNAMES = [*"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗吕卢", *SURNAME_READINGS, *sorted(COMPOUND_SURNAMES)]
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉梅建国志华文红春燕晓东海龙凤云飞鹏宇浩然长乐绿女略安"
PARTS = ["阿不都", "买买提", "热依木", "巴特尔", "斯琴高娃", "古丽", "那顺", "白音"]

given_names = st.text(st.sampled_from(GIVEN), min_size=1, max_size=2)
han_names = st.builds(str.__add__, st.sampled_from(SURNAMES), given_names)
dotted_names = st.lists(st.sampled_from(PARTS), min_size=2, max_size=3).map("·".join)
names = han_names | dotted_names | st.sampled_from(["John Smith", "𠮷田一", "张A", "ᠪᠠᠲᠤ", "那仁·Bat"])


def finds(query: str, name: str) -> bool:
    wanted, filed = query_words(query), name_words(name).keys()
    return bool(wanted) and all(words & filed for words in wanted)


def fit(query: str, name: str) -> Fit | None:
    """How well the query as a whole fits the name."""
    return min((name_words(name)[word] for word in whole_words(query) & name_words(name).keys()), default=None)


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
        assert not query_words(name) and not name_words(name)


@given(st.sampled_from(SURNAMES), given_names)
def test_found_by_surname_ahead_of_those_who_have_it_elsewhere(surname: str, given_name: str) -> None:
    name = surname + given_name
    reading = "".join(readings(name)[0][: len(surname)])
    for query in (surname, reading):
        assert finds(query, name)
        assert fit(query, name) <= Fit.BEGINNING
        assert fit(query, surname) is Fit.WHOLE


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


@given(han_names, st.data())
def test_found_by_any_mixture_of_syllables_and_initials(name: str, data: st.DataObject) -> None:
    """`zhangsf`, `zsanf`, `zhsf`, `sanf`: every run of the name, each syllable in full or by its initial."""
    reading = readings(name)[0]
    start = data.draw(st.integers(0, len(reading) - 1))
    end = data.draw(st.integers(start + 1, len(reading)))
    forms = [
        data.draw(st.sampled_from([syllable, syllable[0], *([syllable[:2]] if syllable[1:2] == "h" else [])]))
        for syllable in reading[start:end]
    ]
    assert finds("".join(forms), name), forms
    assert finds(" ".join(forms), name), forms


@given(names)
def test_the_whole_name_fits_best_however_it_is_written(name: str) -> None:
    reading = readings(name)[0]
    initials = "".join(syllable[0] for syllable in reading)
    for query in (name, name.replace("·", ""), " ".join(reading), "".join(reading).upper(), initials):
        assert fit(query, name) is Fit.WHOLE, query


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


@pytest.mark.parametrize(
    "query",
    ["zhangsf", "zsanf", "zhsf", "zhangsanfeng", "zhang san feng", "sanfeng", "sf", "z s f", "zhang s f", "zsfeng"],
)
def test_syllables_and_initials_mix(query: str) -> None:
    assert finds(query, "张三丰")
    assert not finds(query, "李四")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("阿不都热依木", "阿不都·热依木"),
        ("热依木", "阿不都·热依木"),
        ("abudu", "阿不都·热依木"),
        ("abudureyimu", "阿不都·热依木"),
        ("Abudu Reyimu", "阿不都·热依木"),
        ("reyimu", "阿不都·热依木"),
        ("abdryim", "阿不都·热依木"),
        ("阿拉坦其其格", "阿拉坦·其其格"),
        ("qiqige", "阿拉坦其其格"),
        ("altan", "Altantsetseg Bat"),
        ("BAT", "Altantsetseg Bat"),
        ("altantsetsegbat", "Altantsetseg·Bat"),
        ("古丽", "阿衣古丽·买买提艾力"),
        ("maimaitiaili", "阿衣古丽·买买提艾力"),
    ],
)
def test_names_of_several_parts(query: str, name: str) -> None:
    assert finds(query, name) == (query != "abdryim"), "an initial stands for a character, not for a sound"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("张三丰", ("张",)), ("欧阳锋", ("欧阳", "欧")), ("欧阳", ("欧", "欧阳")), ("那·音", ("那", "音")), ("", ())],
)
def test_every_plausible_surname(name: str, expected: tuple[str, ...]) -> None:
    assert surnames(name) == expected


def test_nothing_to_search_by_gives_nothing() -> None:
    assert query_words(" ·-!") == [] == query_words("")
    assert name_words(" ·-!") == {} and whole_words("…") == set()
    assert readings("") == []


@given(st.text(st.sampled_from([*GIVEN, *"乐长重单曾行着", "·", " ", *"abcxyz"]), max_size=50))
def test_words_stay_few(name: str) -> None:
    short = len(name) <= 4
    assert len(name_words(name)) <= (350 if short else 1500)


def test_words_of_common_names_are_few() -> None:
    assert len(name_words("张三丰")) <= 28
    assert len(name_words("单" * 50)) < 1000
    assert len(name_words("阿不都·热依木")) <= 110


def test_the_same_name_in_other_spelling_is_the_same_word() -> None:
    assert whole_words("阿不都·买买提") == whole_words("阿不都・买买提") == whole_words("阿不都 买买提")
    assert fold("ＡＢ　張") == "ab 張"
