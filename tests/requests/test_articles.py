"""Articles: written by one, reviewed by another, found by everybody while they are in force."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from services.requests.knowledge.timers import remind_of_ending
from shared.auth import Role
from shared.clock import china_today, utc_now
from tests.principals import a_community
from tests.requests.world import World

URL = "/v1/articles"
SOURCE = {
    "title": "城乡居民医保办法",
    "document_number": "政发〔2025〕3号",
    "issuer": "市医保局",
    "issued_on": "2025-03-01",
}
INSURANCE = {
    "title_zh": "医疗保险门诊报销比例",
    "title_en": "What the insurance pays for a doctor's visit",
    "summary_zh": "门诊统筹报销一半, 每年有限额。",
    "body_zh": "在社区卫生服务中心就诊, 出示医保电子凭证, 符合目录的费用报销百分之五十; 转诊到三级医院的报销比例较低。",
    "category": "public_services.medical_insurance",
    "tags": ["医保"],
    "sources": [SOURCE],
    "valid_from": "2026-01-01",
}
REVIEWER = {"sub": "reviewer"}


def dated(**more: Any) -> dict[str, Any]:
    return INSURANCE | {"valid_from": str(china_today())} | more


async def published(world: World, **more: Any) -> dict[str, Any]:
    draft = await world.post("staff", URL, dated(**more))
    await world.post("staff", f"{URL}/{draft['id']}/submit-for-review")
    return await world.post("staff", f"{URL}/{draft['id']}/publish", **REVIEWER)


async def found(world: World, q: str, role: str = "resident", **params: str) -> list[Any]:
    query = "&".join(f"{name}={value}" for name, value in ({"q": q} | params).items())
    return (await world.get(role, f"{URL}/search?{query}"))["items"]


async def test_nobody_reads_it_until_somebody_else_has_published_it(world: World) -> None:
    draft = await world.post("staff", URL, dated(sources=[]))
    path = f"{URL}/{draft['id']}"
    early = await world.call("staff", "POST", f"{path}/publish", **REVIEWER)
    assert (early.status_code, early.json()["code"]) == (409, "wrong-state")
    assert (await world.call("staff", "POST", f"{path}/submit-for-review")).json()["code"] == "no-source"
    tag = {"If-Match": '"1"'}
    await world.call("staff", "PATCH", path, {"sources": [SOURCE]}, headers=tag)
    assert (await world.call("staff", "PATCH", path, {"tags": []}, headers=tag)).status_code == 412
    await world.post("staff", f"{path}/submit-for-review")
    own = await world.call("staff", "POST", f"{path}/publish")
    assert (own.status_code, own.json()["code"]) == (409, "review-by-another")
    returned = await world.post("head", f"{path}/return", {"note": "请补充限额"})
    assert (returned["state"], returned["review_note"]) == ("draft", "请补充限额")
    assert (await world.call("resident", "GET", path)).status_code == 404
    assert await found(world, "医保") == []
    await world.post("staff", f"{path}/submit-for-review")
    assert (await world.post("head", f"{path}/publish"))["published_number"] == 1
    seen = await world.get("resident", path)
    assert (seen["title_zh"], seen["number"], seen["expired"]) == (INSURANCE["title_zh"], 1, False)
    assert seen["sources"][0]["document_number"] == "政发〔2025〕3号"


async def test_what_is_published_stays_until_its_next_version_is(world: World) -> None:
    made = await published(world)
    path = f"{URL}/{made['id']}"
    changes = {"title_zh": "门诊与住院报销", "title_en": None}
    edited = await world.call("head", "PATCH", path, changes, headers={"If-Match": f'"{made["version"]}"'})
    assert (edited.json()["state"], edited.json()["body_zh"]) == ("draft", INSURANCE["body_zh"])
    assert (await world.get("resident", path))["title_zh"] == INSURANCE["title_zh"]
    await world.post("head", f"{path}/submit-for-review")
    assert (await world.call("head", "POST", f"{path}/publish")).json()["code"] == "review-by-another"
    await world.post("staff", f"{path}/publish")
    seen = await world.get("resident", path)
    assert (seen["title_zh"], seen["title_en"], seen["number"]) == ("门诊与住院报销", None, 2)
    kept = (await world.get("staff", f"{path}/versions"))["items"]
    assert [(each["number"], each["is_current"], each["title_zh"]) for each in kept] == [
        (2, True, "门诊与住院报销"),
        (1, False, INSURANCE["title_zh"]),
    ]
    assert [each["number"] for each in await found(world, "报销")] == [2]
    await world.post("staff", f"{path}/retire")
    assert (await world.call("resident", "GET", path)).status_code == 404
    assert await found(world, "报销") == []
    names = [row.type.split(".")[1] for row in await world.published() if row.subject == f"articles/{made['id']}"]
    assert names == ["article_published", "article_published", "article_retired"]


@pytest.mark.parametrize(
    "query",
    [
        "医疗保险",
        "门诊",
        "医保",
        "三级医院",
        "百分之五十",
        "yiliaobaoxian",
        "ylbx",
        "baoxiao",
        "mz",
        "insurance",
        "yiliaob",
    ],
)
async def test_it_is_found_by_its_words_by_pinyin_and_by_initials(world: World, query: str) -> None:
    made = await published(world)
    hits = await found(world, query)
    assert [hit["id"] for hit in hits] == [made["id"]]
    marked = [highlight["text"][start:end] for highlight in hits[0]["highlights"] for start, end in highlight["marks"]]
    assert marked and all(marked)


async def test_a_question_finds_what_answers_it_best_first(world: World) -> None:
    body = await published(world, title_zh="社区卫生服务", title_en=None, summary_zh="看病就近。", tags=[])
    title = await published(world)
    middle = await published(world, title_zh="看病须知", title_en=None, body_zh="详见附件。")
    other = await published(
        world, title_zh="养犬登记", summary_zh="办理犬证。", body_zh="带犬只照片。", tags=[], category=None
    )
    assert [hit["id"] for hit in await found(world, "报销")] == [title["id"], middle["id"], body["id"]]
    asked = await found(world, "请问门诊能报销多少?")
    assert asked[0]["id"] == title["id"] and other["id"] not in [hit["id"] for hit in asked]
    assert [hit["id"] for hit in await found(world, "犬证", category="public_services")] == []
    assert [hit["id"] for hit in await found(world, "看病", category="public_services")] == [middle["id"], body["id"]]
    assert await found(world, "登山") == []
    assert len(await found(world, "报销", limit="1")) == 1


async def test_what_is_out_of_force_is_not_found_unless_asked_for(world: World) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        ends = china_today() + timedelta(days=10)
        made = await published(world, valid_to=str(ends))
        later = await published(world, title_zh="明年的报销", valid_from=str(ends + timedelta(days=1)))
        assert [hit["id"] for hit in await found(world, "报销")] == [made["id"]]
        assert (await world.call("resident", "GET", f"{URL}/{later['id']}")).status_code == 404
        clock.shift(timedelta(days=11))
        assert [hit["id"] for hit in await found(world, "报销")] == [later["id"]]
        both = await found(world, "报销", include_expired="true")
        assert {(hit["id"], hit["expired"]) for hit in both} == {(made["id"], True), (later["id"], False)}
        assert (await world.get("resident", f"{URL}/{made['id']}"))["expired"] is True
        listed = await world.get("resident", URL)
        assert [item["id"] for item in listed["items"]] == [later["id"]]
        due = await world.get("staff", f"{URL}/due-for-review")
        assert [item["id"] for item in due["items"]] == [made["id"]]


async def test_somebody_is_told_once_before_it_ends_and_once_when_it_has(world: World) -> None:
    """Within two weeks of the end; on its last day it is still in force."""
    today = china_today()
    soon = await published(world, valid_to=str(today + timedelta(days=14)))
    later = await published(world, valid_to=str(today + timedelta(days=15)))
    moments = ((0, [soon["id"]], []), (1, [soon["id"], later["id"]], []), (14, None, []), (15, None, [soon["id"]]))
    ending: list[str] | None = None
    for days, ends, ended in moments:
        ending = ends or ending
        with time_machine.travel(utc_now() + timedelta(days=days)):
            for _ in range(2):
                async with world.database.transaction(world.code) as session:
                    await remind_of_ending(session)
        assert await told_of(world, "article_ending") == ending
        assert await told_of(world, "article_ended") == ended


async def test_what_has_ended_unnoticed_is_told_as_ended_only(world: World) -> None:
    made = await published(world, valid_to=str(china_today() + timedelta(days=20)))
    with time_machine.travel(utc_now() + timedelta(days=60)):
        async with world.database.transaction(world.code) as session:
            await remind_of_ending(session)
    assert (await told_of(world, "article_ending"), await told_of(world, "article_ended")) == ([], [made["id"]])


async def told_of(world: World, name: str) -> list[str]:
    return [row.data["article_id"] for row in await world.published() if row.type == f"requests.{name}.v1"]


async def test_what_is_being_typed_is_answered_and_not_kept(world: World) -> None:
    for number in range(4):
        await published(world, title_zh=f"医疗保险问答{number}", category=None)
    own = await published(world)
    asked = {"text": "想问一下医疗保险怎么报销", "category": "public_services.medical_insurance"}
    items = (await world.post("resident", f"{URL}/suggest", asked))["items"]
    assert len(items) == 3 and items[0]["id"] == own["id"]
    assert (await world.post("resident", f"{URL}/suggest", {"text": "是多少"}))["items"] == []
    rows = await world.sql("SELECT count(*) FROM article_vote")
    assert rows[0].count == 0
    stored = str(await world.sql("SELECT data::text FROM outbox"))
    assert "想问一下" not in stored


async def test_one_voice_a_person_and_the_last_word_counts(world: World) -> None:
    path = f"{URL}/{(await published(world))['id']}"
    for helpful, counts in ((True, (1, 0)), (True, (1, 0)), (False, (0, 1))):
        said = await world.post("resident", f"{path}/vote", {"helpful": helpful})
        assert (said["helpful_count"], said["unhelpful_count"]) == counts
    await world.post("resident", f"{path}/vote", {"helpful": True}, person=uuid4())
    seen = await world.get("resident", path)
    assert (seen["helpful_count"], seen["unhelpful_count"]) == (1, 1)
    erased = {"person_id": str(world.person)}
    await world.deliver("residents.person_erased.v1", erased, subject=f"people/{world.person}")
    assert (await world.sql("SELECT count(*) FROM article_vote"))[0].count == 1
    assert (await world.get("resident", path))["unhelpful_count"] == 1


async def test_an_answer_becomes_an_article_and_who_asked_hears_of_it(world: World) -> None:
    asked = await world.submit(
        category="public_services.policy_enquiry", title="我妈住院能报多少", description="她叫王秀英"
    )
    path = f"{URL}/from-request/{asked['id']}"
    assert (await world.call("staff", "GET", path)).json()["code"] == "not-answered"
    await world.post("staff", f"{asked['id']}/accept")
    await world.post("staff", f"{asked['id']}/resolve", {"text": "住院报销七成。"})
    proposal = await world.get("staff", path)
    assert (proposal["body_zh"], proposal["title_zh"]) == ("住院报销七成。", "政策法规咨询")
    assert "王秀英" not in str(proposal) and "我妈" not in str(proposal)
    answer = dated(title_zh="住院报销", body_zh=proposal["body_zh"])
    assert (await world.call("staff", "POST", path, answer)).status_code == 422, "say that it was read"
    draft = await world.post("staff", path, answer | {"nothing_personal": True})
    assert (draft["state"], draft["from_request_id"]) == ("draft", asked["id"])
    assert "linked" not in await world.steps("resident", asked["id"])
    await world.post("staff", f"{URL}/{draft['id']}/submit-for-review")
    await world.post("head", f"{URL}/{draft['id']}/publish")
    entry = (await world.get("resident", f"{asked['id']}/updates"))["items"][-1]
    assert (entry["step"], entry["detail"]) == ("linked", {"type": "article", "id": draft["id"]})
    event = (await world.published(asked["id"]))[-1]
    assert (event.data["step"], UUID(event.data["requester_person_id"])) == ("linked", world.person)


async def test_of_a_confidential_matter_nobody_writes_an_article(world: World) -> None:
    asked = await world.submit(category="rights_protection.domestic_violence", share_with_household=False)
    refused = await world.call("head", "GET", f"{URL}/from-request/{asked['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-for-everybody")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title_zh": ""}, "/title_zh"),
        ({"valid_to": "2020-01-01"}, "/valid_to"),
        ({"category": "public_services.nothing"}, "/category"),
        ({"sources": [SOURCE | {"url": "javascript:alert(1)"}]}, "/sources/0/url"),
        ({"body_zh": "\x01"}, "/body_zh"),
    ],
    ids=["no title", "ends before it begins", "no such category", "no address", "control character"],
)
async def test_what_is_wrong_is_said(world: World, change: dict[str, Any], pointer: str) -> None:
    refused = await world.call("staff", "POST", URL, dated() | change)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


EVERYBODY = {
    Role.RESIDENT, Role.GRID_WORKER, Role.RESPONDER, Role.STAFF, Role.HEAD, Role.MERCHANT, Role.PARTNER,
}  # fmt: skip
OFFICE = {Role.STAFF, Role.HEAD}
DOORS: list[tuple[str, str, Any, set[Role]]] = [
    ("GET", "", None, EVERYBODY),
    ("GET", "/search?q=a", None, EVERYBODY),
    ("POST", "/suggest", {"text": "好"}, EVERYBODY),
    ("GET", "/{id}", None, EVERYBODY),
    ("POST", "/{id}/vote", {"helpful": True}, {Role.RESIDENT}),
    ("POST", "", {}, OFFICE),
    ("GET", "/drafts", None, OFFICE),
    ("GET", "/due-for-review", None, OFFICE),
    ("GET", "/from-request/{id}", None, OFFICE),
    ("POST", "/from-request/{id}", {}, OFFICE),
    ("GET", "/{id}/draft", None, OFFICE),
    ("PATCH", "/{id}", {}, OFFICE),
    ("GET", "/{id}/versions", None, OFFICE),
    ("POST", "/{id}/submit-for-review", None, OFFICE),
    ("POST", "/{id}/return", {"note": "好"}, OFFICE),
    ("POST", "/{id}/publish", None, OFFICE),
    ("POST", "/{id}/retire", None, OFFICE),
]


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_at_every_door(world: World, role: Role) -> None:
    """Also that another community's articles are nobody's: the id is real, the caller is from elsewhere."""
    made = (await published(world))["id"]
    elsewhere = {"area": a_community()}
    tag = {"If-Match": '"1"'}
    for method, path, json, allowed in DOORS:
        answer = await world.call(role, method, URL + path.format(id=made), json, headers=tag, **elsewhere)
        expected = (200, 404, 422) if role in allowed else (403,)
        assert answer.status_code in expected, (method, path, answer.text)
        if "{id}" in path and role in allowed and answer.status_code == 200:
            raise AssertionError((method, path))
        if answer.status_code == 200:
            assert made not in answer.text
        assert (await world.call(None, method, URL + path.format(id=made), json)).status_code == 401
