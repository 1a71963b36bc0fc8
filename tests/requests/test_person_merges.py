"""Requests belong to whoever their requester turned out to be."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.requests.world import LAMP, World


async def told(world: World, what: str, merge: UUID, kept: UUID, merged: UUID) -> None:
    data = {"merge_id": str(merge), "person_id": str(kept), "merged_person_id": str(merged)}
    await world.deliver(f"residents.{what}.v1", data, subject=f"people/{kept}")


async def own(world: World, person: UUID) -> set[str]:
    shown = await world.get("resident", "?mine=true", person=person, household=uuid4())
    return {item["id"] for item in shown["items"]}


@pytest.fixture
async def asked(world: World) -> dict[str, Any]:
    return await world.submit(share_with_household=False)


async def test_requests_move_to_the_person_who_was_kept_and_back(world: World, asked: dict[str, Any]) -> None:
    merge, kept = uuid4(), uuid4()
    await told(world, "person_merged", merge, kept, world.person)
    assert await own(world, kept) == {asked["id"]} and await own(world, world.person) == set()
    later = await world.post("resident", "", {"category": LAMP, "share_with_household": False}, person=kept)
    await told(world, "person_merge_undone", merge, kept, world.person)
    assert await own(world, world.person) == {asked["id"]}
    assert await own(world, kept) == {later["id"]}


async def test_merges_in_a_row_are_undone_one_by_one(world: World, asked: dict[str, Any]) -> None:
    second, third = uuid4(), uuid4()
    merges = [(uuid4(), second, world.person), (uuid4(), third, second)]
    for merge in merges:
        await told(world, "person_merged", *merge)
    assert await own(world, third) == {asked["id"]}
    for merge, owner in ((merges[1], second), (merges[0], world.person)):
        await told(world, "person_merge_undone", *merge)
        assert await own(world, owner) == {asked["id"]}


async def test_a_merge_heard_after_its_own_undoing_moves_nothing(world: World, asked: dict[str, Any]) -> None:
    merge, kept = uuid4(), uuid4()
    await told(world, "person_merge_undone", merge, kept, world.person)
    await told(world, "person_merged", merge, kept, world.person)
    assert await own(world, world.person) == {asked["id"]}


async def test_a_merge_told_twice_is_followed_once(world: World, asked: dict[str, Any]) -> None:
    merge, kept = uuid4(), uuid4()
    for _ in range(2):
        await told(world, "person_merged", merge, kept, world.person)
    await told(world, "person_merge_undone", merge, kept, world.person)
    assert await own(world, world.person) == {asked["id"]}


async def test_what_was_moved_is_forgotten_with_the_person(world: World, asked: dict[str, Any]) -> None:
    merge, kept = uuid4(), uuid4()
    await told(world, "person_merged", merge, kept, world.person)
    for person in (kept, world.person):
        await world.deliver("residents.person_erased.v1", {"person_id": str(person)}, subject=f"people/{person}")
    assert await own(world, kept) == set()
    shown = await world.get("staff", asked["id"])
    assert shown["requester_person_id"] is None and "路灯不亮" not in str(shown)
