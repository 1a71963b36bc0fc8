"""The office and its workers follow by account what they may read, for as long as they may."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from time_machine import travel

from services.requests.callbacks.sweep import confirm_unanswered
from shared.clock import utc_now
from shared.outbox import outbox
from tests.requests.world import World

ROLES = ("staff", "head", "grid_worker", "responder")


async def told(world: World, request_id: str) -> set[str]:
    """Whom of the office and its workers the last step of a request names; notes included."""
    statement = select(outbox.c.data).where(
        outbox.c.community_code == world.code, outbox.c.subject == f"service-requests/{request_id}"
    )
    async with world.database.transaction(world.code) as session:
        found = (await session.execute(statement.order_by(outbox.c.id))).scalars().all()
    return set([data for data in found if "watcher_accounts" in data][-1]["watcher_accounts"])


async def asked(world: World) -> dict[str, Any]:
    """A request of this community's grid that its responder was asked to do."""
    request = await world.submit("grid_worker")
    await world.work_order("assigned", uuid4(), request["id"], tier="first")
    return request


async def progress(world: World, request_id: str, **claims: Any) -> None:
    await world.post("staff", f"{request_id}/updates", {"kind": "progress", "text": "在修了"}, **claims)


async def listed(world: World, role: str, **claims: Any) -> list[str]:
    return [each["request_id"] for each in (await world.get(role, "followed", **claims))["items"]]


@pytest.mark.parametrize("role", ROLES)
async def test_who_may_read_it_follows_mutes_hears_again_and_ends(world: World, role: str) -> None:
    request = await asked(world)
    me, heard = f"{role}-{world.code}", []
    assert (await world.call(role, "GET", f"{request['id']}/follow")).status_code == 404
    followed = await world.post(role, f"{request['id']}/follow")
    assert (followed["reason"], followed["muted_at"]) == ("follows", None)
    for verb in ("follow", "mute", "unmute"):
        await world.post(role, f"{request['id']}/{verb}")
        await progress(world, request["id"], sub="somebody-else")
        heard.append(await told(world, request["id"]))
        assert await listed(world, role) == [request["id"]], "a muted one is followed all the same"
    assert heard == [{me}, set(), {me}]
    assert (await world.call(role, "POST", f"{request['id']}/unfollow")).status_code == 204
    assert await listed(world, role) == []
    await progress(world, request["id"], sub="somebody-else")
    assert await told(world, request["id"]) == set()
    (row,) = await world.sql("SELECT watcher_count FROM service_request WHERE id = :id", id=UUID(request["id"]))
    assert row.watcher_count == 0


async def test_nobody_hears_of_what_they_did_themselves(world: World) -> None:
    request = await asked(world)
    for account in ("one", "two"):
        await world.post("staff", f"{request['id']}/follow", sub=account)
    await progress(world, request["id"], sub="one")
    assert await told(world, request["id"]) == {"two"}


async def test_the_office_hears_of_what_residents_do_not(world: World) -> None:
    request = await asked(world)
    await world.post("head", f"{request['id']}/follow")
    await world.post("staff", f"{request['id']}/updates", {"kind": "note", "text": "记一笔"})
    assert await told(world, request["id"]) == {f"head-{world.code}"}


async def test_who_may_not_read_it_cannot_follow_it(world: World) -> None:
    request = await asked(world)
    others: tuple[tuple[str, dict[str, Any]], ...] = (
        ("grid_worker", {"grids": [world.code + "002"], "responder": uuid4()}),
        ("responder", {"responder": uuid4()}),
        ("staff", {"area": "990101001001"}),
    )
    for role, claims in others:
        for verb in ("follow", "mute", "unmute", "unfollow"):
            assert (await world.call(role, "POST", f"{request['id']}/{verb}", **claims)).status_code == 404


async def test_a_transfer_out_of_sight_ends_it(world: World) -> None:
    """The worker of the grid that it left; whoever sees the whole community follows on."""
    request = await world.submit("grid_worker")
    elsewhere = {"grids": [world.grid], "responder": uuid4()}
    await world.post("grid_worker", f"{request['id']}/follow", **elsewhere)
    await world.post("head", f"{request['id']}/follow")
    moved = {"grid_code": world.code + "002", "text": "属另一网格"}
    await world.post("staff", f"{request['id']}/transfer", moved)
    assert await told(world, request["id"]) == {f"head-{world.code}"}
    assert await listed(world, "grid_worker", **elsewhere) == []
    back = {"grid_code": world.grid, "text": "退回"}
    await world.post("staff", f"{request['id']}/transfer", back)
    assert await told(world, request["id"]) == {f"head-{world.code}"}, "what has ended has ended"
    (row,) = await world.sql("SELECT watcher_count FROM service_request WHERE id = :id", id=UUID(request["id"]))
    assert row.watcher_count == 1


async def test_a_mediation_ends_it_for_all_but_the_head(world: World) -> None:
    request = await asked(world)
    for role in ROLES:
        await world.post(role, f"{request['id']}/follow")
    parties = [{"side": "applicant", "name": "王五"}, {"side": "respondent", "name": "赵六"}]
    opened = {"request_id": request["id"], "kind": "neighbour", "parties": parties}
    await world.post("staff", "/v1/mediations", opened)
    assert await told(world, request["id"]) == {f"head-{world.code}"}
    for role in ROLES:
        assert await listed(world, role) == ([request["id"]] if role == "head" else [])


async def test_a_grid_that_is_anothers_now_is_out_of_sight(world: World) -> None:
    request = await world.submit("grid_worker")
    await world.post("grid_worker", f"{request['id']}/follow")
    grid = {"grid_code": world.grid, "responder_id": str(world.responder)}
    await world.deliver("dispatch.grid_worker_assigned.v1", grid, subject=f"grids/{world.grid}")
    await progress(world, request["id"])
    assert await told(world, request["id"]) == {f"grid_worker-{world.code}"}
    grid = {"grid_code": world.grid, "responder_id": str(uuid4())}
    before = utc_now().replace(year=2020)
    await world.deliver("dispatch.grid_worker_assigned.v1", grid, subject=f"grids/{world.grid}", at=before)
    await progress(world, request["id"])
    assert await told(world, request["id"]) == {f"grid_worker-{world.code}"}, "they followed it since"
    await world.deliver("dispatch.grid_worker_assigned.v1", grid, subject=f"grids/{world.grid}")
    await progress(world, request["id"])
    assert await told(world, request["id"]) == set()


async def test_a_sweep_tells_them_too(world: World) -> None:
    request = await asked(world)
    await world.post("head", f"{request['id']}/follow")
    await world.post("staff", f"{request['id']}/resolve", {"text": "已修好"})
    with travel(utc_now().replace(year=utc_now().year + 1), tick=True):
        async with world.alone() as session:
            while await confirm_unanswered(session):
                pass
    assert await told(world, request["id"]) == {f"head-{world.code}"}
