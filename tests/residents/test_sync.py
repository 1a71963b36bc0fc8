"""The copy on a grid worker's phone follows the registry: completely, in order, and nothing beyond their grids."""

import asyncio
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import text

from services.residents.importing import import_registry
from services.residents.people.schemas import PersonImport
from services.residents.sync.timers import forget_edits, forget_removals
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from tests.residents.phones import FEED, Phone
from tests.residents.registry import Registry

WEST, EAST = ("开元小区", "3号楼", ""), ("开元小区", "5号楼", "")


@pytest.fixture
async def town(registry: Registry) -> Registry:
    """Two grids of one building each."""
    await registry.publish_grid(registry.grid(1), WEST)
    await registry.publish_grid(registry.grid(2), EAST)
    return registry


@pytest.fixture
def phone(town: Registry) -> Phone:
    return Phone(town, [town.grid(1)])


async def test_the_first_copy_is_complete_and_masked(town: Registry, phone: Phone) -> None:
    home = await town.household()
    person = await town.person(home["id"], phone="13900001111", identity_number=None, birth_on="1946-05-03")
    await town.post(f"/v1/people/{person['id']}/tags", {"kind": "veteran"})
    contact = {"name": "王五", "phone": "13800138000", "relation": "child"}
    await town.post(f"/v1/people/{person['id']}/family-contacts", contact)
    await town.household(building="5号楼")
    await phone.sync()
    assert list(phone.households()) == [home["id"]]
    assert phone.households()[home["id"]]["room"] == home["room"]
    shown = phone.people()[person["id"]]
    assert (shown["name"], shown["phone"], shown["birth_year"]) == ("张*", "139****1111", 1946)
    assert [tag["kind"] for tag in shown["tags"]] == ["veteran"]
    assert shown["family_contacts"][0]["name"] == "王*"
    assert await phone.sync() == []


async def test_small_pages_say_the_same_as_a_large_one(town: Registry, phone: Phone) -> None:
    for _ in range(4):
        await town.person((await town.household())["id"])
    other = Phone(town, phone.grids)
    await phone.sync(limit=1)
    await other.sync(limit=500)
    assert phone.copy == other.copy
    assert len(phone.copy) == 8


async def test_a_page_that_was_lost_comes_again(town: Registry, phone: Phone) -> None:
    for _ in range(3):
        await town.household()
    await phone.page(limit=1)
    lost = await phone.page(limit=1, is_kept=False)
    again = await phone.page(limit=1)
    assert again["items"] == lost["items"]
    await phone.sync(limit=1)
    assert len(phone.copy) == 3


async def test_only_what_changed_comes_again(town: Registry, phone: Phone) -> None:
    home = await town.household()
    person = await town.person(home["id"])
    await town.person((await town.household())["id"])
    await phone.sync()
    await town.post(f"/v1/people/{person['id']}/tags", {"kind": "dementia"})
    [item] = await phone.sync()
    assert (item["kind"], item["id"]) == ("person", person["id"])
    headers = {"If-Match": str(home["version"])}
    await town.ask("PATCH", f"/v1/households/{home['id']}", json={"room": "8888"}, headers=headers)
    [item] = await phone.sync()
    assert item["household"]["room"] == "8888"
    async with town.app.state.database.transaction(town.community) as session:
        await session.execute(text("UPDATE household_card SET derived_on = derived_on - 1"))
    assert await phone.sync() == [], "a card that was derived again and says the same"


async def test_what_leaves_the_grid_is_forgotten_with_its_people(town: Registry, phone: Phone) -> None:
    east = Phone(town, [town.grid(2)])
    home = await town.household()
    person = await town.person(home["id"])
    await phone.sync()
    await east.sync()
    await town.post(f"/v1/households/{home['id']}/move", {"compound": "开元小区", "building": "5号楼", "room": "1"})
    removed = await phone.sync()
    assert {(item["id"], item["is_removed"]) for item in removed} == {(home["id"], True), (person["id"], True)}
    assert removed[0]["kind"] == "household", "in order"
    assert phone.copy == {}
    await east.sync()
    assert list(east.people()) == [person["id"]]
    await town.post(f"/v1/households/{home['id']}/move", {"compound": "开元小区", "building": "3号楼", "room": "1"})
    await phone.sync()
    await east.sync()
    assert list(phone.people()) == [person["id"]]
    assert east.copy == {}


async def test_a_boundary_that_moves_takes_households_along(town: Registry) -> None:
    both = Phone(town, [town.grid(1), town.grid(2)])
    home = await town.household()
    await town.person(home["id"])
    await both.sync()
    await town.publish_grid(town.grid(1), version=2)
    await town.publish_grid(town.grid(2), WEST, EAST, version=2)
    await both.sync(limit=1)
    assert {item["grid_code"] for item in both.copy.values()} == {town.grid(2)}
    assert len(both.copy) == 2


@pytest.mark.parametrize("ended", ["state = 'died'", "state = 'moved_out'", "merged_into = :other"])
async def test_who_no_longer_lives_there_is_removed(town: Registry, phone: Phone, ended: str) -> None:
    home = await town.household()
    person, other = await town.person(home["id"]), await town.person(home["id"], "李四")
    await phone.sync()
    async with town.app.state.database.transaction(town.community) as session:
        values = {"id": person["id"], "other": other["id"]} if ":other" in ended else {"id": person["id"]}
        await session.execute(text(f"UPDATE person SET {ended} WHERE id = :id"), values)
    [item] = await phone.sync()
    assert (item["id"], item["is_removed"]) == (person["id"], True)
    assert list(phone.people()) == [other["id"]]


async def test_a_household_that_moves_out_is_removed_with_its_people(town: Registry, phone: Phone) -> None:
    home = await town.household()
    await town.person(home["id"])
    await phone.sync()
    await town.post(f"/v1/households/{home['id']}/move-out", {})
    items = await phone.sync()
    assert [(item["kind"], item["is_removed"]) for item in items] == [("household", True), ("person", True)]
    assert phone.copy == {}


async def test_an_erased_person_is_removed(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    await phone.sync()
    await town.post(f"/v1/people/{person['id']}/erase")
    await phone.sync()
    assert phone.people() == {}


async def test_grids_lost_are_revoked_first_and_grids_gained_are_copied_whole(town: Registry, phone: Phone) -> None:
    west, east = await town.household(), await town.household(building="5号楼")
    await phone.sync()
    phone.grids = [town.grid(2)]
    first, second = await phone.sync()
    assert first == {
        "kind": "grid",
        "grid_code": town.grid(1),
        "id": None,
        "is_removed": True,
        "household": None,
        "person": None,
    }
    assert second["id"] == east["id"]
    phone.grids = [town.grid(1), town.grid(2)]
    assert [item["id"] for item in await phone.sync()] == [west["id"]]
    assert set(phone.households()) == {west["id"], east["id"]}


async def test_grids_change_while_a_download_is_under_way(town: Registry, phone: Phone) -> None:
    for _ in range(3):
        await town.household()
    east = await town.household(building="5号楼")
    await phone.page(limit=1)
    phone.grids = [town.grid(2)]
    items = await phone.sync(limit=1)
    assert items[0]["kind"] == "grid"
    assert list(phone.households()) == [east["id"]]
    phone.grids = [town.grid(1)]
    await phone.sync(limit=2)
    assert len(phone.households()) == 3


async def test_a_worker_without_grids_keeps_nothing(town: Registry, phone: Phone) -> None:
    await town.household()
    await phone.sync()
    phone.grids = []
    await phone.sync()
    assert phone.copy == {}


# For a purpose


async def test_for_a_visit_people_are_in_the_clear_and_each_is_written_down(town: Registry) -> None:
    home = await town.household()
    person = await town.person(home["id"], "张三丰", phone="13900001111", cautions="听力不好")
    contact = {"name": "王五", "phone": "13800138000", "relation": "child"}
    await town.post(f"/v1/people/{person['id']}/family-contacts", contact)
    phone = Phone(town, [town.grid(1)], purpose="visit")
    await phone.sync()
    shown = phone.people()[person["id"]]
    assert (shown["name"], shown["phone"], shown["cautions"]) == ("张三丰", "+8613900001111", "听力不好")
    assert shown["family_contacts"][0]["phone"] == "+8613800138000"
    log = (await town.get(f"/v1/people/{person['id']}/access-log"))["items"]
    [entry] = [entry for entry in log if entry["action"] == "sync.deliver"]
    assert set(entry["fields"]) == {"name", "phone", "cautions", "family_contacts", "guardians"}
    await phone.sync()
    assert len((await town.get(f"/v1/people/{person['id']}/access-log"))["items"]) == len(log), "nothing delivered"


async def test_a_masked_copy_is_not_continued_in_the_clear(town: Registry, phone: Phone) -> None:
    await phone.sync()
    phone.purpose = "visit"
    response = await town.ask("GET", FEED, by=phone.worker, params={"since": phone.since, "purpose": "visit"})
    assert response.json()["code"] == "cursor-invalid"


@pytest.mark.parametrize("purpose", ["emergency", "statistics", "x"])
async def test_no_other_purpose_opens_a_whole_grid(town: Registry, phone: Phone, purpose: str) -> None:
    response = await town.ask("GET", FEED, by=phone.worker, params={"purpose": purpose})
    assert response.status_code == 422


# Cursors


async def test_cursors_belong_to_their_worker_and_are_not_to_be_changed(town: Registry, phone: Phone) -> None:
    await phone.sync()
    thief = Phone(town, phone.grids, subject="somebody else")
    since = phone.since or ""
    for by, text_ in ((thief, since), (phone, since[:-4] + "AAAA"), (phone, "x")):
        response = await town.ask("GET", FEED, by=by.worker, params={"since": text_})
        assert response.status_code == 400, text_
        assert response.json()["code"] == "cursor-invalid"


async def test_a_copy_older_than_the_removals_that_are_kept_is_made_anew(town: Registry, phone: Phone) -> None:
    await town.household()
    await phone.sync()
    with time_machine.travel(utc_now() + timedelta(days=91), tick=True):
        response = await town.ask("GET", FEED, by=phone.worker, params={"since": phone.since})
        assert (response.status_code, response.json()["code"]) == (410, "sync-expired")
        await Phone(town, phone.grids).sync()


async def test_removals_are_forgotten_when_no_phone_may_ask_for_them(town: Registry, phone: Phone) -> None:
    home = await town.household()
    await town.post(f"/v1/households/{home['id']}/move", {"compound": "开元小区", "building": "5号楼", "room": "1"})
    database = town.app.state.database
    counted = text("SELECT count(*) FROM sync_removal WHERE community_code = :code")
    for days, left in ((90, 1), (92, 0)):
        with time_machine.travel(utc_now() + timedelta(days=days), tick=True):
            async with database.transaction(EVERYWHERE) as session:
                await forget_removals(session)
                await forget_edits(session)
                assert (await session.execute(counted, {"code": town.community})).scalar_one() == left


async def test_after_a_restore_every_copy_is_made_anew(town: Registry, phone: Phone) -> None:
    """As in another server: its transactions count from where it happens to be."""
    home = await town.household()
    await phone.sync()
    async with town.app.state.database.transaction(town.community) as session:
        await session.execute(text("UPDATE sync_epoch SET database = 'the one before'"))
        await session.execute(text("UPDATE sync_entry SET changed_xid = changed_xid + 1000000000"))
    response = await town.ask("GET", FEED, by=phone.worker, params={"since": phone.since})
    assert (response.status_code, response.json()["code"]) == (410, "sync-expired")
    phone = Phone(town, phone.grids)
    await phone.sync()
    assert list(phone.households()) == [home["id"]]
    second = await town.household()
    await phone.sync()
    assert set(phone.households()) == {home["id"], second["id"]}


# At the same time


async def test_what_a_slow_transaction_changed_is_never_passed_over(town: Registry, phone: Phone) -> None:
    """It began first and commits last: everything after it is delivered at once, and it when it is there."""
    slow, quick = await town.household(), await town.household()
    await phone.sync()
    database = town.app.state.database
    touch = text("UPDATE household SET version = version + 1 WHERE id = :id")
    async with database.transaction(town.community) as session:
        await session.execute(touch, {"id": slow["id"]})
        async with database.transaction(town.community) as other:
            await other.execute(touch, {"id": quick["id"]})
        assert [item["id"] for item in await phone.sync()] == [quick["id"]]
        assert await phone.sync() == []
    assert [item["id"] for item in await phone.sync()] == [slow["id"]]
    assert await phone.sync() == []


async def test_many_writers_and_a_phone_that_keeps_asking(town: Registry, phone: Phone) -> None:
    homes = [(await town.household())["id"] for _ in range(4)]
    database = town.app.state.database
    is_written = asyncio.Event()

    async def write(number: int) -> None:
        """Transactions of one, two and three statements, which therefore end in another order than they begin."""
        for turn in range(8):
            async with database.transaction(town.community) as session:
                for home in sorted({homes[(number + turn + step) % 4] for step in range(number + 1)}):
                    await session.execute(
                        text("UPDATE household SET version = version + 1 WHERE id = :id"), {"id": home}
                    )

    async def ask() -> None:
        while not is_written.is_set():
            await phone.sync(limit=2)

    asking = asyncio.ensure_future(ask())
    await asyncio.gather(*(write(number) for number in range(3)))
    is_written.set()
    await asking
    await phone.sync()
    for home in homes:
        now = await town.get(f"/v1/households/{home}")
        assert phone.households()[home]["version"] == now["version"]


async def test_who_arrives_while_their_household_changes_its_grid_is_seen_in_the_new_one(town: Registry) -> None:
    home = await town.household()
    database = town.app.state.database
    async with database.transaction(town.community) as session:
        moved = text("UPDATE household SET grid_code = :grid WHERE id = :id")
        await session.execute(moved, {"grid": town.grid(2), "id": home["id"]})
        newcomer = PersonImport(household_id=home["id"], name="张三丰")
        arriving = asyncio.ensure_future(_import(town, newcomer))
        await _until_somebody_waits(town)
    await arriving
    east = Phone(town, [town.grid(2)])
    await east.sync()
    assert list(east.people()) == [str(newcomer.id)]


async def _import(town: Registry, newcomer: PersonImport) -> None:
    """A bulk load locks no household itself."""
    async with town.app.state.database.transaction(town.community) as session:
        await import_registry(session, town.app.state.keyring, town.community, [], [newcomer])


async def _until_somebody_waits(town: Registry) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with town.app.state.database.transaction(town.community) as session:
        while not (await session.execute(waiting)).scalar_one():
            await session.execute(text("SELECT pg_stat_clear_snapshot()"))
