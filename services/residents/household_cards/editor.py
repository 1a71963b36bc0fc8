"""What an editor of colour schemes asks: the vocabulary of rules, and what a draft says in words."""

from typing import Any

from fastapi import Request
from pydantic import TypeAdapter

from services.residents.household_cards.auth import SchemesRead, SchemesWrite
from services.residents.household_cards.reasoning import Tableau
from services.residents.household_cards.rules import DEEPEST, HIGHEST, LARGEST, WIDEST, BoundedRule, Rule
from services.residents.household_cards.schemas import (
    MOST_COLOURS,
    Colour,
    ColourExplained,
    ConditionKind,
    Explain,
    Explained,
    Label,
    Limits,
    Vocabulary,
)
from services.residents.household_cards.wording import Language, explain
from services.residents.words import HOUSEHOLD_RELATIONS, TAGS, TENURES
from shared.errors import Bilingual, both, language_of
from shared.routing import Router

router = Router(prefix="/v1/colour-schemes", tags=["colour schemes"])

_KINDS: tuple[tuple[str, str, Bilingual], ...] = (
    ("tag", "tag", both("有成员今天带这个标签", "some member has this tag today")),
    ("age", "range", both("有成员的周岁在此范围内", "some member's age in full years lies within")),
    ("relation", "relation", both("有成员与户主是这种关系", "some member is this to the head of the household")),
    (
        "member",
        "condition",
        both("括号内的条件由同一位成员满足", "all of what is inside is true of the same member"),
    ),
    ("every", "condition", both("每位成员都满足, 且至少有一位成员", "true of every member, and there is at least one")),
    ("count", "condition and range", both("满足条件的成员人数在此范围内", "so many members of whom it is true")),
    (
        "household",
        "size, living_alone, tenure",
        both("关于全户: 人数、是否一人居住、住房性质", "of the whole household"),
    ),
    ("any", "conditions", both("任一条件成立", "one of the conditions holds")),
    ("all", "conditions", both("全部条件成立", "all of the conditions hold")),
    ("not", "condition", both("条件不成立", "the condition does not hold")),
)
_THE_REST = both("其余住户", "all other households")
_RULE: TypeAdapter[Any] = TypeAdapter(BoundedRule)


def _labels(words: dict[Any, Bilingual]) -> list[Label]:
    return [Label(code=code, zh=label.zh, en=label.en) for code, label in words.items()]


VOCABULARY = Vocabulary(
    tags=_labels(TAGS),
    relations=_labels(HOUSEHOLD_RELATIONS),
    tenures=_labels(TENURES),
    conditions=[ConditionKind(kind=kind, takes=takes, zh=text.zh, en=text.en) for kind, takes, text in _KINDS],
    limits=Limits(levels=DEEPEST, conditions=LARGEST, side_by_side=WIDEST, highest=HIGHEST, colours=MOST_COLOURS),
    rule_schema=_RULE.json_schema(),
)


@router.get("/vocabulary", response_model=Vocabulary)
async def get_vocabulary(principal: SchemesRead) -> Vocabulary:
    """What rules can be made of, in Chinese and English, and the JSON Schema of a rule."""
    return VOCABULARY


@router.post("/explain", response_model=Explained)
async def explain_rules(principal: SchemesWrite, data: Explain, request: Request) -> Explained:
    """A rule or a whole scheme in words, in the language of Accept-Language; nothing is kept.

    What does not fit is refused with its place in the rule. What fits and can never come true is pointed out.
    """
    language: Language = "en" if language_of(request.headers.get("accept-language")) == "en" else "zh"
    colours, tableau = data.colours or [], Tableau()
    return Explained(
        text=None if data.rule is None else explain(data.rule, language),
        never_holds=None if data.rule is None else _never(data.rule, tableau),
        colours=[_explained(colour, colours[:position], language, tableau) for position, colour in enumerate(colours)],
    )


def _explained(colour: Colour, earlier: list[Colour], language: Language, tableau: Tableau) -> ColourExplained:
    never = colour.rule is not None and _never(colour.rule, tableau)
    return ColourExplained(
        code=colour.code,
        text=getattr(_THE_REST, language) if colour.rule is None else explain(colour.rule, language),
        never_holds=never,
        shadowed_by=[] if never else _shadowing(colour.rule, earlier, tableau),
    )


def _never(rule: Rule, tableau: Tableau) -> bool:
    return not tableau.may_exist((rule, True))


def _shadowing(rule: Rule | None, earlier: list[Colour], tableau: Tableau) -> list[str]:
    """The earlier colours that together leave nothing to this one; one alone, if one does. Empty: it gets some."""
    wanted = [] if rule is None else [(rule, True)]
    for one in earlier:
        if one.rule is not None and not tableau.may_exist(*wanted, (one.rule, False)):
            return [one.code]
    left = [(each.rule, False) for each in earlier if each.rule is not None]
    return [] if not left or tableau.may_exist(*wanted, *left) else [each.code for each in earlier]
