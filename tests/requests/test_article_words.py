"""Whatever stands in an article finds it, as it is written, as it is read, and by its initials. No database."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.knowledge.words import dictionary, fold, is_han, marks, pieces, read, terms_of, tsquery, tsvector

TEXTS = (
    "城乡居民基本医疗保险门诊费用报销比例与限额",
    "高龄津贴发放办法: 八十周岁以上老人每月一百元",
    "办理居住证需要什么材料, 多少天能取? Residence permit 2026",
    "慢性病 (高血压、糖尿病) 长处方一次可开十二周",
)
PARTS = st.sampled_from(TEXTS).flatmap(
    lambda text: st.tuples(st.just(text), st.integers(0, len(text) - 1), st.integers(1, 12))
)


def holds(text: str, query: str, *, every: bool = True) -> bool:
    """What PostgreSQL would answer, over the words as a set."""
    filed = set(re.findall(r"'([^']+)'", tsvector([("A", text)])))

    def has(word: str) -> bool:
        name = word.split("'")[1]
        return any(each.startswith(name) for each in filed) if word.endswith(":*") else name in filed

    asked = tsquery(terms_of(query), every=every)
    expression = re.sub(r"'[^']+'(?::\*)?", lambda word: str(has(word[0])), asked)
    return bool(eval(expression.replace("&", "and").replace("|", "or")))  # True, False, brackets


@given(PARTS)
def test_every_stretch_of_a_text_finds_it(part: tuple[str, int, int]) -> None:
    text, start, length = part
    query = text[start : start + length]
    if list(pieces(fold(query))) and not re.search(r"[A-Za-z0-9]", query):
        assert holds(text, query), query


@given(st.sampled_from(TEXTS), st.data())
def test_every_word_finds_it_as_it_is_read_and_by_its_initials(text: str, data: st.DataObject) -> None:
    words = [word for piece in pieces(fold(text)) if is_han(piece[0]) for word in dictionary().cut(piece[0])]
    word = data.draw(st.sampled_from(words))
    for way in read(word):
        assert holds(text, way), (word, way)
        assert marks(text, terms_of(way)), (word, way)
    assert holds(text, word)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_filed_and_any_search_is_a_query(text: str, query: str) -> None:
    """Nothing that anybody writes or asks breaks out of its quotation marks."""
    filed = tsvector([("B", text)])
    assert re.fullmatch(r"('[^'\\\s]+':[0-9B,]+( |$))*", filed)
    if terms := terms_of(query):
        assert re.fullmatch(r"[()&| ]*('[^'\\\s]+'(:\*)?[()&| ]*)+", tsquery(terms, every=True))
    for mark in marks(text, terms):
        assert 0 <= mark.start < mark.end <= len(text)


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("医疗保险", "医疗保险"),
        ("yiliaobaoxian", "医疗保险"),
        ("ylbx", "医疗保险"),
        ("yiliao", "医疗"),
        ("门诊能报多少", "门诊"),
    ],
)
def test_what_was_hit_is_marked(query: str, hit: str) -> None:
    text = TEXTS[0]
    found = [text[mark.start : mark.end] for mark in marks(text, terms_of(query))]
    assert any(hit in each or each in hit for each in found), found


def test_words_that_say_nothing_ask_for_nothing() -> None:
    assert not any(term.is_telling for term in terms_of("是多少"))
    assert [term.words for term in terms_of("报销多少")] == [("报销",)]
    assert terms_of("!?。") == []
