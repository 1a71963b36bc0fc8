"""Open311 updates in both directions, and photos that come with a request."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from sqlalchemy import text

from shared.clock import utc_now
from tests.gateway.conftest import Town
from tests.gateway.open311 import HERE, LAMP, NOISE, Place, add_client, open_place


@pytest.fixture(scope="module")
async def place(town: Town) -> Place:
    return await open_place(town)


# Updates, both ways


@pytest.fixture
async def told(place: Place) -> str:
    """A request of the client that the office has accepted."""
    request_id = await place.submit(service_code=NOISE)
    await place.act(request_id, "accept")
    return request_id


async def say(place: Place, request_id: str, number: str, *, expect: int = 200, **form: Any) -> Any:
    usual = {"updated_datetime": utc_now().isoformat(), "status": "OPEN", "description": "还是很吵"}
    sent = usual | {"service_request_id": request_id, "update_id": number} | form
    return await place.post("servicerequestupdates", expect=expect, **sent)


async def heard(place: Place, request_id: str, **asked: Any) -> list[dict[str, Any]]:
    return await place.get("servicerequestupdates", service_request_id=request_id, api_key=place.key, **asked)


async def test_what_happens_is_told_with_its_own_status(place: Place):
    first, second = await place.submit(), await place.submit()
    await place.act(first, "accept")
    await place.act(first, "resolve", text="已换灯")
    await place.act(second, "reject", reason="not_our_task", text="请联系物业")
    updates = [
        each for each in await place.get("servicerequestupdates") if each["service_request_id"] in (first, second)
    ]
    assert [(each["status"], each["external_status_code"]) for each in reversed(updates)] == [
        ("INVESTIGATING", "accepted"),
        ("FIXED", "resolved"),
        ("NOT_COUNCILS_RESPONSIBILITY", "rejected"),
    ]
    assert [each["description"] for each in reversed(updates)] == ["社区已受理", "已办理答复", "不予受理"]
    own = await heard(place, first)
    assert "已换灯" in [each["description"] for each in own]
    [shown] = await place.get(f"requests/{first}")
    assert shown["status"] == "closed"
    assert "expected_datetime" not in shown
    written = await place.xml("servicerequestupdates", service_request_id=first)
    assert written.tag == "service_request_updates"
    assert {each.tag for each in written} == {"request_update"}


async def test_a_client_may_go_on_where_it_ended(place: Place, told: str):
    [accepted] = await heard(place, told)
    at = accepted["updated_datetime"]
    assert [each["update_id"] for each in await heard(place, told, start_date=at, end_date=at)] == [
        accepted["update_id"]
    ]
    before = (datetime.fromisoformat(at) - timedelta(seconds=1)).isoformat()
    after = (datetime.fromisoformat(at) + timedelta(seconds=1)).isoformat()
    assert await heard(place, told, end_date=before) == []
    assert await heard(place, told, start_date=after) == []
    await say(place, told, "later")
    ids = [each["update_id"] for each in await heard(place, told, start_date=at)]
    assert ids[0] == accepted["update_id"]
    assert len(ids) == 2
    [token] = await place.get(f"update_tokens/{ids[1]}", api_key=place.key)
    assert token == {"update_id": ids[1], "token": ids[1]}


async def test_an_update_is_written_down_once(place: Place, told: str):
    first = await say(place, told, "17", status="investigating")
    again = await say(place, told, "17", description="something else")
    assert first == again
    texts = [each["description"] for each in await heard(place, told)]
    assert texts.count("还是很吵") == 1
    assert "something else" not in texts
    async with await place.staff() as staff:
        lines = (await staff.get(f"/v1/service-requests/{told}/updates")).json()["items"]
    [line] = [each for each in lines if each["id"] == first[0]["update_id"]]
    assert (line["step"], line["state"], line["detail"]["status"]) == ("comment", "accepted", "INVESTIGATING")


async def test_an_answer_lets_the_clock_run_on(place: Place):
    request_id = await place.submit(service_code=NOISE)
    async with place.town.services["requests"].state.database.transaction(place.code) as session:
        await session.execute(
            text("UPDATE service_request SET state = 'in_progress' WHERE id = :id"), {"id": UUID(request_id)}
        )
    await place.act(request_id, "wait-for-requester", text="几点吵?")
    assert (await place.stored(request_id))["waiting_since"]
    await say(place, request_id, "answer", description="晚上十点")
    stored = await place.stored(request_id)
    assert (stored["waiting_since"], stored["state"]) == (None, "in_progress")


async def test_a_cancelled_request_is_withdrawn_while_it_can_be(place: Place, told: str):
    await say(place, told, "cancel", status="Cancelled")
    assert (await place.stored(told))["state"] == "withdrawn"
    await say(place, told, "cancel again", status="CANCELLED")
    assert [each["status"] for each in await heard(place, told)].count("CANCELLED") == 2


@pytest.mark.parametrize(
    ("form", "expect"),
    [
        ({"api_key": "wrong"}, 403),
        ({"service_request_id": "01a20835-2d50-73f6-8b84-f90e0fbb0f8d"}, 404),
        ({"service_request_id": "one"}, 404),
        ({"status": "sleeping"}, 400),
        ({"status": ""}, 400),
        ({"updated_datetime": "now"}, 400),
        ({"update_id": "x" * 101}, 400),
        ({"description": "x" * 4_001}, 400),
    ],
)
async def test_an_update_that_cannot_be_taken_is_refused_whole(
    place: Place, told: str, form: dict[str, str], expect: int
):
    errors = await say(place, told, "wrong", expect=expect, **form)
    assert {each["code"] for each in errors} == {str(expect)}
    assert len(await heard(place, told)) == 1


async def test_nobody_speaks_for_another_clients_user(place: Place, told: str):
    _, other = await add_client(place.town, place.code, grants=("requests:read", "requests:write"))
    await say(place, told, "mine", expect=404, api_key=other)
    assert len(await heard(place, told)) == 1


# Photos


async def test_photos_come_with_a_request(place: Place):
    sent = {"api_key": place.key, "service_code": LAMP, **HERE, "description": "见照片"}
    files = [("media", ("a.jpg", a_photo("JPEG"), "image/jpeg")), ("photo1", ("b", a_photo("PNG"), "text/plain"))]
    async with place.town.client() as client:
        answer = await client.post("/open311/v2/requests.json", data=sent, files=files)
    assert answer.status_code == 200, answer.text
    async with await place.staff() as staff:
        kept = await staff.get(f"/v1/service-requests/{answer.json()[0]['service_request_id']}/attachments")
    assert [each["media_type"] for each in kept.json()["items"]] == ["image/jpeg"] * 2


@pytest.mark.parametrize("photos", [[b"GIF89a"], [b"\xff\xd8\xff"], [b"x"] * 4])
async def test_what_is_no_photo_is_refused_with_its_request(place: Place, photos: list[bytes]):
    before = await place.count()
    sent = {"api_key": place.key, "service_code": LAMP, **HERE}
    files = [("media", ("a.jpg", each, "image/jpeg")) for each in photos]
    async with place.town.client() as client:
        answer = await client.post("/open311/v2/requests.xml", data=sent, files=files)
    assert (answer.status_code, ET.fromstring(answer.content).findtext("error/code")) == (400, "400")
    assert await place.count() == before


def a_photo(kind: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (32, 24), "orange").save(buffer, kind)
    return buffer.getvalue()


async def test_a_released_photo_is_everybodys_until_it_is_taken_back(place: Place):
    sent = {"api_key": place.key, "service_code": LAMP, **HERE}
    async with place.town.client() as client:
        files = [("media", ("a.jpg", a_photo("JPEG"), "image/jpeg"))]
        answer = await client.post("/open311/v2/requests.json", data=sent, files=files)
    [made] = answer.json()
    path = f"/v1/service-requests/{made['service_request_id']}"
    async with await place.staff() as staff:
        [photo] = (await staff.get(f"{path}/attachments")).json()["items"]
        [hidden] = await place.get(f"requests/{made['service_request_id']}")
        released = await staff.post(f"{path}/release-text", json={"title": "路灯", "attachment_ids": [photo["id"]]})
        assert released.is_success, released.text
        [shown] = await place.get(f"requests/{made['service_request_id']}")
        assert "media_url" not in hidden
        async with place.town.client() as anybody:
            picture = await anybody.get(shown["media_url"])
            assert Image.open(BytesIO(picture.content)).size == (32, 24)
            assert (await staff.post(f"{path}/take-text-back")).is_success
            gone = await anybody.get(shown["media_url"])
    assert (gone.status_code, ET.fromstring(gone.content).findtext("error/code")) == (404, "404")
    assert "media_url" not in (await place.get(f"requests/{made['service_request_id']}"))[0]


async def test_links_to_photos_are_for_the_office_to_read(place: Place):
    links = ["https://example.org/1.jpg", "http://169.254.169.254/latest"]
    request_id = await place.submit(description="见照片", media_url=links)
    assert (await place.stored(request_id))["description"] == "\n".join(["见照片", *links])
    [shown] = await place.get(f"requests/{request_id}")
    assert "media_url" not in shown
    before = await place.count()
    for wrong in ("file:///etc/passwd", "javascript:alert(1)", "https://a b", "x" * 600, ["http://a"] * 6):
        await place.post(media_url=wrong, expect=400)
    assert await place.count() == before
