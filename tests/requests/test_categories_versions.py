"""A category keeps everything that it ever said, and a whole catalogue goes from one community to another."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.requests.categories.forms import Answer, check_answers
from services.requests.categories.schemas import FormAttribute
from shared.auth import Role
from shared.errors import Invalid
from tests.requests.world import LAMP, World, found

CATEGORIES = "/v1/categories"
PATH = f"{CATEGORIES}/{LAMP}"
QUESTION = {"code": "colour", "datatype": "string", "name_zh": "颜色", "name_en": "Colour"}


async def change(world: World, version: int, **values: Any) -> dict[str, Any]:
    answer = await world.call("staff", "PATCH", PATH, values, headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_change_is_a_version_that_says_who_and_what(world: World) -> None:
    before = await world.submit()
    first = await world.get("staff", PATH)
    await change(world, 1, form=[QUESTION], daily_limit=2)
    deadlines = copy.deepcopy(first["deadlines"])
    deadlines["normal"]["accept_minutes"] += 1
    await change(world, 2, deadlines=deadlines)
    after = await world.submit(attributes={"colour": "red"})
    assert (before["category_version"], after["category_version"]) == (1, 3)
    newest, middle, oldest = (await world.get("resident", f"{PATH}/versions"))["items"]
    assert [each["changed"] for each in (newest, middle, oldest)] == [["deadlines"], ["daily_limit", "form"], []]
    assert oldest["changed_by"] == "system" and newest["changed_by"] == f"staff-{world.code}"
    assert oldest["deadlines"] == middle["deadlines"] == first["deadlines"] != newest["deadlines"] == deadlines
    assert oldest["content"]["form"] == first["form"] != middle["content"]["form"]
    assert [question["code"] for question in newest["content"]["form"]] == ["colour"]


async def test_what_changes_nothing_is_no_version(world: World) -> None:
    same = await change(world, 1, name_zh="路灯", duplicate_radius_m=30)
    assert same["version"] == 1
    assert len((await world.get("staff", f"{PATH}/versions"))["items"]) == 1


async def test_versions_cannot_be_changed_and_belong_to_one_community(world: World) -> None:
    for method in ("POST", "PATCH", "DELETE"):
        assert (await world.call("head", method, f"{PATH}/versions")).status_code == 405
    assert (await world.call("staff", "GET", f"{PATH}/versions", area="990000000000")).status_code == 404
    assert (await world.call("staff", "GET", f"{CATEGORIES}/livelihood.no_such_thing/versions")).status_code == 404


async def test_a_catalogue_goes_from_one_community_to_another(world: World) -> None:
    there = await found(world.app)
    await world.post("staff", CATEGORIES, {"code": "livelihood.benches", "name_zh": "长椅", "name_en": "Benches"})
    await change(world, 1, name_zh="路灯照明", anonymous_allowed=False)
    body = await world.get("staff", CATEGORIES)
    done = await there.post("staff", f"{CATEGORIES}/import", body)
    assert (done["added"], done["changed"]) == (["livelihood.benches"], [LAMP])
    again = await there.post("staff", f"{CATEGORIES}/import", body)
    assert (again["added"], again["changed"]) == ([], [])

    def said(tree: dict[str, Any]) -> list[Any]:
        counted = ("version", "policy_version")
        flat = [each for top in tree["items"] for each in (top, *top["subcategories"])]
        return [{name: value for name, value in each.items() if name not in counted} for each in flat]

    mine, theirs = said(body), said(await there.get("staff", CATEGORIES))
    assert [each["code"] for each in mine] == [each["code"] for each in theirs]
    assert [each for each in mine if "subcategories" not in each] == [
        each for each in theirs if "subcategories" not in each
    ]
    assert (await there.submit(category="livelihood.benches"))["category"] == "livelihood.benches"


async def test_a_catalogue_cannot_bring_a_sixth_class_nor_hide_one_in_another(world: World) -> None:
    body = await world.get("staff", CATEGORIES)
    top = body["items"][0]
    for wrong in (
        top | {"code": "sixth"},
        top | {"subcategories": [top["subcategories"][0] | {"code": "livelihood.x_y"}]},
    ):
        answer = await world.call("staff", "POST", f"{CATEGORIES}/import", {"items": [wrong]})
        assert (answer.status_code, answer.json()["code"]) == (409, "category-class-unknown")
    assert len((await world.get("staff", f"{PATH}/versions"))["items"]) == 1


@pytest.mark.parametrize("role", list(Role))
async def test_who_reads_versions_and_who_brings_a_catalogue(world: World, role: Role) -> None:
    reads = (await world.call(role, "GET", f"{PATH}/versions?community_code={world.code}")).status_code
    brings = (await world.call(role, "POST", f"{CATEGORIES}/import", {"items": []})).status_code
    assert reads == (403 if role is Role.MERCHANT else 200)
    assert brings == (200 if role in (Role.STAFF, Role.HEAD) else 403)


async def test_a_notice_takes_no_answer_and_a_number_keeps_its_range(world: World) -> None:
    body = {"category": "public_safety.fire_hazard", "attributes": {"hazard": "gas", "call_119": "好"}}
    refused = await world.call("resident", "POST", "", body)
    assert refused.json()["errors"][0]["pointer"] == "/attributes/call_119"
    refused = await world.call("resident", "POST", "", {"category": "livelihood.paths", "attributes": {"length_m": -1}})
    assert (refused.json()["errors"][0]["pointer"], refused.json()["errors"][0]["code"]) == (
        "/attributes/length_m",
        "range",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"datatype": "string", "minimum": 1},
        {"datatype": "number", "minimum": 2, "maximum": 1},
        {"required": True, "variable": False},
        {"datatype": "singlevaluelist"},
        {"choices": [{"key": "a", "name_zh": "甲", "name_en": "A"}]},
    ],
    ids=["a text with a minimum", "an empty range", "a required notice", "a list of nothing", "a text with choices"],
)
def test_a_question_that_cannot_be_answered_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FormAttribute.model_validate(QUESTION | wrong)


async def test_two_questions_do_not_share_a_code(world: World) -> None:
    answer = await world.call("staff", "PATCH", PATH, {"form": [QUESTION, QUESTION]}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/form")


KEYS = st.sampled_from(["a", "b", "c"])
QUESTIONS = st.one_of(
    st.fixed_dictionaries(
        {
            "datatype": st.just("number"),
            "minimum": st.none() | st.integers(-9, 0),
            "maximum": st.none() | st.integers(0, 9),
        }
    ),
    st.fixed_dictionaries(
        {
            "datatype": st.sampled_from(["singlevaluelist", "multivaluelist"]),
            "choices": st.lists(KEYS, min_size=1, unique=True).map(
                lambda keys: [{"key": key, "name_zh": key, "name_en": key} for key in keys]
            ),
        }
    ),
    st.fixed_dictionaries({"datatype": st.sampled_from(["string", "text"]), "variable": st.booleans()}),
)
ANSWERS = st.one_of(KEYS, st.lists(KEYS, max_size=3), st.integers(-20, 20), st.floats(), st.just("x\ny"))


def is_right(question: dict[str, Any], answer: Answer) -> bool:
    """The rule once more, as a person would say it."""
    match question["datatype"]:
        case "number":
            low, high = question["minimum"], question["maximum"]
            is_number = isinstance(answer, int | float) and answer not in (float("inf"), float("-inf"))
            is_number = is_number and answer == answer
            return is_number and (low is None or answer >= low) and (high is None or answer <= high)
        case "singlevaluelist":
            return isinstance(answer, str) and answer in [choice["key"] for choice in question["choices"]]
        case "multivaluelist":
            return isinstance(answer, list) and all(
                key in [choice["key"] for choice in question["choices"]] for key in answer
            )
        case datatype:
            return isinstance(answer, str) and (datatype == "text" or "\n" not in answer)


@given(question=QUESTIONS, required=st.booleans(), answer=st.none() | ANSWERS)
def test_answers_are_kept_exactly_when_they_fit(question: dict[str, Any], required: bool, answer: Any) -> None:
    readable = question.get("variable", True)
    required = required and readable
    form = [FormAttribute.model_validate(QUESTION | question | {"required": required}).model_dump(mode="json")]
    answers = {} if answer is None else {"colour": answer}
    fits = not required if answer is None else readable and is_right(question, answer)
    try:
        kept = check_answers(form, answers)
    except Invalid as refused:
        assert not fits
        assert [error["pointer"] for error in refused.errors or []] == ["/attributes/colour"]
    else:
        assert fits
        assert kept.keys() == answers.keys()
