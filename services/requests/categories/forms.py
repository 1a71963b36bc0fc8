"""Answers to a category's questions, checked against its form."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from pydantic import StrictFloat, StrictInt, StringConstraints

from services.requests.categories.schemas import Datatype, FormAttribute
from shared.errors import Invalid, both
from shared.identity import normalise_text

_Key = Annotated[str, StringConstraints(max_length=40)]
Answer = Annotated[str, StringConstraints(max_length=2000)] | StrictInt | StrictFloat | list[_Key]
_LONGEST = {Datatype.STRING: 200, Datatype.TEXT: 2000}

_MISSING = both("必填", "This is required")
_UNKNOWN = both("本类别没有这个问题", "This category does not ask that")
_NOTICE = both("此项仅供阅读, 不需填写", "This is to be read and takes no answer")
_RANGE = both("数字超出允许的范围", "The number lies outside what is allowed")
_WRONG = {
    Datatype.STRING: both("应为一行文字, 最多 200 字", "A line of at most 200 characters"),
    Datatype.TEXT: both("应为文字, 最多 2000 字", "Text of at most 2,000 characters"),
    Datatype.NUMBER: both("应为数字", "A number"),
    Datatype.DATETIME: both("应为带时区的时间 (RFC 3339)", "A time with its offset (RFC 3339)"),
    Datatype.SINGLE: both("不在可选值之内", "Not one of the allowed values"),
    Datatype.MULTIPLE: both("不在可选值之内", "Not among the allowed values"),
}


class _OutOfRange(ValueError):
    pass


def check_answers(form: Sequence[Mapping[str, Any]], answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers as they are kept; Invalid names every question that was answered wrongly or not at all."""
    questions = {attribute.code: attribute for attribute in map(FormAttribute.model_validate, form)}
    errors = [] if answers.keys() <= questions.keys() else [("/attributes", "unknown", _UNKNOWN)]
    kept: dict[str, Answer] = {}
    for code, question in questions.items():
        place = f"/attributes/{code}"
        if not question.variable:
            errors += [(place, "unknown", _NOTICE)] if code in answers else []
            continue
        if code not in answers:
            errors += [(place, "missing", _MISSING)] if question.required else []
            continue
        try:
            kept[code] = _READERS[question.datatype](question, answers[code])
        except _OutOfRange:
            errors.append((place, "range", _RANGE))
        except (ValueError, TypeError):
            errors.append((place, question.datatype.value, _WRONG[question.datatype]))
    if errors:
        raise Invalid(errors=[{"pointer": at, "code": code, "zh": said.zh, "en": said.en} for at, code, said in errors])
    return kept


def answers_that_fit(form: Sequence[Mapping[str, Any]], answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Of the answers to another category's form, those that this one asks for as well and that are right for it."""
    kept: dict[str, Answer] = {}
    for question in map(FormAttribute.model_validate, form):
        if question.variable and question.code in answers:
            with suppress(ValueError, TypeError):
                kept[question.code] = _READERS[question.datatype](question, answers[question.code])
    return kept


def _text(question: FormAttribute, answer: Answer) -> str:
    if not isinstance(answer, str) or len(answer) > _LONGEST[question.datatype]:
        raise ValueError
    text = normalise_text(answer)
    if question.datatype is Datatype.STRING and "\n" in text:
        raise ValueError
    return text


def _number(question: FormAttribute, answer: Answer) -> int | float:
    if not isinstance(answer, int | float) or not math.isfinite(answer):
        raise ValueError
    low, high = question.minimum, question.maximum
    if (low is not None and answer < low) or (high is not None and answer > high):
        raise _OutOfRange
    return answer


def _datetime(_: FormAttribute, answer: Answer) -> str:
    if not isinstance(answer, str) or datetime.fromisoformat(answer).tzinfo is None:
        raise ValueError
    return answer


def _single(question: FormAttribute, answer: Answer) -> str:
    if not isinstance(answer, str) or answer not in {choice.key for choice in question.choices}:
        raise ValueError
    return answer


def _multiple(question: FormAttribute, answer: Answer) -> list[str]:
    if not isinstance(answer, list) or not set(answer) <= {choice.key for choice in question.choices}:
        raise ValueError
    return list(dict.fromkeys(answer))


_READERS: dict[Datatype, Callable[[FormAttribute, Answer], Answer]] = {
    Datatype.STRING: _text,
    Datatype.TEXT: _text,
    Datatype.NUMBER: _number,
    Datatype.DATETIME: _datetime,
    Datatype.SINGLE: _single,
    Datatype.MULTIPLE: _multiple,
}
