"""People through the service's door: masked, corrected, revealed for a purpose, erased."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from shared import audit
from shared.clock import china_today
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone, an_identity_number

BORN = date(1946, 5, 3)


async def registered(registry: Registry, **known: Any) -> dict[str, Any]:
    household = await registry.household()
    return await registry.person(household["id"], **known)


async def reveal(registry: Registry, person_id: str, *fields: str, **options: Any) -> Any:
    return await registry.post(f"/v1/people/{person_id}/reveal", {"purpose": "visit", "fields": fields}, **options)


async def test_people_are_shown_masked(registry: Registry) -> None:
    number = an_identity_number(BORN)
    person = await registered(registry, name="欧阳慧兰", phone="13800138000", identity_number=number, cautions="慢慢说")
    assert person["name"] == "欧阳*"
    assert person["phone"] == "138****8000"
    assert person["identity_number"] == f"{number[0]}{'*' * 16}{number[-1]}"
    assert person["age"] == china_today().year - 1946 - ((china_today().month, china_today().day) < (5, 3))
    assert "very_old" in person["age_groups"]
    assert person["has_cautions"] is True
    assert person["warnings"] == [{"kind": "county_unknown"}]  # the invented county of all tests
    shown = await registry.get(f"/v1/people/{person['id']}")
    assert shown == {name: value for name, value in person.items() if name != "warnings"}
    assert (await registry.get("/v1/people"))["items"] == [shown]
    [event] = await registry.events("person_registered")
    assert event == {"person_id": person["id"], "household_id": person["household_id"]}


async def test_the_number_of_a_public_service_is_nobodys_own(registry: Registry) -> None:
    household = await registry.household()
    body = {"household_id": household["id"], "name": "张三丰", "phone": "12345"}
    refused = await registry.ask("POST", "/v1/people", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/phone")
    assert "公共服务" in refused.json()["errors"][0]["detail"]
    assert "12345" not in refused.text


async def test_one_person_per_identity_number_under_any_concurrency(registry: Registry) -> None:
    household = await registry.household()
    body = {"household_id": household["id"], "name": "张三丰", "identity_number": an_identity_number()}
    answers = await asyncio.gather(*(registry.ask("POST", "/v1/people", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [made] = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    again = await registry.ask("POST", "/v1/people", json=body)
    assert again.json()["code"] == "person-exists"
    assert again.json()["existing_id"] == made
    stranger = bearer("grid_worker", registry.community, grids=[registry.grid()])
    assert (await registry.ask("POST", "/v1/people", json=body, by=stranger)).status_code == 404
    elsewhere = Registry(registry.client, registry.app)
    there = await elsewhere.household()
    await elsewhere.post("/v1/people", body | {"household_id": there["id"]}, status=201)


async def test_who_resembles_someone_is_named_and_never_merged(registry: Registry) -> None:
    household = await registry.household(building="1号楼")
    phone = a_phone()
    first = await registry.person(household["id"], "单玉兰", phone=phone, birth_on=str(BORN))
    spouse = await registry.person(household["id"], "马建国", phone=phone)
    assert spouse["warnings"] == [{"kind": "same_phone", "person_id": first["id"]}]
    upstairs = await registry.household(building="1号楼")
    same_sound = await registry.person(upstairs["id"], "善玉兰", birth_on=str(BORN))
    assert same_sound["warnings"] == [{"kind": "same_name_and_birth_date", "person_id": first["id"]}]
    other_day = await registry.person(upstairs["id"], "单玉兰", birth_on="1946-05-04")
    assert other_day["warnings"] == []
    other_building = await registry.household(building="2号楼")
    assert (await registry.person(other_building["id"], "单玉兰", birth_on=str(BORN)))["warnings"] == []
    assert len((await registry.get("/v1/people"))["items"]) == 5


async def test_an_identity_number_settles_the_birth_date(registry: Registry) -> None:
    household = await registry.household()
    number = an_identity_number(BORN)
    body = {"household_id": household["id"], "name": "张三丰", "identity_number": number, "birth_on": "1947-05-03"}
    refused = await registry.ask("POST", "/v1/people", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "birth-date-differs")
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    invalid = await registry.ask("POST", "/v1/people", json=body | {"identity_number": wrong})
    assert invalid.status_code == 422
    assert wrong not in invalid.text


async def test_a_correction_is_a_merge_patch_of_one_version(registry: Registry) -> None:
    person = await registered(registry, name="张三丰", phone="13800138000", cautions="怕狗")
    path = f"/v1/people/{person['id']}"
    assert (await registry.ask("PATCH", path, json={"phone": None})).status_code == 428
    answer = await registry.ask("PATCH", path, json={"phone": None, "name": "李四"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["phone"]) == ("李*", None)
    assert answer.headers["etag"] == '"2"'
    assert (await reveal(registry, person["id"], "name", "cautions"))["cautions"] == "怕狗"
    assert (await registry.ask("PATCH", path, json={"name": None}, headers={"If-Match": '"2"'})).status_code == 422
    assert (await registry.ask("PATCH", path, json={"name": "王五"}, headers={"If-Match": '"1"'})).status_code == 412

    async def found(name: str) -> int:
        body = {"purpose": "visit", "name": name}
        return len((await registry.post("/v1/people/search", body))["items"])

    assert [await found("李四"), await found("张三丰")] == [1, 0], "the index follows the name"


async def test_a_person_joins_another_household(registry: Registry) -> None:
    person = await registered(registry)
    other = await registry.household(building="8号楼")
    path = f"/v1/people/{person['id']}"
    answer = await registry.ask("PATCH", path, json={"household_id": other["id"]}, headers={"If-Match": '"1"'})
    assert (answer.json()["household_id"], answer.json()["building"]) == (other["id"], "8号楼")
    foreign = Registry(registry.client, registry.app)
    theirs = await foreign.household()
    answer = await registry.ask("PATCH", path, json={"household_id": theirs["id"]}, headers={"If-Match": '"2"'})
    assert answer.status_code == 404


async def test_family_is_called_in_order(registry: Registry) -> None:
    person = await registered(registry, name="单玉兰")
    path = f"/v1/people/{person['id']}/family-contacts"
    for name, phone, relation in (
        ("马春梅", "13800138001", "child"),
        ("马明", "13800138002", "grandchild"),
        ("王大爷", "13800138003", "neighbour"),
    ):
        contacts = await registry.post(path, {"name": name, "phone": phone, "relation": relation}, status=201)
    assert [(each["position"], each["name"]) for each in contacts] == [(1, "马*"), (2, "马*"), (3, "王*")]
    daughter, grandson, neighbour = (each["id"] for each in contacts)
    order = [neighbour, daughter, grandson]
    reordered = await registry.post(f"{path}/reorder", {"contact_ids": order})
    assert [each["id"] for each in reordered] == order
    await registry.post(f"{path}/reorder", {"contact_ids": order[:2]}, status=422)
    await registry.post(f"{path}/reorder", {"contact_ids": [neighbour, neighbour, daughter]}, status=422)
    left = await registry.post(f"{path}/{neighbour}/remove")
    assert [(each["id"], each["position"]) for each in left] == [(daughter, 1), (grandson, 2)]
    shown = await reveal(registry, person["id"], "family_contacts")
    assert [each["phone"] for each in shown["family_contacts"]] == ["+8613800138001", "+8613800138002"]
    added = {"name": "李", "phone": "13800138004", "relation": "friend"}
    answers = await asyncio.gather(*(registry.ask("POST", path, json=added) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 6 + [409] * 2
    assert [each["position"] for each in await registry.get(path)] == list(range(1, 9))


async def test_tags_are_dated_and_stay_on_record(registry: Registry) -> None:
    person = await registered(registry)
    path = f"/v1/people/{person['id']}"
    today = china_today()
    granted = await registry.post(f"{path}/tags", {"kind": "veteran", "evidence": "优待证"}, status=201)
    ended = {"kind": "disabled", "valid_from": "2020-01-01", "valid_to": str(today - timedelta(days=1))}
    await registry.post(f"{path}/tags", ended)
    await registry.post(f"{path}/tags", {"kind": "hardship", "valid_from": str(today + timedelta(days=1))})
    await registry.post(f"{path}/tags", {"kind": "hardship", "valid_to": "2020-01-01"}, status=422)
    assert (await registry.get(path))["tags"] == ["veteran"]
    assert [item["id"] for item in (await registry.get("/v1/people", params={"tag": "veteran"}))["items"]] == [
        person["id"]
    ]
    assert (await registry.get("/v1/people", params={"tag": "disabled"}))["items"] == []
    listed = (await registry.get(f"{path}/tags"))["items"]
    assert [item["kind"] for item in listed] == ["hardship", "disabled", "veteran"]
    assert "优待证" not in json.dumps(listed, ensure_ascii=False)
    assert (await reveal(registry, person["id"], "tag_evidence"))["tag_evidence"][0]["evidence"] == "优待证"
    revoked = await registry.post(f"{path}/tags/{granted['id']}/revoke")
    assert revoked["revoked_by"]
    await registry.post(f"{path}/tags/{granted['id']}/revoke", status=409)
    assert (await registry.get(path))["tags"] == []
    assert len((await registry.get(f"{path}/tags"))["items"]) == 3
    assert (
        await registry.events("person_tags_changed")
        == [{"person_id": person["id"], "household_id": person["household_id"]}] * 4
    )


async def test_deleting_a_tag_needs_its_version(registry: Registry) -> None:
    person = await registered(registry)
    path = f"/v1/people/{person['id']}/tags"
    tag = await registry.post(path, {"kind": "veteran"})
    assert (await registry.ask("DELETE", f"{path}/{tag['id']}")).status_code == 428
    assert (await registry.ask("DELETE", f"{path}/{tag['id']}", headers={"If-Match": '"9"'})).status_code == 412
    assert (await registry.ask("DELETE", f"{path}/{tag['id']}", headers={"If-Match": '"1"'})).status_code == 200


async def test_every_reveal_names_its_purpose_and_is_written_down(registry: Registry) -> None:
    person = await registered(registry, name="单玉兰", phone="13800138000", cautions="听力不好")
    answer = await registry.ask("POST", f"/v1/people/{person['id']}/reveal", json={"fields": ["name"]})
    assert answer.status_code == 422, "no purpose"
    await registry.post(f"/v1/people/{person['id']}/reveal", {"purpose": "curiosity", "fields": ["name"]}, status=422)
    shown = await reveal(registry, person["id"], "name", "address", by=(staff := registry.staff))
    assert shown["name"] == "单玉兰"
    assert shown["address"]["compound"] == "开元小区"
    assert shown["phone"] is shown["cautions"] is None, "only what was asked for"
    log = await registry.get(f"/v1/people/{person['id']}/access-log")
    [entry] = log["items"]
    assert (entry["action"], entry["purpose"], entry["fields"]) == ("people.reveal", "visit", ["address", "name"])
    assert entry["role"] == "staff"
    assert staff
    async with registry.app.state.database.transaction(registry.community) as session:
        assert await audit.entries_about(session, registry.community, person["id"])


async def test_residents_read_themselves_and_who_read_them(registry: Registry) -> None:
    person = await registered(registry, name="单玉兰", phone="13800138000")
    relative = await registry.person(person["household_id"], "马春梅")
    me = bearer("resident", registry.community, person=person["id"], household=person["household_id"])
    assert {item["name"] for item in (await registry.get("/v1/people", by=me))["items"]} == {"单*", "马*"}
    await reveal(registry, person["id"], "phone")
    assert (await reveal(registry, person["id"], "name", by=me))["name"] == "单玉兰"
    log = (await registry.get(f"/v1/people/{person['id']}/access-log", by=me))["items"]
    assert [(entry["role"], entry["purpose"]) for entry in log] == [("resident", "subject_access"), ("staff", "visit")]
    await reveal(registry, relative["id"], "name", by=me, status=404)
    for part in ("access-log", "export", "tags", "family-contacts"):
        assert (await registry.ask("GET", f"/v1/people/{relative['id']}/{part}", by=me)).status_code == 404
    assert (await registry.ask("GET", "/v1/people", params={"tag": "veteran"}, by=me)).status_code == 403


async def test_the_export_holds_everything(registry: Registry) -> None:
    number = an_identity_number(BORN)
    person = await registered(registry, name="单玉兰", phone="13800138000", identity_number=number, cautions="怕狗")
    path = f"/v1/people/{person['id']}"
    await registry.post(f"{path}/tags", {"kind": "dementia", "evidence": "诊断书"})
    await registry.post(f"{path}/family-contacts", {"name": "马春梅", "phone": "13800138001", "relation": "child"})
    me = bearer("resident", registry.community, person=person["id"], household=person["household_id"])
    export = await registry.get(f"{path}/export", by=me)
    shown = json.dumps(export, ensure_ascii=False)
    for value in ("单玉兰", "+8613800138000", number, "怕狗", "诊断书", "马春梅", "1946-05-03", "dementia", "very_old"):
        assert value in shown
    log = (await registry.get(f"{path}/access-log", by=me))["items"]
    assert [entry["action"] for entry in log] == ["people.export"]


async def test_an_erased_person_can_be_neither_found_nor_read(registry: Registry) -> None:
    number, phone = an_identity_number(BORN), a_phone()
    person = await registered(registry, name="单玉兰", phone=phone, identity_number=number, cautions="怕狗")
    path = f"/v1/people/{person['id']}"
    await registry.post(f"{path}/tags", {"kind": "dementia"})
    await registry.post(f"{path}/family-contacts", {"name": "马春梅", "phone": "13800138001", "relation": "child"})
    assert await registry.post(f"{path}/erase", status=204) is None
    for method, part, body in (
        ("GET", "", None),
        ("GET", "/export", None),
        ("GET", "/access-log", None),
        ("GET", "/tags", None),
        ("POST", "/reveal", {"purpose": "visit", "fields": ["name"]}),
        ("POST", "/erase", None),
    ):
        assert (await registry.ask(method, path + part, json=body)).status_code == 404
    assert (await registry.get("/v1/people"))["items"] == []
    for criterion in ({"name": "单玉兰"}, {"phone": phone}, {"identity_number": number}, {"last_four": phone[-4:]}):
        found = await registry.post("/v1/people/search", {"purpose": "lost_person"} | criterion)
        assert found["items"] == []
    gateway = bearer("gateway", "*")
    known = await registry.post("/internal/people/by-phone", {"phone": phone}, by=gateway)
    assert person["id"] not in {each["person_id"] for each in known}  # another community's test may draw the phone
    assert await registry.events("person_erased") == [{"person_id": person["id"]}]
    async with registry.app.state.database.transaction(registry.community) as session:
        for table, column in (
            ("person_token", "person_id"),
            ("person_tag", "person_id"),
            ("family_contact", "person_id"),
        ):
            query = text(f"SELECT count(*) FROM {table} WHERE {column} = :person")
            assert (await session.execute(query, {"person": person["id"]})).scalar_one() == 0
        stub = (
            (await session.execute(text("SELECT * FROM person WHERE id = :person"), {"person": person["id"]}))
            .mappings()
            .one()
        )
        assert all(stub[name] is None for name in ("name", "phone", "identity_number", "birth_on", "identity_index"))
        assert stub["erased_at"] is not None
    again = await registry.household()
    await registry.person(again["id"], "单玉兰", identity_number=number, phone=phone)


async def test_nothing_personal_rests_in_the_clear(registry: Registry, postgres: str) -> None:
    number = an_identity_number(BORN)
    secret = (
        "单玉兰绝密",
        "13912345678",
        number,
        "1946-05-03",
        "对青霉素过敏绝密",
        "马春梅绝密",
        "13987654321",
        "诊断绝密",
        "9907号绝密",
    )
    household = await registry.household(room=secret[8])
    person = await registry.person(
        household["id"], secret[0], phone=secret[1], identity_number=number, cautions=secret[4]
    )
    path = f"/v1/people/{person['id']}"
    await registry.post(f"{path}/family-contacts", {"name": secret[5], "phone": secret[6], "relation": "child"})
    await registry.post(f"{path}/tags", {"kind": "dementia", "evidence": secret[7]})
    await registry.post("/v1/people/search", {"purpose": "visit", "name": secret[0], "phone": secret[1]})
    async with registry.app.state.database.transaction(registry.community) as session:
        tables = (await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        for table in tables:
            if table in ("alembic_version", "contact_card_lookup"):
                continue
            rows = (await session.execute(text(f"SELECT t::text FROM {table} AS t"))).scalars()
            dump = "\n".join(rows)
            for value in secret:
                assert value not in dump, table
                assert value.encode().hex() not in dump, table
