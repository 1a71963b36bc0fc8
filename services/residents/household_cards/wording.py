"""Rules in plain Chinese and English, for those who decide on them without reading JSON. Pure."""

from collections.abc import Callable
from typing import Literal

from services.residents.household_cards.rules import (
    AllOf,
    AnyOf,
    CountedMembers,
    EveryMember,
    HasAge,
    HasRelation,
    HasTag,
    HouseholdCondition,
    Not,
    OfHousehold,
    Range,
    Rule,
    SomeMember,
)
from services.residents.words import HOUSEHOLD_RELATIONS, TAGS, TENURES

Language = Literal["zh", "en"]


def explain(rule: Rule, language: Language) -> str:
    """The rule as a sentence about a household."""
    say = _in(language)
    match rule:
        case AnyOf() | AllOf():
            text = _joined(rule, language, single=False)
        case Not():
            text = _negated(rule.negated, language)
        case OfHousehold():
            text = _of_household(rule.household, language)
        case EveryMember():
            inner = _bracketed(rule.every, language)
            text = say(f"每位成员都符合: {inner}", f"everyone is {inner}")
        case CountedMembers():
            number, inner = _number(rule.count, "人", "members", language), _bracketed(rule.count.of, language)
            text = say(f"{inner}的成员有 {number}", f"{number} are {inner}")
        case _:
            inner = _bracketed(rule, language)
            text = say(f"有{inner}的成员", f"someone is {inner}")
    return text


def _negated(rule: Rule, language: Language) -> str:
    say = _in(language)
    if isinstance(rule, HasTag | HasAge | HasRelation | SomeMember):
        inner = _bracketed(rule, language)
        return say(f"没有{inner}的成员", f"nobody is {inner}")
    text = explain(rule, language)
    return say(f"并非({text})", f"not ({text})")


def _of_someone(rule: Rule, language: Language) -> str:
    """What is said of one member, as it stands before 的成员 or behind "is"."""
    say = _in(language)
    match rule:
        case AnyOf() | AllOf():
            text = _joined(rule, language, single=True)
        case Not():
            inner = _bracketed(rule.negated, language)
            text = say(f"不符合「{inner}」", f"not {inner}")
        case HasTag():
            text = say(f"带「{TAGS[rule.tag].zh}」标签", f"tagged “{TAGS[rule.tag].en}”")
        case HasAge():
            text = _number(rule.age, "周岁", "years old", language)
        case HasRelation():
            label = HOUSEHOLD_RELATIONS[rule.relation]
            text = say(f"与户主关系为「{label.zh}」", f"“{label.en}” by relation to the head")
        case SomeMember():
            text = _of_someone(rule.member, language)
        case EveryMember():
            text = _of_someone(rule.every, language)
        case _:
            inner = explain(rule, language)
            text = say(f"所在户符合「{inner}」", f"in a household where {inner}")
    return text


def _in(language: Language) -> Callable[[str, str], str]:
    return lambda zh, en: zh if language == "zh" else en


def _parts(rule: Rule) -> tuple[Rule, ...]:
    """What `any` or `all` puts side by side."""
    match rule:
        case AnyOf():
            return rule.any
        case AllOf():
            return rule.all
    return ()


def _bracketed(rule: Rule, language: Language) -> str:
    inner = rule.member if isinstance(rule, SomeMember) else rule
    text = _of_someone(inner, language)
    return f"({text})" if len(_parts(inner)) > 1 else text


def _joined(rule: AnyOf | AllOf, language: Language, *, single: bool) -> str:
    """Side by side; what is itself several conditions stands in brackets."""
    said = _of_someone if single else explain
    parts = _parts(rule)
    texts = [
        f"({said(part, language)})" if len(_parts(part)) > 1 and len(parts) > 1 else said(part, language)
        for part in parts
    ]
    return (_in(language)(" 或 ", " or ") if isinstance(rule, AnyOf) else _in(language)(" 且 ", " and ")).join(texts)


def _of_household(asked: HouseholdCondition, language: Language) -> str:
    say = _in(language)
    texts = []
    if asked.size is not None:
        number = _number(asked.size, "人", "members", language)
        texts.append(say(f"全户 {number}", f"the household has {number}"))
    if asked.living_alone is not None:
        alone = say("一人居住", "one person lives there alone"), say("不是一人居住", "no one lives there alone")
        texts.append(alone[0] if asked.living_alone else alone[1])
    if asked.tenure is not None:
        texts.append(say(f"住房为「{TENURES[asked.tenure].zh}」", f"the home is {TENURES[asked.tenure].en}"))
    return say(" 且 ", " and ").join(texts)


def _number(limits: Range, zh_unit: str, en_unit: str, language: Language) -> str:
    """A range in words; the unit stands behind the number."""
    low, high, say = limits.min, limits.max, _in(language)
    if low == high:
        return say(f"{low} {zh_unit}", f"{low} {en_unit}")
    if low is None:
        return say(f"{high} {zh_unit}及以下", f"at most {high} {en_unit}")
    if high is None:
        return say(f"{low} {zh_unit}及以上", f"at least {low} {en_unit}")
    return say(f"{low} 至 {high} {zh_unit}", f"{low} to {high} {en_unit}")
