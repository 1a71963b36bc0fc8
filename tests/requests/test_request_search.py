"""Finding requests by what was written in them, a moment after it was written, and no more after it was erased."""

from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.requests.search.filing import file_requests
from services.requests.search.words import Tokens, enough, words_of
from shared.crypto import Keyring
from tests.requests.world import World

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4E40), min_size=2, max_size=12)


async def file(world: World) -> None:
    """What the timer does, within this community."""
    async with world.database.transaction(world.code) as session:
        while await file_requests(world.app.state.keyring, session):
            pass


async def found(world: World, q: str, role: str = "staff", query: str = "", **more: Any) -> list[str]:
    answer = await world.call(role, "POST", f"search{query}", {"q": q, **more})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_every_text_is_found(world: World) -> None:
    place = {"address": {"compound": "丰景苑", "building": "3号楼"}, "note": "北门后面"}
    made = (await world.submit(title="路灯不亮", description="晚上 WiFi 也不通", place=place))["id"]
    await world.submit(title="垃圾没人收")
    await file(world)
    for q in ("路灯", "灯不亮", "晚上", "wifi", "WIFI 路灯", "丰景苑", "3号楼", "北门", "路灯 3号楼"):
        assert await found(world, q) == [made], q
    assert await found(world, "噪音") == []
    assert await found(world, "路灯 噪音") == [], "all pieces have to fit"
    await world.post("staff", f"{made}/updates", {"kind": "note", "text": "电工说是噪音"})
    assert await found(world, "电工") == [], "a moment later"
    await file(world)
    assert await found(world, "电工") == await found(world, "路灯 噪音") == [made]


async def test_the_best_match_comes_first_and_then_the_newest(world: World) -> None:
    texts = ("漏水的是水管", "水管漏水", "水管漏水了", "水管已换")
    ids = {title: (await world.submit(title=title))["id"] for title in texts}
    await file(world)
    assert await found(world, "水管漏水") == [ids["水管漏水了"], ids["水管漏水"], ids["漏水的是水管"]]
    first = await world.call("staff", "POST", "search?limit=1", {"q": "水管漏水"})
    rest = f"search?limit=5&cursor={first.json()['next_cursor']}"
    rest_ids = [item["id"] for item in (await world.call("staff", "POST", rest, {"q": "水管漏水"})).json()["items"]]
    assert rest_ids == [ids["水管漏水"], ids["漏水的是水管"]]


async def test_a_search_is_narrowed_like_a_list(world: World) -> None:
    lamp = (await world.submit("grid_worker", title="路灯不亮"))["id"]
    wall = (await world.submit("grid_worker", title="路灯旁的墙", category="livelihood.walls"))["id"]
    await file(world)
    assert await found(world, "路灯") == [wall, lamp]
    assert await found(world, "路灯", category=["livelihood.walls"]) == [wall]
    assert await found(world, "路灯", state=["resolved"]) == []


async def test_only_what_one_may_read_is_found(world: World) -> None:
    theirs = (await world.submit("grid_worker", title="电梯困人"))["id"]
    other = (await world.submit(title="电梯异响"))["id"]
    await file(world)
    assert await found(world, "电梯") == [other, theirs]
    assert await found(world, "电梯", "grid_worker") == [theirs]
    assert await found(world, "电梯", "responder") == []
    await world.work_order("assigned", uuid4(), other)
    assert await found(world, "电梯", "responder") == [other]
    elsewhere = await world.call("head", "POST", "search", {"q": "电梯"}, area="150299001001")
    assert elsewhere.json()["items"] == []
    for role in ("supervisor", "resident", "partner"):
        assert (await world.call(role, "POST", "search", {"q": "电梯"})).status_code == 403


async def test_what_is_erased_or_taken_away_is_found_no_more(world: World) -> None:
    made = (await world.submit(title="家里漏水"))["id"]
    other = (await world.submit("staff", title="楼上漏水"))["id"]
    await world.post("resident", f"{made}/updates", {"kind": "comment", "text": "厨房也漏水"})
    await file(world)
    assert await found(world, "漏水") == [other, made]
    assert await found(world, "厨房") == [made]
    await world.deliver(
        "residents.person_erased.v1", {"person_id": str(world.person)}, subject=f"people/{world.person}"
    )
    await file(world)
    assert await found(world, "漏水") == [other]
    left = await world.sql("SELECT count(*) FROM request_token WHERE request_id = :id", id=made)
    assert left[0][0] == 0
    await world.sql("UPDATE service_request SET content_sealed = NULL WHERE id = :id RETURNING id", id=other)
    await file(world)
    assert await found(world, "漏水") == []
    assert await world.sql("SELECT 1 FROM request_token") == await world.sql("SELECT 1 FROM request_filing") == []


async def test_a_text_that_cannot_be_opened_stops_nobody(world: World) -> None:
    spoiled, whole = (await world.submit(title="路灯不亮"))["id"], (await world.submit(title="路灯歪了"))["id"]
    await world.sql("UPDATE service_request SET content_sealed = 'x' WHERE id = :id RETURNING id", id=spoiled)
    await file(world)
    assert await found(world, "路灯") == [whole]


async def test_a_search_is_by_words_or_by_phone(world: World) -> None:
    async def refused(body: dict[str, Any], role: str = "staff") -> tuple[int, str]:
        answer = await world.call(role, "POST", "search", body)
        return answer.status_code, answer.json()["code"]

    assert await refused({"q": "灯"}) == (422, "nothing-to-search-by")
    assert await refused({"q": "!!"}) == (422, "nothing-to-search-by")
    assert await refused({}) == (422, "validation")
    assert await refused({"q": "路灯", "phone": "13800138000", "purpose": "service_delivery"}) == (
        422,
        "validation",
    )
    assert await refused({"phone": "13800138000"}) == (422, "validation")
    assert await refused({"phone": "13800138000", "purpose": "service_delivery"}, "grid_worker") == (403, "forbidden")


def test_words_are_pairs_and_what_stands_alone() -> None:
    assert list(words_of("3号楼, 漏水 WiFi密码")) == ["3", "3号", "号楼", "漏水", "wifi", "wifi密", "密码"]
    assert list(words_of("灯")) == []
    assert [enough(n) for n in (1, 2, 3, 4, 5, 10)] == [1, 2, 2, 3, 3, 6]


@given(HAN, HAN, st.data())
def test_any_run_of_two_characters_is_found_again(before: str, after: str, data: st.DataObject) -> None:
    tokens = Tokens(Keyring({"k": b"k" * 32}, b"i" * 32), "150207007005")
    whole = before + after
    start = data.draw(st.integers(0, len(whole) - 2))
    part = whole[start : data.draw(st.integers(start + 2, len(whole)))]
    filed = tokens.of([whole])
    (piece,) = tokens.pieces(part)
    assert set(piece.tokens) <= filed
    elsewhere = Tokens(Keyring({"k": b"k" * 32}, b"i" * 32), "150207007006")
    assert not elsewhere.of([whole]) & filed, "communities share no token"
