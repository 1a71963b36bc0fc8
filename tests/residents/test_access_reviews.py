"""Emergency access is noted as it happens and judged by somebody else."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.clock import utc_now
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.registry import Registry
from tests.residents.test_consents import as_resident, grown_up, home

__all__ = ["home"]
REVIEWS = "/v1/access-reviews"


@pytest.fixture
async def person(registry: Registry, home: dict[str, Any]) -> dict[str, Any]:
    return await grown_up(registry, home)


def head(registry: Registry, subject: str = "head-1") -> dict[str, str]:
    return bearer("head", registry.community, sub=subject)


async def open_reviews(registry: Registry, **params: str) -> list[dict[str, Any]]:
    return (await registry.get(REVIEWS, by=head(registry), params=params))["items"]


async def look(registry: Registry, person: dict[str, Any], by: dict[str, str] | None = None, **said: Any) -> None:
    body = {"purpose": "lost_person", "fields": ["name", "phone"]} | said
    await registry.post(f"/v1/people/{person['id']}/reveal", body, by=by, status=200)


async def test_an_emergency_look_is_reviewed_with_its_reason(registry: Registry, person: dict[str, Any]) -> None:
    await look(registry, person, by=bearer("staff", registry.community, sub="desk-7"), reason="路人来电, 疑似单阿姨")
    [review] = await open_reviews(registry)
    assert (review["reader"], review["reader_role"], review["action"]) == ("desk-7", "staff", "people.reveal")
    assert (review["fields"], review["people"], review["has_reason"]) == (["name", "phone"], 1, True)
    shown = await registry.post(f"{REVIEWS}/{review['id']}/reveal", by=head(registry))
    assert (shown["person_ids"], shown["reason"]) == ([person["id"]], "路人来电, 疑似单阿姨")
    [entry] = (await registry.get(f"/v1/people/{person['id']}/access-log"))["items"]
    assert entry["is_break_glass"] and entry["who"]["zh"] == "社区工作人员" and entry["why"]["en"]
    async with registry.app.state.database.transaction(registry.community) as session:
        rows = (await session.execute(text("SELECT r::text FROM access_review AS r"))).scalars().all()
    assert "单阿姨" not in str(rows)


async def test_only_looks_beyond_ones_grids_are_reviewed(registry: Registry, person: dict[str, Any]) -> None:
    worker = bearer("grid_worker", registry.community, grids=[registry.grid()])
    await look(registry, person, by=worker)
    await look(registry, person, purpose="visit")
    await registry.post(f"/v1/people/{person['id']}/reveal", {"purpose": "emergency", "fields": ["name"]}, by=worker)
    assert await open_reviews(registry) == []
    await look(registry, person, purpose="emergency")
    [review] = await open_reviews(registry)
    assert review["purpose"] == "emergency"


async def test_an_emergency_search_is_reviewed_for_whom_it_showed(registry: Registry, person: dict[str, Any]) -> None:
    nobody = await registry.post("/v1/people/search", {"purpose": "lost_person", "name": "没有此人"})
    assert nobody["items"] == [] and await open_reviews(registry) == []
    query = {"purpose": "lost_person", "name": "单玉兰", "reason": "菜市场走失"}
    assert len((await registry.post("/v1/people/search", query))["items"]) == 1
    [review] = await open_reviews(registry)
    assert (review["action"], review["fields"], review["has_reason"]) == ("people.search", ["name"], True)
    assert (await registry.post(f"{REVIEWS}/{review['id']}/reveal", by=head(registry)))["person_ids"] == [person["id"]]


async def test_nobody_reviews_themself(registry: Registry, person: dict[str, Any]) -> None:
    await look(registry, person, by=head(registry))
    [review] = await open_reviews(registry)
    refused = await registry.ask("POST", f"{REVIEWS}/{review['id']}/mark-justified", json={}, by=head(registry))
    assert (refused.status_code, refused.json()["code"]) == (409, "own-access")
    other = head(registry, "head-2")
    done = await registry.post(f"{REVIEWS}/{review['id']}/mark-justified", {"note": "属实"}, by=other)
    assert (done["state"], done["decided_by"]) == ("justified", "head-2")
    await registry.post(f"{REVIEWS}/{review['id']}/mark-unjustified", {}, by=other, status=409)
    assert (await registry.post(f"{REVIEWS}/{review['id']}/reveal", by=other))["note"] == "属实"


async def test_who_was_read_about_for_no_reason_is_told(registry: Registry, person: dict[str, Any]) -> None:
    await look(registry, person)
    [review] = await open_reviews(registry)
    await registry.post(f"{REVIEWS}/{review['id']}/mark-unjustified", {"note": "无警情"}, by=head(registry))
    [notice] = (await registry.get("/v1/notices", by=as_resident(registry, person)))["items"]
    assert notice["kind"] == "access_unjustified" and "不当查阅" in notice["title"]
    assert await open_reviews(registry) == []
    assert [each["id"] for each in await open_reviews(registry, state="unjustified")] == [review["id"]]


async def test_supervisors_see_counts_and_nothing_else(registry: Registry, person: dict[str, Any]) -> None:
    await look(registry, person)
    await look(registry, person)
    async with registry.app.state.database.transaction(registry.community) as session:
        late = text("UPDATE access_review SET due_at = :at WHERE community_code = :code AND id = (SELECT min(id::text)"
                    "::uuid FROM access_review WHERE community_code = :code)")  # fmt: skip
        await session.execute(late, {"at": utc_now() - timedelta(days=1), "code": registry.community})
    above = bearer("supervisor", registry.community[:9])
    counted = await registry.get(f"{REVIEWS}/statistics", by=above)
    mine = next(each for each in counted if each["community_code"] == registry.community)
    assert (mine["open"], mine["overdue"], mine["justified"], mine["unjustified"]) == (2, 1, 0, 0)
    since = {"since": (utc_now() + timedelta(hours=1)).isoformat()}
    assert await registry.get(f"{REVIEWS}/statistics", by=head(registry), params=since) == []
    for by in (above, registry.staff):
        assert (await registry.ask("GET", REVIEWS, by=by)).status_code == 403


async def test_what_was_not_read_is_not_reviewed(registry: Registry, person: dict[str, Any]) -> None:
    """The review is part of the access: both are there, or neither."""
    state = registry.app.state
    async with state.database.transaction(registry.community) as session:
        before = (await session.execute(text("SELECT count(*) FROM access_review"))).scalar_one()
        await Vault(session, state.keyring).destroy(registry.community, person["id"])
    answer = await registry.ask(
        "POST", f"/v1/people/{person['id']}/reveal", json={"purpose": "lost_person", "fields": ["name"]}
    )
    assert answer.status_code == 404
    async with state.database.transaction(registry.community) as session:
        assert (await session.execute(text("SELECT count(*) FROM access_review"))).scalar_one() == before


async def test_another_communitys_head_sees_nothing(registry: Registry, person: dict[str, Any]) -> None:
    await look(registry, person)
    [review] = await open_reviews(registry)
    away = head(Registry(registry.client, registry.app))
    assert (await registry.get(REVIEWS, by=away))["items"] == []
    assert (await registry.ask("GET", f"{REVIEWS}/{review['id']}", by=away)).status_code == 404
    found = await registry.ask("GET", f"{REVIEWS}/{review['id']}", by=head(registry))
    assert found.headers["etag"] == '"1"'
