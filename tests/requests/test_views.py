"""What staff choose requests by: every condition, saved views, numbers."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from fastapi import FastAPI

from services.requests.views import service
from shared.clock import utc_now
from tests.principals import bearer
from tests.requests.world import LAMP, URL, World, found
from tests.shared.test_photos import encoded, picture

VIEWS = "/v1/request-views"
COUNTS = "/v1/service-requests/counts"


async def listed(world: World, query: str, role: str = "staff", **claims: Any) -> list[str]:
    return [item["id"] for item in (await world.get(role, f"?{query}", **claims))["items"]]


@pytest.fixture
async def made(world: World) -> dict[str, str]:
    """A request of each kind, oldest first."""
    ids: dict[str, str] = {}
    ids["lamp"] = (await world.submit())["id"]
    ids["wall"] = (await world.submit("grid_worker", category="livelihood.walls"))["id"]
    ids["fair"] = (await world.submit("staff", category="fairness", channel="visit"))["id"]
    ids["urgent"] = (await world.submit("staff", urgency="urgent"))["id"]
    order = uuid4()
    await world.work_order("assigned", order, ids["lamp"])
    await world.work_order("started", order, ids["lamp"])
    return ids


async def test_every_condition_finds_what_it_says(world: World, made: dict[str, str]) -> None:
    async def names(query: str, role: str = "staff") -> set[str]:
        found_ids = await listed(world, query, role)
        return {name for name, request_id in made.items() if request_id in found_ids}

    everything = set(made)
    await world.sql(
        "UPDATE service_request SET responder_id = :r WHERE id = :id RETURNING id", r=world.responder, id=made["lamp"]
    )
    assert await names("open=true") == everything
    assert await names("open=false") == set()
    assert await names("state=submitted&state=accepted") == everything - {"lamp"}
    assert await names(f"category=fairness&category={LAMP}") == {"lamp", "fair", "urgent"}
    assert await names(f"grid_code={world.grid}&grid_code={world.code}002") == {"wall"}
    assert await names(f"responder_id={world.responder}") == {"lamp"}
    assert await names("assigned=false") == everything - {"lamp"}
    assert await names("channel=visit&channel=card") == {"fair"}
    assert await names("urgency=urgent") == {"urgent"}
    assert await names("waiting=true") == set()
    await world.post("staff", f"{made['lamp']}/wait-for-requester", {"text": "哪一盏灯?"})
    assert await names("waiting=true") == {"lamp"}
    assert await names("waiting=false&open=true") == everything - {"lamp"}
    assert await names("reopened=true") == set()
    await world.post("staff", f"{made['urgent']}/resolve", {"text": "已修好"})
    await world.post("staff", f"{made['urgent']}/reopen", {"how": "phone"})
    assert await names("reopened=true") == {"urgent"}
    assert await names("supported=true") == set()
    await world.sql("UPDATE service_request SET follower_count = 2 WHERE id = :id RETURNING id", id=made["fair"])
    assert await names("supported=true") == {"fair"}
    assert await names("followed=true") == set()
    await world.post("staff", f"{made['lamp']}/follow")
    assert await names("followed=true") == {"lamp"}
    assert await names("has_photos=true") == set()
    jpeg = {"Content-Type": "image/jpeg", **bearer("staff", **world.claims("staff"))}
    kept = await world.http.post(
        f"{URL}/{made['fair']}/attachments?visibility=internal", content=encoded(picture()), headers=jpeg
    )
    assert kept.status_code == 201
    assert await names("has_photos=true") == {"fair"}
    assert await names("has_photos=false") == everything - {"fair"}
    assert await names("mine=true") == {"fair", "urgent"}
    assert await names("submitted_within_days=1") == everything
    soon, past = (utc_now() + timedelta(minutes=1)).isoformat(), (utc_now() - timedelta(minutes=1)).isoformat()
    soon, past = soon.replace("+", "%2B"), past.replace("+", "%2B")
    assert await names(f"submitted_after={past}&submitted_before={soon}") == everything
    assert await names(f"submitted_before={past}") == set()
    assert await names(f"submitted_after={soon}") == set()
    assert (await world.call("staff", "GET", "?submitted_after=2026-01-01T00:00:00")).status_code == 422


async def test_deadlines_are_chosen_by(world: World) -> None:
    first = (await world.submit())["id"]
    second = (await world.submit("staff", urgency="urgent"))["id"]
    await world.sql(
        "UPDATE service_request SET resolve_by = now() - interval '1 hour', resolve_breached_at = now() "
        "WHERE id = :id RETURNING id",
        id=first,
    )
    await world.sql(
        "UPDATE service_request SET resolve_by = now() + interval '3 days' WHERE id = :id RETURNING id", id=second
    )
    assert await listed(world, "due=overdue") == [first]
    assert await listed(world, "due=this_week") == [second]
    assert await listed(world, "breached=resolution") == await listed(world, "overdue=true") == [first]
    assert await listed(world, "breached=accept") == []
    assert await listed(world, "overdue=false") == [second]
    assert await listed(world, "sort=deadline") == [first, second]
    in_a_day = (utc_now() + timedelta(days=1)).isoformat().replace("+", "%2B")
    assert await listed(world, f"due_before={in_a_day}") == [first]
    assert await listed(world, f"due_after={in_a_day}") == [second]
    assert await listed(world, "deadline=accept&due=overdue") == [], "an urgent one is accepted as it comes"
    await world.post("resident", f"{first}/withdraw", {})
    assert await listed(world, "due=overdue") == [], "nobody owes it any more"
    assert await listed(world, "sort=deadline") == [second]
    assert await listed(world, "sort=updated") == [first, second]


async def test_today_ends_at_midnight_in_china(world: World) -> None:
    made = (await world.submit())["id"]
    await world.sql(
        "UPDATE service_request SET resolve_by = '2026-11-25T15:30:00Z' WHERE id = :id RETURNING id", id=made
    )
    for moment, expected in (
        ("2026-11-25T15:00:00Z", [made]),  # 23:00 in China
        ("2026-11-24T15:59:00Z", []),  # the day before there
        ("2026-11-24T16:01:00Z", [made]),
        ("2026-11-25T15:31:00Z", []),
    ):
        with time_machine.travel(moment, tick=False):
            assert await listed(world, "due=today") == expected, moment


async def test_a_supervisor_pages_through_an_area(api: FastAPI) -> None:
    towns = [await found(api, code=f"15028800{number:04d}") for number in range(3)]
    made = [(await town.submit())["id"] for _ in range(3) for town in towns]
    area = towns[0].code[:9]
    for sort, expected in (("newest", made[::-1]), ("updated", made[::-1]), ("deadline", made)):
        seen: list[str] = []
        cursor = ""
        while True:
            page = await towns[0].get("supervisor", f"?limit=2&sort={sort}{cursor}", area=area)
            seen += [item["id"] for item in page["items"] if item["id"] in made]
            assert all(item["title"] is None for item in page["items"]), "supervisors read no text"
            if not page["next_cursor"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == expected, sort


async def test_numbers_are_of_the_same_requests(world: World, made: dict[str, str]) -> None:
    facets = "by=state&by=class&by=category&by=grid&by=responder&by=urgency&by=channel&by=deadline"
    counted = await world.get("staff", f"{COUNTS}?{facets}")
    assert (counted["total"], counted["is_capped"]) == (4, False)
    by = counted["by"]
    assert by["state"] == {"in_progress": 1, "submitted": 2, "accepted": 1}
    assert by["class"] == {"livelihood": 3, "fairness": 1}
    assert by["grid"] == {world.grid: 1, "none": 3}
    assert by["urgency"] == {"normal": 3, "urgent": 1}
    assert by["channel"] == {"app": 1, "phone": 2, "visit": 1}
    assert all(sum(numbers.values()) == 4 for numbers in by.values())
    narrow = await world.get("staff", f"{COUNTS}?category=livelihood&by=state&by=category")
    assert narrow["total"] == 3
    assert narrow["by"]["category"] == {LAMP: 2, "livelihood.walls": 1}
    assert (await world.get("staff", COUNTS)) == {"total": 4, "is_capped": False, "by": {}}
    assert (await world.get("supervisor", f"{COUNTS}?community_code={world.code}", area=world.code[:6]))["total"] == 4
    assert (await world.get("grid_worker", COUNTS))["total"] == 2, "of their grid, and what they were asked"
    assert (await world.call("resident", "GET", COUNTS)).status_code == 403


async def test_numbers_end_where_they_are_capped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await world.submit()
    monkeypatch.setattr(service, "COUNTED_AT_MOST", 2)
    counted = await world.get("staff", f"{COUNTS}?by=state")
    assert (counted["total"], counted["is_capped"]) == (2, True)


async def test_a_view_is_saved_used_and_changed(world: World, made: dict[str, str]) -> None:
    body = {
        "name": "公共设施",
        "filters": {"category": ["livelihood"], "open": True},
        "sort": "deadline",
        "columns": ["title", "resolve_by"],
        "shows_count": True,
        "is_default": True,
    }
    view = await world.post("staff", VIEWS, body)
    plain = body.keys() - {"filters"}
    assert {name: view[name] for name in plain} == {name: body[name] for name in plain}
    assert body["filters"].items() <= view["filters"].items()
    assert (view["is_own"], view["is_shared"], view["version"]) == (True, False, 1)
    assert set(await listed(world, f"view={view['id']}")) == {made["lamp"], made["wall"], made["urgent"]}
    assert await listed(world, f"view={view['id']}&category=fairness") == [made["fair"]], "what is given goes before"
    assert (await world.get("staff", f"{COUNTS}?view={view['id']}"))["total"] == 3
    (shown,) = await world.get("staff", VIEWS)
    assert shown["count"] == {"number": 3, "is_capped": False}
    assert await world.get("head", VIEWS) == [], "it is nobody else's"
    assert (await world.call("head", "GET", f"?view={view['id']}")).status_code == 404

    address = f"{VIEWS}/{view['id']}"
    assert (await world.call("staff", "PATCH", address, {"name": "灯"})).status_code == 428
    tag = (await world.call("staff", "GET", address)).headers["ETag"]
    change = {"name": "灯", "filters": {"category": [LAMP]}}
    changed = await world.call("staff", "PATCH", address, change, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["name"], changed.headers["ETag"]) == (200, "灯", '"2"')
    assert (await world.call("staff", "PATCH", address, change, headers={"If-Match": tag})).status_code == 412
    assert set(await listed(world, f"view={view['id']}")) == {made["lamp"], made["urgent"]}
    assert (await world.call("staff", "DELETE", address, headers={"If-Match": '"2"'})).status_code == 204
    assert await world.get("staff", VIEWS) == []


async def test_shared_views_belong_to_the_community(world: World, api: FastAPI) -> None:
    shared = await world.post("staff", VIEWS, {"name": "超期", "filters": {"due": "overdue"}, "is_shared": True})
    address = f"{VIEWS}/{shared['id']}"
    for role in ("staff", "head", "grid_worker", "responder"):
        (seen,) = await world.get(role, VIEWS, sub=f"other-{role}")
        assert (seen["name"], seen["is_own"], seen["count"]) == ("超期", False, None)
    other = await found(api)
    assert await other.get("head", VIEWS) == []
    assert (await other.call("head", "GET", address)).status_code == 404
    refused = await world.call("staff", "PATCH", address, {"name": "x"}, headers={"If-Match": '"1"'}, sub="another")
    assert refused.status_code == 403
    allowed = await world.call("head", "PATCH", address, {"is_pinned": True}, headers={"If-Match": '"1"'})
    assert allowed.json()["is_pinned"] is True
    assert (await world.call("grid_worker", "POST", VIEWS, {"name": "x", "is_shared": True})).status_code == 403


async def test_one_default_each(world: World) -> None:
    first = await world.post("staff", VIEWS, {"name": "一", "is_default": True})
    await world.post("staff", VIEWS, {"name": "二", "is_default": True})
    await world.post("staff", VIEWS, {"name": "三", "is_default": True, "is_shared": True})
    await world.post("head", VIEWS, {"name": "四", "is_default": True, "is_shared": True})
    defaults = {view["name"] for view in await world.get("staff", VIEWS) if view["is_default"]}
    assert defaults == {"二", "四"}
    answer = await world.call(
        "staff", "PATCH", f"{VIEWS}/{first['id']}", {"is_default": True}, headers={"If-Match": '"2"'}
    )
    assert answer.status_code == 200
    assert {view["name"] for view in await world.get("staff", VIEWS) if view["is_default"]} == {"一", "四"}


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x", "filters": {"q": "张三"}},
        {"name": "x", "filters": {"state": ["lost"]}},
        {"name": "x", "columns": ["requester"]},
        {"name": "x", "sort": "random"},
        {"name": "x", "colour": "red"},
    ],
)
async def test_a_view_of_anything_else_is_refused(world: World, body: dict[str, Any]) -> None:
    answer = await world.call("staff", "POST", VIEWS, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")


@pytest.mark.parametrize("role", ["resident", "supervisor", "partner", "merchant", None])
async def test_who_has_no_views(world: World, role: str | None) -> None:
    answer = await world.call(role, "GET", VIEWS)
    assert answer.status_code == (403 if role else 401)


async def test_views_have_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "VIEWS_EACH", 1)
    await world.post("staff", VIEWS, {"name": "一"})
    assert (await world.call("staff", "POST", VIEWS, {"name": "二"})).json()["code"] == "too-many-views"
