"""Without a card: what they say, how they look, where they were seen, whom they may be; and who took them home."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlalchemy import text

from services.residents.found_persons import timers
from services.residents.found_persons.models import FoundPerson
from shared.audit import entries_about
from shared.clock import china_today, utc_now
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.cases import FINDER, TO_POLICE, a_card, act, detail_of, only_case, open_case, report
from tests.residents.neighbourhood import ELDER_NAME, PERSONAL, Neighbourhood
from tests.residents.registry import Registry

LOOKS = {
    "name": "欧阳",
    "relative_name": "明远",
    "place_words": "丰景苑旁边有个菜市场",
    "other_words": "要去接孙子",
    "sex": "female",
    "age_from": 75,
    "age_to": 85,
    "height_cm": 158,
    "build": "slim",
    "clothes": "灰色棉袄",
    "features": "右手拄拐",
}
HERE = {"longitude": 109.97, "latitude": 40.62, "crs": "wgs84"}


def a_picture(colour: str = "red") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return buffer.getvalue()


# What they look like


async def test_a_description_grows_and_is_revealed(place: Neighbourhood) -> None:
    case = await open_case(place, **FINDER)
    staff = place.client()
    assert (await detail_of(place, case))["has_description"] is False
    await act(staff, case["id"], "describe", **LOOKS)
    await act(staff, case["id"], "describe", clothes="蓝色外套", features=None)
    assert (await detail_of(place, case))["has_description"] is True
    seen = await act(staff, case["id"], "reveal", fields=["description"])
    expected = {name: value for name, value in LOOKS.items() if name != "features"} | {"clothes": "蓝色外套"}
    assert seen == {"description": expected}
    (entry,) = await place.audited(case["id"])
    assert entry.fields == ("description",)
    await act(staff, case["id"], "describe", 422, age_to=60)
    await act(staff, case["id"], "describe", 422, height_cm=900)
    await act(staff, case["id"], "unfounded")
    await act(staff, case["id"], "describe", 409, clothes="x")


# Whom they may be


async def described(registry: Registry, **looks: Any) -> str:
    """A case in the registry's community with a description."""
    case = await registry.post("/v1/found-persons", {"channel": "staff"})
    await registry.post(f"/v1/found-persons/{case['id']}/describe", looks)
    return case["id"]


async def suggested(registry: Registry, case_id: str, by: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return (await registry.post(f"/v1/found-persons/{case_id}/suggest-candidates", {}, by=by))["items"]


@pytest.fixture
async def street(registry: Registry) -> dict[str, str]:
    """Three households: an elder with dementia and her son, a young namesake, a neighbour of another grid."""
    for number, compound in ((1, "开元小区"), (2, "安康里")):
        await registry.publish_grid(registry.grid(number), (compound, "3号楼", "2单元"))
    home = await registry.household()
    elsewhere = await registry.household(compound="安康里")
    people = {
        "elder": await registry.person(home["id"], "单玉兰", birth_on="1946-05-03", sex="female"),
        "son": await registry.person(home["id"], "王建国", birth_on="1972-01-09", sex="male"),
        "namesake": await registry.person(elsewhere["id"], "单玉华", birth_on="1999-02-01", sex="female"),
        "neighbour": await registry.person(elsewhere["id"], "乌兰", birth_on="1944-02-01", sex="female"),
    }
    for name in ("elder", "neighbour"):
        tag = {"kind": "dementia", "valid_from": china_today().isoformat()}
        await registry.post(f"/v1/people/{people[name]['id']}/tags", tag)
    return {name: person["id"] for name, person in people.items()}


@pytest.mark.parametrize(
    ("looks", "first", "fits"),
    [
        ({"name": "单", "age_from": 75, "age_to": 85}, "elder", {"name", "age", "dementia", "care"}),
        ({"name": "shan yu lan"}, "elder", {"name"}),
        ({"name": "syl", "sex": "female"}, "elder", {"name", "sex"}),
        ({"relative_name": "建国", "sex": "female"}, "elder", {"relative", "sex"}),
        ({"place_words": "我家在安康里", "age_from": 80}, "neighbour", {"place", "age", "dementia"}),
        ({"name": "单玉华", "age_from": 25, "age_to": 30}, "namesake", {"name", "whole_name", "age"}),
    ],
)
async def test_the_likeliest_comes_first(
    registry: Registry, street: dict[str, str], looks: dict[str, Any], first: str, fits: set[str]
) -> None:
    items = await suggested(registry, await described(registry, **looks))
    assert items[0]["id"] == street[first]
    assert fits <= set(items[0]["fits"])
    assert [item["score"] for item in items] == sorted((item["score"] for item in items), reverse=True)
    assert all(item["name"].endswith("*") for item in items)


async def test_who_left_or_does_not_fit_is_not_suggested(registry: Registry, street: dict[str, str]) -> None:
    await registry.post(f"/v1/people/{street['neighbour']}/erase", {"reason": "申请"}, by=registry.staff)
    items = await suggested(registry, await described(registry, sex="male", age_from=20, age_to=30))
    assert {item["id"] for item in items}.isdisjoint({street["neighbour"], street["elder"]})


async def test_a_look_beyond_ones_grids_is_marked(registry: Registry, street: dict[str, str]) -> None:
    worker = bearer("grid_worker", registry.community, grids=[registry.grid(1)], sub="worker-1")
    case = await registry.post("/v1/found-persons", {"channel": "staff"}, by=worker)
    await registry.post(f"/v1/found-persons/{case['id']}/describe", {"age_from": 75}, by=worker)
    identify = f"/v1/found-persons/{case['id']}/identify"
    await registry.post(identify, {"person_id": street["neighbour"]}, by=worker, status=404)
    items = await suggested(registry, case["id"], worker)
    assert {item["id"] for item in items} >= {street["elder"], street["neighbour"]}
    marks = {}
    async with registry.app.state.database.transaction(registry.community) as session:
        for name in ("elder", "neighbour"):
            entries = await entries_about(session, registry.community, UUID(street[name]))
            (found,) = [each for each in entries if each.action == "found_persons.suggest_candidates"]
            assert (found.actor, found.purpose) == ("worker-1", "lost_person")
            marks[name] = "review" in found.detail
    assert marks == {"elder": False, "neighbour": True}
    detail = await registry.get(f"/v1/found-persons/{case['id']}", by=worker)
    assert {each["id"] for each in detail["candidates"]} == {item["id"] for item in items}
    assert detail["timeline"][-1]["kind"] == "candidates_suggested"
    await registry.post(identify, {"person_id": street["neighbour"]}, by=worker)


# Where they are


async def test_the_trail_runs_in_the_order_of_time(place: Neighbourhood) -> None:
    card = await a_card(place)
    made = await report(place, card["code"], place_text="二小校门口", position=HERE)
    case, worker = await only_case(place.client()), place.worker()
    finder, follow = place.client(None), {"token": made["follow_token"]}
    path = f"/v1/public/found-reports/{made['report_id']}/sightings"
    moved = await finder.post(path, json={"place_text": "我们走到了西门"}, params=follow)
    assert moved.status_code == 201, moved.text
    earlier = (utc_now() - timedelta(hours=1)).isoformat()
    gcj = {"longitude": 109.98, "latitude": 40.63, "crs": "gcj02"}
    await act(worker, case["id"], "sightings", 201, position=gcj, seen_at=earlier)
    trail = (await worker.get(f"/v1/found-persons/{case['id']}/trail")).json()
    seen = [each["properties"] for each in trail["features"]]
    assert [(each["source"], each["place_text"]) for each in seen] == [
        ("community", None),
        ("finder", "二小校门口"),
        ("finder", "我们走到了西门"),
    ]
    assert [each["seen_at"] for each in seen] == sorted(each["seen_at"] for each in seen)
    points = [each["geometry"] and each["geometry"]["coordinates"] for each in trail["features"]]
    assert points[0] != [109.98, 40.63], "shifted to WGS 84"
    assert points[1:] == [[109.97, 40.62], None]
    (entry,) = await place.audited(case["id"])
    assert (entry.fields, entry.action) == (("trail",), "found_persons.reveal")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"position": {"longitude": 109.9, "latitude": 40.6}},
        {"place_text": "x", "seen_at": "2020-01-01T00:00:00Z"},
        {"place_text": "x", "seen_at": "2090-01-01T00:00:00Z"},
        {"place_text": "a\u0000"},
    ],
)
async def test_a_bad_sighting_changes_nothing(place: Neighbourhood, body: dict[str, Any]) -> None:
    case = await open_case(place)
    await act(place.client(), case["id"], "sightings", 422, **body)
    assert (await place.client().get(f"/v1/found-persons/{case['id']}/trail")).json()["features"] == []


async def test_the_finders_part_ends_with_the_case(place: Neighbourhood) -> None:
    card = await a_card(place)
    made = await report(place, card["code"])
    case = await only_case(place.client())
    await act(place.client(), case["id"], "unfounded")
    base, follow = f"/v1/public/found-reports/{made['report_id']}", {"token": made["follow_token"]}
    finder = place.client(None)
    closed = await finder.post(f"{base}/sightings", json={"place_text": "x"}, params=follow)
    assert (closed.status_code, closed.json()["code"]) == (409, "relay-closed")
    assert (await finder.post(f"{base}/photos", content=a_picture(), params=follow)).status_code == 409
    await act(place.client(), case["id"], "sightings", 409, place_text="x")


# Photos


async def photos_of(place: Neighbourhood, case: dict[str, Any]) -> list[dict[str, Any]]:
    return (await place.client().get(f"/v1/found-persons/{case['id']}/photos")).json()


async def test_photos_are_seen_by_who_may_open_the_case(place: Neighbourhood) -> None:
    card = await a_card(place)
    made = await report(place, card["code"])
    case = await only_case(place.client())
    finder = place.client(None)
    path, follow = f"/v1/public/found-reports/{made['report_id']}/photos", {"token": made["follow_token"]}
    sent = await finder.post(path, content=a_picture(), params=follow)
    assert sent.status_code == 201, sent.text
    assert (await finder.post(path, content=a_picture(), params={"token": "x"})).status_code == 404
    assert (await finder.post(path, content=b"no picture", params=follow)).status_code == 422
    worker = place.worker()
    own = await worker.post(f"/v1/found-persons/{case['id']}/photos?kind=sighting", content=a_picture("blue"))
    assert own.status_code == 201, own.text
    kinds = [photo["kind"] for photo in await photos_of(place, case)]
    assert kinds == ["found", "sighting"]
    picture = f"/v1/found-persons/{case['id']}/photos/{sent.json()['id']}"
    shown = await worker.get(picture, params={"size": "thumbnail"})
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    (entry,) = await place.audited(case["id"])
    assert entry.fields == ("photo",)
    supervisor = place.client("supervisor", area=place.code[:9])
    expected = {place.worker(place.other_grid): 404, place.resident(): 403, place.client(None): 401, supervisor: 403}
    for client, status in expected.items():
        assert (await client.get(picture)).status_code == status
    assert (await worker.get(f"/v1/found-persons/{case['id']}/photos/{uuid4()}")).status_code == 404
    refused = await worker.post(f"/v1/found-persons/{case['id']}/photos?kind=portrait", content=a_picture())
    assert refused.status_code == 422


async def test_a_finder_sends_so_many_photos(place: Neighbourhood) -> None:
    card = await a_card(place)
    made = await report(place, card["code"])
    path, follow = f"/v1/public/found-reports/{made['report_id']}/photos", {"token": made["follow_token"]}
    answers = [(await place.client(None).post(path, content=a_picture(), params=follow)).status_code for _ in range(11)]
    assert answers == [201] * 10 + [409]


async def test_photos_end_with_the_cases_retention(place: Neighbourhood) -> None:
    case = await open_case(place)
    staff = place.client()
    sent = (await staff.post(f"/v1/found-persons/{case['id']}/photos", content=a_picture())).json()
    await act(staff, case["id"], "unfounded")
    async with place.transaction() as session:
        row = await session.get(FoundPerson, (place.code, case["id"]))
        assert row is not None
        row.closed_at = utc_now() - timedelta(days=181)
    async with place.app.state.database.transaction(EVERYWHERE) as session:
        await timers.forget_old_cases(session, Vault(session, place.app.state.keyring), timedelta(days=180))
    assert (await staff.get(f"/v1/found-persons/{case['id']}/photos/{sent['id']}")).status_code == 404
    assert await photos_of(place, case) == []


# The handover


async def test_a_handover_is_proved_by_its_photo(place: Neighbourhood) -> None:
    case = await open_case(place)
    staff = place.client()
    looks = (await staff.post(f"/v1/found-persons/{case['id']}/photos", content=a_picture())).json()
    proof = (await staff.post(f"/v1/found-persons/{case['id']}/photos?kind=hand_over", content=a_picture())).json()
    handed: dict[str, Any] = TO_POLICE | {"identity_document": "service_card"}
    for photo_id in (str(uuid4()), looks["id"]):
        wrong = await act(staff, case["id"], "hand-over", 422, **handed, photo_id=photo_id)
        assert wrong["code"] == "not-a-hand-over-photo"
    assert (await detail_of(place, case))["state"] == "reported"
    done = await act(staff, case["id"], "hand-over", **handed, photo_id=proof["id"])
    assert done["handed_over_at"] is not None
    entry = (await detail_of(place, case))["timeline"][-1]
    assert entry["detail"] == {
        "receiver_kind": "police",
        "identity_checked": "true",
        "identity_document": "service_card",
        "photo_id": proof["id"],
    }
    late = await staff.post(f"/v1/found-persons/{case['id']}/photos?kind=hand_over", content=a_picture())
    assert late.status_code == 201
    assert (await staff.post(f"/v1/found-persons/{case['id']}/photos", content=a_picture())).status_code == 409


async def test_the_record_tells_the_police_everything(place: Neighbourhood) -> None:
    case = await open_case(place, **FINDER)
    staff = place.client()
    path = f"/v1/found-persons/{case['id']}"
    await act(staff, case["id"], "describe", **LOOKS)
    await act(staff, case["id"], "sightings", 201, place_text="西门水果店<b>", position=HERE)
    await act(staff, case["id"], "identify", person_id=str(place.elder_id), note="核对了照片")
    await act(staff, case["id"], "notify-family", way="call", result="coming", eta_minutes=15)
    record = await act(staff, case["id"], "record")
    assert record["person"]["name"] == ELDER_NAME
    assert record["description"]["clothes"] == LOOKS["clothes"]
    assert [each["properties"]["place_text"] for each in record["trail"]["features"]] == ["二小校门口", "西门水果店<b>"]
    assert [(each["result"], each["eta_minutes"]) for each in record["attempts"]] == [("coming", 15)]
    assert {"note": "核对了照片"} in [entry["words"] for entry in record["timeline"]]
    page = await staff.post(f"{path}/record", params={"format": "html"})
    assert page.headers["content-type"].startswith("text/html")
    for word in (ELDER_NAME, "灰色棉袄", "75–85", "西门水果店&lt;b&gt;", "核对了照片", "偏瘦"):
        assert word in page.text
    assert "<b>" not in page.text
    assert [entry.fields for entry in await place.audited(case["id"])] == [("record",)] * 2
    assert len(await place.audited(place.elder_id)) == 2
    await act(place.worker(place.other_grid), case["id"], "record", 404)
    await act(place.resident(), case["id"], "record", 403)
    await act(staff, case["id"], "unfounded")
    await act(place.worker(), case["id"], "record", 404)


async def test_nothing_gathered_rests_in_the_clear(place: Neighbourhood) -> None:
    case = await open_case(place, **FINDER)
    staff = place.client()
    await act(staff, case["id"], "describe", **LOOKS)
    await act(staff, case["id"], "sightings", 201, place_text="西门水果店", position=HERE)
    await act(staff, case["id"], "suggest-candidates")
    await staff.post(f"/v1/found-persons/{case['id']}/photos", content=a_picture())
    words = [word for word in LOOKS.values() if isinstance(word, str) and not word.isascii()]
    secrets = [*words, "西门水果店", "109.97"]
    tables = ("found_person", "found_sighting", "found_person_entry", "photo", "outbox", "audit_entry")
    async with place.transaction() as session:
        for table in tables:
            dump = "".join((await session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} AS t"))).scalars())
            assert dump
            for secret in (*secrets, *PERSONAL):
                assert secret not in dump
                assert secret.encode().hex() not in dump
