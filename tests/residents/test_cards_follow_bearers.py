"""Cards follow whoever carries them, go out of use with them, and still bring home whoever is found with one."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.residents.registry import Registry
from tests.residents.test_photos import files_of, look, send, swept


@dataclass
class Elder:
    registry: Registry
    id: str
    home: str
    widow: str = ""

    async def card(self, kind: str = "worker") -> dict[str, Any]:
        return await self.registry.post("/v1/contact-cards", {"person_id": self.id, "kind": kind})

    async def again(self, card: dict[str, Any]) -> dict[str, Any]:
        return await self.registry.get(f"/v1/contact-cards/{card['id']}")

    async def state(self, card: dict[str, Any]) -> tuple[str, str | None]:
        shown = await self.again(card)
        return shown["state"], shown["revoked_because"]

    async def act(self, verb: str, body: Any = None) -> Any:
        return await self.registry.post(f"/v1/people/{self.id}/{verb}", body or {})


@pytest.fixture
async def elder(registry: Registry) -> Elder:
    await registry.publish_grid(registry.grid(1), ("开元小区", "3号楼", ""))
    await registry.publish_grid(registry.grid(2), ("丰景苑", "5号楼", ""))
    home = await registry.household()
    person = await registry.person(home["id"])
    widow = await registry.person(home["id"], "李秀英")
    return Elder(registry, person["id"], home["id"], widow["id"])


async def found(registry: Registry, card: dict[str, Any], status: int = 201) -> dict[str, Any]:
    """Somebody finds who carries it: what they are shown, and the case that they open."""
    nobody = {"Authorization": ""}
    shown = await registry.get(f"/v1/public/contact-cards/{card['code']}", by=nobody)
    assert shown["takes_reports"] is (status == 201)
    await registry.post(f"/v1/public/contact-cards/{card['code']}/found-reports", {}, by=nobody, status=status)
    if status != 201:
        return shown
    [case] = (await registry.get("/v1/found-persons"))["items"]
    return await registry.get(f"/v1/found-persons/{case['id']}")


async def merged(registry: Registry, keep: str, other: str) -> dict[str, Any]:
    pair = await registry.post("/v1/duplicates", {"person_id": keep, "other_id": other})
    return await registry.post(f"/v1/duplicates/{pair['id']}/merge", {"keep": keep, "take": []})


@pytest.mark.parametrize("before", ["issued", "delivered", "lost"])
@pytest.mark.parametrize(("verb", "because"), [("move-out", "moved_out"), ("record-death", "died")])
async def test_cards_go_out_of_use_with_their_bearer_and_come_back_when_that_was_wrong(
    elder: Elder, verb: str, because: str, before: str
) -> None:
    card = await elder.card()
    if before == "delivered":
        await elder.registry.post(f"/v1/contact-cards/{card['id']}/deliver", {"is_explained": True})
    if before == "lost":
        await elder.registry.post(f"/v1/contact-cards/{card['id']}/report-lost")
    await elder.act(verb)
    assert await elder.state(card) == ("revoked", because)
    await elder.registry.post(f"/v1/contact-cards/{card['id']}/replace", status=409)
    await elder.registry.post("/v1/contact-cards", {"person_id": elder.id}, status=409)
    await elder.act("correct-departure")
    assert await elder.state(card) == (before, None)


async def test_a_death_after_a_move_is_undone_one_step_at_a_time(elder: Elder) -> None:
    card = await elder.card()
    await elder.act("move-out")
    await elder.act("record-death")
    await elder.act("correct-departure")
    assert await elder.state(card) == ("revoked", "moved_out")
    await elder.act("correct-departure")
    assert await elder.state(card) == ("issued", None)


async def test_who_returned_has_the_new_card_whatever_is_corrected_later(elder: Elder) -> None:
    old = await elder.card()
    await elder.act("move-out")
    await elder.act("return", {"household_id": elder.home, "relation": "other"})
    new = await elder.card()
    assert await elder.state(old) == ("revoked", "moved_out")
    await elder.act("move-out")
    await elder.act("correct-departure")
    assert await elder.state(new) == ("issued", None)
    assert await elder.state(old) == ("revoked", "moved_out")


async def test_who_moved_out_and_walked_back_is_brought_home_by_the_old_card(elder: Elder) -> None:
    card = await elder.card()
    await elder.act("move-out")
    case = await found(elder.registry, card)
    assert case["person"]["id"] == elder.id and case["grid_code"] == elder.registry.grid(1)


async def test_the_card_of_one_who_died_points_to_those_they_lived_with(elder: Elder) -> None:
    card = await elder.card()
    await elder.act("record-death")
    case = await found(elder.registry, card)
    assert case["person"] is None
    assert [each["id"] for each in case["candidates"]] == [elder.widow]


async def test_a_card_that_staff_revoked_takes_no_report(elder: Elder) -> None:
    card = await elder.card()
    await elder.registry.post(f"/v1/contact-cards/{card['id']}/revoke")
    assert (await found(elder.registry, card, status=410))["state"] == "revoked"
    await elder.act("move-out")
    await elder.act("correct-departure")
    assert await elder.state(card) == ("revoked", None)


async def test_a_card_follows_its_bearer_to_another_home(elder: Elder) -> None:
    card = await elder.card()
    there = await elder.registry.household(compound="丰景苑", building="5号楼", unit="", room="101")
    await elder.act("move", {"household_id": there["id"], "relation": "other"})
    shown = await elder.again(card)
    assert (shown["household_id"], shown["grid_code"]) == (there["id"], elder.registry.grid(2))
    person = await elder.registry.get(f"/v1/people/{elder.id}")
    back = await elder.registry.ask(
        "PATCH",
        f"/v1/people/{elder.id}",
        json={"household_id": elder.home},
        headers={"If-Match": f'"{person["version"]}"'},
    )
    assert back.status_code == 200
    assert (await elder.again(card))["grid_code"] == elder.registry.grid(1)


async def test_the_cards_of_a_household_end_with_it(elder: Elder) -> None:
    card = await elder.registry.post("/v1/contact-cards", {"household_id": elder.home})
    await elder.registry.post(f"/v1/households/{elder.home}/move-out", {})
    assert await elder.state(card) == ("revoked", "household_ended")
    await elder.registry.post("/v1/contact-cards", {"household_id": elder.home}, status=404)
    assert (await found(elder.registry, card))["grid_code"] == elder.registry.grid(1)


async def test_an_erased_persons_card_still_opens_a_case_and_points_to_nobody_erased(elder: Elder) -> None:
    card = await elder.card()
    await elder.act("erase")
    assert await elder.state(card) == ("revoked", "erased")
    case = await found(elder.registry, card)
    assert case["person"] is None and elder.id not in {each["id"] for each in case["candidates"]}


async def test_of_two_records_with_a_card_each_the_kept_ones_stays(elder: Elder) -> None:
    registry = elder.registry
    there = await registry.household(compound="丰景苑", building="5号楼", unit="", room="101")
    twin = Elder(registry, (await registry.person(there["id"], "张三峰"))["id"], there["id"])
    kept, other, team = await elder.card(), await twin.card(), await twin.card("team")
    done = await merged(registry, elder.id, twin.id)
    assert await elder.state(kept) == ("issued", None)
    assert await elder.state(other) == ("revoked", "merged")
    shown = await elder.again(team)
    assert (shown["state"], shown["person_id"], shown["grid_code"]) == ("issued", elder.id, registry.grid(1))
    assert (await found(registry, other))["person"]["id"] == elder.id
    await registry.post(f"/v1/people/{elder.id}/merges/{done['id']}/undo")
    for card, owner in ((kept, elder), (other, twin), (team, twin)):
        shown = await elder.again(card)
        assert (shown["state"], shown["person_id"], shown["household_id"]) == ("issued", owner.id, owner.home)


async def with_portrait(registry: Registry, person_id: str) -> bytes:
    await registry.consent(person_id, "portrait")
    assert (await send(registry, {"id": person_id})).status_code == 201
    return (await look(registry, {"id": person_id})).content


async def test_a_merge_supplies_the_portrait_that_is_missing_and_undoing_gives_it_back(elder: Elder) -> None:
    registry = elder.registry
    twin = (await registry.person(elder.home, "张三峰"))["id"]
    picture = await with_portrait(registry, twin)
    done = await merged(registry, elder.id, twin)
    assert (await look(registry, {"id": elder.id})).content == picture
    await swept(registry)
    assert len(files_of(registry)) == 2, "one picture is kept, in two sizes"
    await registry.post(f"/v1/people/{elder.id}/merges/{done['id']}/undo")
    assert (await look(registry, {"id": twin})).content == picture
    assert (await look(registry, {"id": elder.id})).status_code == 404
    await swept(registry)
    assert len(files_of(registry)) == 2


async def test_a_portrait_of_their_own_stays_and_one_that_came_later_too(elder: Elder) -> None:
    registry = elder.registry
    twin = (await registry.person(elder.home, "张三峰"))["id"]
    await with_portrait(registry, twin)
    done = await merged(registry, elder.id, twin)
    mine = await with_portrait(registry, elder.id)
    await registry.post(f"/v1/people/{elder.id}/merges/{done['id']}/undo")
    assert (await look(registry, {"id": elder.id})).content == mine
    assert (await look(registry, {"id": twin})).status_code == 404
    theirs = await with_portrait(registry, twin)
    done = await merged(registry, elder.id, twin)
    assert (await look(registry, {"id": elder.id})).content == mine
    await registry.post(f"/v1/people/{elder.id}/merges/{done['id']}/undo")
    assert (await look(registry, {"id": twin})).content == theirs


async def test_withdrawing_the_consent_removes_what_a_merge_brought(elder: Elder) -> None:
    registry = elder.registry
    twin = (await registry.person(elder.home, "张三峰"))["id"]
    await with_portrait(registry, twin)
    await merged(registry, elder.id, twin)
    [consent] = (await registry.get(f"/v1/people/{elder.id}/consents"))["items"]
    await registry.post(f"/v1/people/{elder.id}/consents/{consent['id']}/withdraw")
    assert (await look(registry, {"id": elder.id})).status_code == 404
    await swept(registry)
    assert files_of(registry) == []
