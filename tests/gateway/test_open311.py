"""Open311 through the gateway: what clients are offered, what they may send, what everybody may see."""

from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gateway.open311.keys import disable_api_keys
from gateway.tables import GLOBAL
from shared.clock import utc_now
from shared.geo import gcj02_from_wgs84
from tests.apps import client_for
from tests.gateway.conftest import Town
from tests.gateway.open311 import HERE, LAMP, NOISE, Place, add_client, open_place

WALLS = "livelihood.walls"


@pytest.fixture(scope="module")
async def place(town: Town) -> Place:
    return await open_place(town)


def numbers(found: list[dict[str, Any]]) -> list[str]:
    return [each["service_request_id"] for each in found]


# What is offered


async def test_discovery_lists_endpoints_and_formats(place: Place):
    found = await place.get("discovery")
    assert datetime.fromisoformat(found["changeset"]) < utc_now()
    assert len(found["endpoints"]) == 2
    for endpoint in found["endpoints"]:
        assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
        assert endpoint["formats"] == ["text/xml", "application/json"]
    assert found["endpoints"][0]["url"] == place.base
    written = await place.xml("discovery")
    assert [each.text for each in written.findall("endpoints/endpoint/formats/format")][:2] == [
        "text/xml",
        "application/json",
    ]


async def test_services_are_what_may_be_asked_for(place: Place):
    found = {each["service_code"]: each for each in await place.get("services")}
    assert "livelihood" not in found, "classes are groups"
    assert (found[LAMP]["type"], found[LAMP]["group"], found[LAMP]["service_name"]) == ("realtime", "民生实事", "路灯")
    assert found[NOISE]["metadata"] is True
    english = await place.get("services", headers={"Accept-Language": "en"})
    assert {each["service_code"]: each["service_name"] for each in english}[LAMP] == "Street lamp"
    written = await place.xml("services")
    assert written.tag == "services"
    assert {each.findtext("service_code") for each in written.findall("service")} == found.keys()


async def test_closed_and_confidential_categories_are_not_offered(town: Town):
    place = await open_place(town)
    for code, change in ((WALLS, {"active": False}), (NOISE, {"privacy": "confidential"})):
        async with await place.staff() as staff:
            before = await staff.get(f"/v1/categories/{code}")
            headers = {"If-Match": before.headers["etag"]}
            changed = await staff.patch(f"/v1/categories/{code}", json=change, headers=headers)
        assert changed.is_success, changed.text
        await place.get(f"services/{code}", expect=404)
        await place.post(service_code=code, expect=404)
    assert not {WALLS, NOISE} & {each["service_code"] for each in await place.get("services")}


async def test_a_definition_asks_what_the_form_asks(place: Place):
    definition = await place.get(f"services/{NOISE}")
    [source] = [each for each in definition["attributes"] if each["code"] == "source"]
    assert source["datatype"] == "singlevaluelist"
    assert (source["variable"], type(source["required"])) == (True, bool)
    assert {"key": "neighbour", "name": "邻居"} in source["values"]
    written = await place.xml(f"services/{NOISE}")
    assert written.tag == "service_definition"
    assert written.findtext("attributes/attribute/values/value/key") == source["values"][0]["key"]


# Who is asked


async def test_where_several_are_served_the_jurisdiction_is_named(place: Place, town: Town):
    await open_place(town)
    for path in ("services", "requests", "servicerequestupdates"):
        [error] = await place.get(path, jurisdiction_id="", expect=400)
        assert error["code"] == "400"
        assert "jurisdiction_id" in error["description"]
        [error] = await place.get(path, jurisdiction_id="nowhere", expect=404)
        assert error["code"] == "404"
    [made] = await place.post(jurisdiction_id=None)
    assert made["service_request_id"], "a client of one community need not name it"


@pytest.mark.parametrize("key", [None, "", "wrong", "x" * 5_000, "\x00"])
async def test_without_a_good_key_nothing_comes_in(place: Place, key: str | None):
    before = await place.count()
    [error] = await place.post(api_key=key, expect=403)
    assert error["code"] == "403"
    assert await place.count() == before


async def test_a_disabled_key_and_one_without_the_right_are_refused(town: Town):
    place = await open_place(town)
    await place.submit()
    _, reader = await add_client(town, place.code, grants=("requests:read",))
    await place.post(api_key=reader, expect=403)
    _, elsewhere = await add_client(town, "150207980000", grants=("requests:write",))
    await place.post(api_key=elsewhere, expect=404)
    async with town.gateway.state.database.transaction(GLOBAL) as session:
        assert await disable_api_keys(session, place.client_id) == 1
    await place.post(expect=403)
    await place.get("requests", api_key=place.key, expect=403)


# What comes in


async def test_a_request_comes_in_and_is_shown(place: Place):
    request_id = await place.submit(description="三单元门口的路灯不亮\n很久了", email="a@example.org", device_id="d")
    [shown] = await place.get(f"requests/{request_id}")
    assert (shown["status"], shown["service_code"], shown["service_name"]) == ("open", LAMP, "路灯")
    assert (shown["lat"], shown["long"]) == (40.625, 109.975)
    assert shown["requested_datetime"].endswith("+08:00")
    assert "." not in shown["requested_datetime"] + shown["updated_datetime"]
    assert datetime.fromisoformat(shown["expected_datetime"]) > utc_now()
    assert None not in shown.values()
    stored = await place.stored(request_id)
    assert (stored["channel"], stored["grid_code"]) == ("open311", f"{place.code}001")
    assert (stored["title"], stored["description"]) == ("三单元门口的路灯不亮", "三单元门口的路灯不亮\n很久了")
    [token] = await place.get(f"tokens/{request_id}")
    assert token == {"service_request_id": request_id, "token": request_id}


async def test_answers_to_questions_in_every_spelling(place: Place):
    for name in ("attribute[source]", "attribute[source][]", "attribute[source][0]"):
        request_id = await place.submit(service_code=NOISE, **{name: "neighbour"})
        assert (await place.stored(request_id))["attributes"]["source"] == "neighbour"


@pytest.mark.parametrize(
    ("form", "grid"),
    [
        ({"address_id": "桂花苑/11号楼/2单元"}, True),
        ({"address_string": "内蒙古包头市 桂花苑 11 号楼 2 单元楼下"}, True),
        ({"address_string": "河边"}, False),
    ],
    ids=["id", "written", "elsewhere"],
)
async def test_an_address_will_do(place: Place, form: dict[str, str], grid: bool):
    request_id = await place.submit(lat=None, long=None, **form)
    stored = await place.stored(request_id)
    assert stored["grid_code"] == (f"{place.code}001" if grid else None)
    assert (stored["place"]["note"] is None) == ("address_string" not in form)
    [shown] = await place.get(f"requests/{request_id}")
    assert shown.get("address") == ("桂花苑11号楼" if grid else None), "to the building, no further"


async def test_a_position_may_be_that_of_a_chinese_map(place: Place):
    longitude, latitude = gcj02_from_wgs84(109.975, 40.625)
    request_id = await place.submit(lat=str(latitude), long=str(longitude), crs="gcj02")
    [shown] = await place.get(f"requests/{request_id}")
    assert (shown["lat"], shown["long"]) == (pytest.approx(40.625, abs=1e-6), pytest.approx(109.975, abs=1e-6))


async def test_the_same_idempotency_key_is_one_request(place: Place):
    sent = {"api_key": place.key, "service_code": LAMP, **HERE}
    headers = {"Idempotency-Key": "app-1"}
    async with place.town.client() as client:
        answers = [await client.post("/open311/v2/requests.xml", data=sent, headers=headers) for _ in range(2)]
    first, second = (ET.fromstring(each.content).findtext("request/service_request_id") for each in answers)
    assert first == second


REFUSED: dict[str, dict[str, Any]] = {
    "no place": {"lat": None, "long": None},
    "empty place": {"lat": "", "long": " "},
    "half a place": {"long": None},
    "lat too far": {"lat": "91"},
    "no number": {"lat": "north"},
    "nan": {"lat": "nan"},
    "long": {"description": "灯" * 4_001},
    "long address": {"address_string": "路" * 256},
    "address id": {"address_id": "桂花苑"},
    "deep address id": {"address_id": "a/b/c/d"},
    "crs": {"crs": "utm"},
    "phone": {"phone": "nobody"},
    "name": {"first_name": "李" * 50, "last_name": "王" * 50},
    "unknown attribute": {"attribute[colour]": "red"},
    "attribute without code": {"attribute[]": "red"},
    "choice": {"service_code": NOISE, "attribute[source]": "moon"},
    "long answer": {"service_code": NOISE, "attribute[source]": "x" * 2_001},
}


@pytest.mark.parametrize("wrong", REFUSED)
async def test_what_cannot_be_taken_is_refused_whole(place: Place, wrong: str):
    before = await place.count()
    errors = await place.post(**REFUSED[wrong], expect=400)
    assert errors
    assert all(error["code"] == "400" and error["description"] for error in errors)
    assert not any(str(value) in str(errors) for value in REFUSED[wrong].values() if value and len(str(value)) > 3)
    assert await place.count() == before


async def test_required_answers_are_required(town: Town):
    place = await open_place(town)
    async with await place.staff() as staff:
        before = await staff.get(f"/v1/categories/{LAMP}")
        question = {"code": "pole", "datatype": "number", "name_zh": "灯杆号", "name_en": "Pole", "required": True}
        headers = {"If-Match": before.headers["etag"]}
        changed = await staff.patch(f"/v1/categories/{LAMP}", json={"form": [question]}, headers=headers)
    assert changed.is_success, changed.text
    [error] = await place.post(expect=400)
    assert error["description"].startswith("pole: ")
    await place.post(**{"attribute[pole]": ""}, expect=400)
    request_id = await place.submit(**{"attribute[pole]": "17"})
    assert (await place.stored(request_id))["attributes"] == {"pole": 17}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("requests/01a20835-2d50-73f6-8b84-f90e0fbb0f8d", 404),
        ("requests/1", 404),
        ("tokens/1", 404),
        ("update_tokens/01a20835-2d50-73f6-8b84-f90e0fbb0f8d", 404),
        ("services/none", 404),
        ("nothing", 404),
    ],
)
async def test_what_is_not_there_is_said_in_both_formats(place: Place, path: str, status: int):
    [error] = await place.get(path, expect=status)
    assert error.keys() == {"code", "description"}
    written = await place.xml(path)
    assert (written.tag, written.findtext("error/code")) == ("errors", str(status))
    async with place.town.client() as client:
        unknown = await client.get(f"/open311/v2/{path}.csv")
    assert (unknown.status_code, ET.fromstring(unknown.content).tag) == (404, "errors")


# What everybody may see


async def test_nothing_personal_is_shown_to_anybody(place: Place):
    said = {"description": "王小明家门口的灯", "first_name": "小明", "last_name": "王", "phone": "13900001234"}
    request_id = await place.submit(**said, address_string="桂花苑1号楼2单元301室")
    async with place.town.client() as client:
        for path in ("requests", f"requests/{request_id}", "servicerequestupdates"):
            for written in ("xml", "json"):
                answer = await client.get(f"/open311/v2/{path}.{written}", params={"jurisdiction_id": place.code})
                assert answer.status_code == 200
                assert not [word for word in ("小明", "00001234", "门口", "301室", "2单元") if word in answer.text]
    [own] = await place.get(f"requests/{request_id}", api_key=place.key)
    assert own["description"] == said["description"], "its own client may read what it sent"
    async with await place.staff() as staff:
        revealed = await staff.post(f"/v1/service-requests/{request_id}/reveal", json={"purpose": "service_delivery"})
    assert revealed.json() == {"name": "王小明", "phone": "+8613900001234"}, revealed.text


async def test_released_words_are_shown_until_they_are_taken_back(place: Place):
    request_id = await place.submit(description="老王家门口的灯")
    async with await place.staff() as staff:
        path = f"/v1/service-requests/{request_id}"
        note = await staff.post(f"{path}/updates", json={"kind": "progress", "text": "明天换灯"})
        lines = (await staff.get(f"{path}/updates")).json()["items"]
        [line] = [each for each in lines if each["text"] == "明天换灯"]
        words = {"title": "路灯", "description": "门口的灯", "update_ids": [line["id"]]}
        released = await staff.post(f"{path}/release-text", json=words)
    assert note.is_success
    assert released.is_success, released.text
    [shown] = await place.get(f"requests/{request_id}")
    assert shown["description"] == "门口的灯"
    told = await place.get("servicerequestupdates", service_request_id=request_id)
    assert "明天换灯" in [each["description"] for each in told]
    async with await place.staff() as staff:
        assert (await staff.post(f"{path}/take-text-back")).is_success
    [shown] = await place.get(f"requests/{request_id}")
    assert "description" not in shown
    told = await place.get("servicerequestupdates", service_request_id=request_id)
    assert [each["description"] for each in told] == ["有新的进展"]


async def test_private_matters_are_for_their_client_alone(place: Place):
    request_id = await place.submit(service_code=NOISE, description="楼上很吵")
    await place.act(request_id, "accept")
    await place.get(f"requests/{request_id}", expect=404)
    for path in ("requests", "servicerequestupdates"):
        assert request_id not in numbers(await place.get(path))
        assert request_id in numbers(await place.get(path, api_key=place.key))
    _, other = await add_client(place.town, place.code, grants=("requests:read", "requests:write"))
    await place.get(f"requests/{request_id}", api_key=other, expect=404)
    [own] = await place.get(f"requests/{request_id}", api_key=place.key)
    assert own["description"] == "楼上很吵"
    assert "lat" not in own, "a private matter has no position in the clear"


@pytest.fixture(scope="module")
async def crowd(town: Town) -> tuple[Place, list[str]]:
    """Five requests, the oldest first: lamps open, declined, withdrawn; a wall; a lamp elsewhere."""
    place = await open_place(town)
    made = [await place.submit() for _ in range(3)]
    made.append(await place.submit(service_code=WALLS))
    made.append(await place.submit(lat="40.629", long="109.979"))
    refusal = {"reason": "not_our_task", "text": "请联系物业"}
    async with await place.staff() as staff:
        path = f"/v1/service-requests/{made[1]}/reject"
        answer = await staff.post(path, json=refusal)
    assert answer.is_success, answer.text
    async with place.town.client() as client:
        told = {"update_id": "1", "updated_datetime": utc_now().isoformat(), "status": "Cancelled"}
        told |= {"api_key": place.key, "service_request_id": made[2]}
        assert (await client.post("/open311/v2/servicerequestupdates.json", data=told)).status_code == 200
    return place, made


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [4, 3, 2, 1, 0]),
        ({"status": "open"}, [4, 3, 0]),
        ({"status": "CLOSED"}, [2, 1]),
        ({"status": "open,closed"}, [4, 3, 2, 1, 0]),
        ({"status": "cancelled"}, [2]),
        ({"status": "planned"}, []),
        ({"service_code": f"{WALLS},none"}, [3]),
        ({"service_code": LAMP, "status": "open"}, [4, 0]),
        ({"bbox": "109.978,40.628,109.98,40.63"}, [4]),
        ({"page_size": "2"}, [4, 3]),
        ({"page": "2", "page_size": "2"}, [2, 1]),
        ({"page": "3", "page_size": "2"}, [0]),
        ({"page": "4", "page_size": "2"}, []),
    ],
)
async def test_lists_are_filtered_and_paged(crowd: tuple[Place, list[str]], asked: dict[str, str], found: list[int]):
    place, made = crowd
    assert numbers(await place.get("requests", **asked)) == [made[index] for index in found]


async def test_ids_override_every_other_filter(crowd: tuple[Place, list[str]]):
    place, made = crowd
    asked = {"service_request_id": f"{made[0]}, {made[2]},none", "status": "open", "start_date": "2001-01-01"}
    assert numbers(await place.get("requests", **asked)) == [made[2], made[0]]
    assert numbers(await place.get(f"requests/{made[0]},{made[1]}")) == [made[1], made[0]]


async def test_dates_are_of_submission_or_of_change(crowd: tuple[Place, list[str]]):
    place, made = crowd
    now = utc_now()
    soon, earlier = (now + timedelta(minutes=1)).isoformat(), (now - timedelta(hours=1)).isoformat()
    everything = list(reversed(made))
    assert numbers(await place.get("requests", start_date=earlier, end_date=soon)) == everything
    assert numbers(await place.get("requests", start_date=earlier.replace("+", " "))) == everything
    assert await place.get("requests", start_date=soon) == []
    assert await place.get("requests", end_date=earlier) == []
    assert set(numbers(await place.get("requests", updated_after=earlier))) == set(made)
    assert await place.get("requests", updated_before=earlier) == []
    [rejected] = await place.get(f"requests/{made[1]}")
    changed = rejected["updated_datetime"]
    assert made[1] in numbers(await place.get("requests", updated_after=changed, updated_before=changed))


@pytest.mark.parametrize(
    "asked",
    [
        {"start_date": "2026-01-01", "end_date": "2026-06-01"},
        {"start_date": "2026-06-01", "end_date": "2026-01-01"},
        {"start_date": "yesterday"},
        {"end_date": "9999-12-31T23:59:59Z"},
        {"start_date": "0001-01-01T00:00:00+14:00"},
        {"status": "sleeping"},
        {"bbox": "1,2,3"},
        {"bbox": "inf,0,nan,1"},
        {"page": "0"},
        {"page_size": "1001"},
        {"service_code": ",".join("a" * 2 for _ in range(101))},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(place: Place, asked: dict[str, str]):
    errors = await place.get("requests", **asked, expect=400)
    assert all(error["code"] == "400" and error["description"] for error in errors)


# When it cannot be answered


async def test_too_many_calls_are_refused_in_the_clients_format(strict: Town):
    for _ in range(600):
        strict.gateway.state.limits.of_open311("127.0.0.1")
    async with strict.client() as client:
        told = await client.get("/open311/v2/discovery.json")
    assert (told.status_code, [each["code"] for each in told.json()]) == (429, ["429"])
    assert int(told.headers["retry-after"]) > 0


async def test_a_service_that_is_away_is_said_in_the_clients_format(lone: Town):
    async with lone.client() as client:
        assert (await client.get("/open311/v2/discovery.xml")).status_code == 200
        told = await client.get("/open311/v2/services.xml")
    assert (told.status_code, ET.fromstring(told.content).findtext("error/code")) == (503, "503")
    assert told.headers["retry-after"]


async def test_only_the_gateway_and_partners_ask_the_service(place: Place):
    requests = place.town.services["requests"]
    paths = [("GET", path) for path in ("services", f"services/{LAMP}", "requests", "requests/named", "updates")]
    paths += [("GET", f"{name}/01a20835-2d50-73f6-8b84-f90e0fbb0f8d") for name in ("tokens", "update-tokens")]
    paths += [
        ("GET", f"media/{place.code}/01a20835-2d50-73f6-8b84-f90e0fbb0f8d"),
        ("POST", "requests"),
        ("POST", "updates"),
    ]
    for role in ("resident", "grid_worker", "responder", "staff", "head", "supervisor", "merchant", None):
        async with client_for(requests) as client:
            token = await place.town.token(role, place.code) if role else ""
            for method, path in paths:
                headers = {"Authorization": f"Bearer {token}"} if role else {}
                answer = await client.request(method, f"/internal/open311/{path}", headers=headers)
                assert answer.status_code == (403 if role else 401), (role, method, path)
    async with client_for(requests) as client:
        token = await place.town.token("gateway", place.code)
        for method, path in paths[-2:]:
            answer = await client.request(
                method, f"/internal/open311/{path}", headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 403, "nobody submits without a client's name"
    async with place.town.client() as client:
        assert (await client.get("/internal/open311/services")).status_code == 404
