"""Answer templates: drafts with placeholders that a request fills, each community's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.templates.placeholders import PLACEHOLDERS, check, fill
from shared.errors import Bilingual
from tests.principals import a_community
from tests.requests.world import LAMP, World

URL = "/v1/answer-templates"
LAMP_FIXED = {
    "code": "lamp_fixed",
    "purpose": "resolution",
    "category_code": LAMP,
    "name_zh": "路灯已修",
    "name_en": "Lamp repaired",
    "text_zh": "您{submitted_on}反映的“{category}”已修复。",
    "text_en": "{category}: repaired.",
}


async def test_a_draft_is_made_for_one_request_in_both_languages(world: World) -> None:
    request = await world.submit()
    template = await world.post("staff", URL, LAMP_FIXED)
    draft = await world.post("staff", f"{URL}/{template['id']}/render", {"request_id": request["id"]})
    assert draft["template"] == "lamp_fixed"
    named = await world.get("staff", f"/v1/categories/{LAMP}")
    assert draft["text_zh"].endswith(f"反映的“{named['name_zh']}”已修复。")
    assert "{" not in draft["text_zh"] + draft["text_en"] and draft["text_en"].endswith(": repaired.")


async def test_what_was_sent_says_which_template_it_came_from(world: World) -> None:
    request = await world.submit()
    await world.post("staff", f"{request['id']}/accept")
    await world.post(
        "staff", f"{request['id']}/updates", {"kind": "progress", "text": "在修了", "template": "under_way"}
    )
    await world.post("resident", f"{request['id']}/updates", {"kind": "comment", "text": "谢谢", "template": "mine"})
    await world.post("staff", f"{request['id']}/resolve", {"text": "已修复", "template": "lamp_fixed"})
    lines = (await world.get("staff", f"{request['id']}/updates"))["items"]
    assert {line["step"]: line["detail"].get("template") for line in lines} == {
        "submitted": None,
        "accepted": None,
        "progress": "under_way",
        "comment": None,
        "resolved": "lamp_fixed",
    }


@pytest.mark.parametrize(
    "text",
    ["{phone}", "{category!r}", "{category:>9}", "{", "}", "{}", "{0}", "{category.community_code}", "{category[0]}"],
)
async def test_only_what_a_request_can_fill_may_be_left_open(world: World, text: str) -> None:
    refused = await world.call("staff", "POST", URL, LAMP_FIXED | {"text_zh": text})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/text_zh" and "{category}" in error["detail"]


@given(st.text(max_size=40), st.sampled_from(PLACEHOLDERS), st.text(max_size=20))
def test_whatever_is_saved_can_be_filled(before: str, name: str, value: str) -> None:
    text = f"{before}{{{name}}}"
    try:
        check(text)
    except ValueError as error:
        assert isinstance(error.args[0], Bilingual)
        return
    assert fill(text, dict.fromkeys(PLACEHOLDERS, value)).endswith(value)


async def test_a_template_changes_only_from_the_version_that_was_seen(world: World) -> None:
    template = await world.post("staff", URL, LAMP_FIXED)
    path = f"{URL}/{template['id']}"
    assert (await world.call("staff", "PATCH", path, {"active": False})).status_code == 428
    changed = await world.call("staff", "PATCH", path, {"active": False}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["active"]) == (200, '"2"', False)
    stale = await world.call("staff", "PATCH", path, {"name_zh": "旧"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await world.get("staff", path))["text_zh"] == LAMP_FIXED["text_zh"]


async def test_the_same_code_is_refused_and_the_usual_ones_leave_it_alone(world: World) -> None:
    own = LAMP_FIXED | {"code": "accepted"}
    await world.post("staff", URL, own)
    again = await world.call("staff", "POST", URL, own)
    assert (again.status_code, again.json()["code"]) == (409, "template-exists")
    added = (await world.post("staff", f"{URL}/add-usual"))["added"]
    assert "accepted" not in added and "is_it_solved" in added
    assert (await world.post("staff", f"{URL}/add-usual"))["added"] == []
    found = {each["code"]: each for each in (await world.get("staff", URL))["items"]}
    assert found["accepted"]["text_zh"] == own["text_zh"]
    assert {each["purpose"] for each in found.values()} >= {"refusal", "wait", "progress", "callback"}


async def test_a_list_shows_what_fits(world: World) -> None:
    await world.post("staff", f"{URL}/add-usual")
    await world.post("staff", URL, LAMP_FIXED)

    async def codes(**query: Any) -> set[str]:
        parameters = "&".join(f"{name}={value}" for name, value in query.items())
        return {each["code"] for each in (await world.get("grid_worker", f"{URL}?{parameters}"))["items"]}

    assert await codes(purpose="resolution", category=LAMP) == {"repaired", "lamp_fixed"}
    assert await codes(purpose="resolution", category="public_services.certificates") == {"repaired", "explained"}
    assert await codes(active="false") == set()


async def test_an_unknown_category_is_refused(world: World) -> None:
    refused = await world.call("staff", "POST", URL, LAMP_FIXED | {"category_code": "livelihood.none"})
    assert refused.status_code == 404


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        ("resident", 403, 403),
        ("grid_worker", 200, 403),
        ("responder", 200, 403),
        ("staff", 200, 201),
        ("head", 200, 201),
        ("supervisor", 403, 403),
        ("merchant", 403, 403),
        ("partner", 403, 403),
        (None, 401, 401),
    ],
)
async def test_who_may_read_and_write_templates(world: World, role: str | None, read: int, write: int) -> None:
    assert (await world.call(role, "GET", URL)).status_code == read
    assert (await world.call(role, "POST", URL, LAMP_FIXED)).status_code == write


async def test_another_communitys_template_is_not_there(world: World) -> None:
    template = await world.post("staff", URL, LAMP_FIXED)
    assert (await world.call("staff", "GET", f"{URL}/{template['id']}", area=a_community())).status_code == 404
