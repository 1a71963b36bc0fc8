"""Who hears of a request besides its requester, until they mute it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.requests.world import World

OTHER = UUID("01900000-0000-7000-8000-000000000001")


async def told(world: World, request_id: str) -> list[str]:
    """Whom the last event of a request names besides its requester."""
    row = (await world.published(request_id))[-1]
    return list(row.data["follower_person_ids"])


async def progress(world: World, request_id: str) -> None:
    await world.post("staff", f"{request_id}/updates", {"kind": "progress", "text": "在修了"})


async def test_a_member_of_the_household_follows_mutes_and_hears_again(world: World) -> None:
    request = await world.submit()
    followed = await world.post("resident", f"{request['id']}/follow", person=OTHER)
    assert (followed["reason"], followed["muted_at"]) == ("follows", None)
    heard = []
    for verb in (None, "mute", "unmute"):
        if verb:
            await world.post("resident", f"{request['id']}/{verb}", person=OTHER)
        await progress(world, request["id"])
        heard.append(await told(world, request["id"]))
    assert heard == [[str(OTHER)], [], [str(OTHER)]]


async def test_who_asked_may_be_silent_about_it_and_reads_it_all_the_same(world: World) -> None:
    request = await world.submit()
    silent = []
    for verb in ("mute", "unmute"):
        shown = await world.post("resident", f"{request['id']}/{verb}")
        assert shown["reason"] is None
        await progress(world, request["id"])
        silent.append((await world.published(request["id"]))[-1].data["requester_muted"])
    assert silent == [True, False]
    assert (await world.get("resident", f"{request['id']}/follow"))["muted_at"] is None


async def test_what_one_follows_is_listed_until_one_follows_it_no_longer(world: World) -> None:
    first, second = await world.submit(), await world.submit()
    for request in (first, second):
        await world.post("resident", f"{request['id']}/follow", person=OTHER)
    listed = (await world.get("resident", "followed", person=OTHER))["items"]
    assert [each["request_id"] for each in listed] == [second["id"], first["id"]]
    ended = await world.call("resident", "POST", f"{first['id']}/unfollow", person=OTHER)
    assert ended.status_code == 204
    listed = (await world.get("resident", "followed", person=OTHER))["items"]
    assert [each["request_id"] for each in listed] == [second["id"]]
    await progress(world, first["id"])
    assert await told(world, first["id"]) == []


async def test_following_twice_is_following_once(world: World) -> None:
    request = await world.submit()
    for _ in range(2):
        await world.post("resident", f"{request['id']}/follow", person=OTHER)
    (row,) = await world.sql("SELECT follower_count FROM service_request WHERE id = :id", id=UUID(request["id"]))
    assert row.follower_count == 1


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("resident", {"person": OTHER, "household": uuid4()}, 404),
        ("merchant", {}, 403),
        ("supervisor", {}, 403),
        ("partner", {}, 403),
        (None, {}, 401),
    ],
    ids=["stranger", "merchant", "supervisor", "partner", "nobody"],
)
async def test_nobody_else_follows(world: World, role: str | None, claims: dict[str, Any], status: int) -> None:
    request = await world.submit()
    for verb in ("follow", "mute", "unmute", "unfollow"):
        assert (await world.call(role, "POST", f"{request['id']}/{verb}", **claims)).status_code == status
