"""Sheets of residents through the service's door."""

from datetime import date

from tests.residents.registry import Registry, a_phone, an_identity_number
from tests.residents.sheets import a_row, as_csv, as_xlsx, bring_in, check, problems, run


async def test_a_sheet_becomes_households_and_people(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    number, phone = an_identity_number(date(1946, 5, 3)), a_phone()
    sheet = as_csv(
        a_row("单玉兰", 身份证号=number, 手机号=phone, 与户主关系="户主", 标签="独居、退役军人", 备注="慢慢说"),
        a_row("王伟", 出生日期="1970/1/3", 性别="男", 与户主关系="子"),
        a_row("李静", room="102"),
    )
    checked = await check(registry, sheet)
    assert checked["state"] == "checked"
    assert checked["counts"] == {
        "rows_with_errors": 0,
        "rows_with_warnings": 0,
        "rows_skipped": 0,
        "people_added": 3,
        "people_changed": 0,
        "people_unchanged": 0,
        "households_added": 2,
    }
    assert (await registry.get("/v1/people"))["items"] == [], "a check writes nothing"
    done = await run(registry, checked["id"])
    assert (done["state"], done["counts"]) == ("done", checked["counts"])
    assert done["progress"]["rows_done"] == 3
    households = (await registry.get("/v1/households"))["items"]
    assert sorted((home["room"], home["grid_code"]) for home in households) == [
        ("101", registry.grid()),
        ("102", registry.grid()),
    ]
    found = await registry.post("/v1/people/search", {"purpose": "visit", "identity_number": number})
    person = await registry.get(f"/v1/people/{found['items'][0]['id']}")
    assert (person["name"], person["sex"], sorted(person["tags"])) == (
        "单*",
        person["sex"],
        ["living_alone", "veteran"],
    )


async def test_the_same_sheet_again_changes_nothing(registry: Registry) -> None:
    rows = [
        a_row("单玉兰", 身份证号=an_identity_number(), 手机号=a_phone(), 标签="独居"),
        a_row("王伟", 出生日期="1970-01-03"),
        a_row("李静", room="102"),
    ]
    await bring_in(registry, as_csv(*rows))
    before = (await registry.get("/v1/people"))["items"]
    again = await bring_in(registry, as_xlsx(*rows))
    counts = again["counts"]
    assert (counts["people_unchanged"], counts["people_added"], counts["people_changed"]) == (3, 0, 0)
    assert (await registry.get("/v1/people"))["items"] == before
    assert len(await registry.events("person_registered")) == 3


async def test_a_passport_a_tenure_and_the_day_they_moved_in(registry: Registry) -> None:
    one, other = "E12345678", "FRA 21AB34567"
    sheet = as_csv(
        a_row("甲", 护照号=one, 入住日期="2008-09-01"),
        a_row("乙", 护照号=other, 住房性质="租住"),
        a_row("丙", room="102", 住房性质="自有"),
    )
    done = await bring_in(registry, sheet)
    assert (done["state"], done["counts"]["people_added"]) == ("done", 3)
    homes = {home["room"]: home["tenure"] for home in (await registry.get("/v1/households"))["items"]}
    assert homes == {"101": "rented", "102": "owner_occupied"}
    for said in ({"passport": one}, {"passport": "chn e12345678"}, {"q": one}):
        found = await registry.post("/v1/people/search", {"purpose": "visit"} | said)
        [person] = found["items"]
    assert len((await registry.post("/v1/people/search", {"purpose": "visit", "q": "fra:21ab34567"}))["items"]) == 1
    history = await registry.get(f"/v1/people/{person['id']}/memberships")
    assert [each["began_on"] for each in history] == ["2008-09-01"]
    again = await bring_in(registry, sheet)
    assert again["counts"]["people_unchanged"] == 3


async def test_a_passport_and_a_number_of_two_people_are_left_to_people(registry: Registry) -> None:
    number, passport = an_identity_number(), "E12345678"
    await bring_in(registry, as_csv(a_row("甲", 身份证号=number), a_row("乙", 护照号=passport)))
    job = await check(registry, as_csv(a_row("甲", 身份证号=number, 护照号=passport)))
    [problem] = await problems(registry, job["id"])
    assert (problem["heading"], problem["code"]) == ("护照号", "documents_disagree")
    twice = await check(registry, as_csv(a_row("丁", 护照号="E1"), a_row("戊", room="7", 护照号="e 1")))
    assert twice["counts"]["rows_with_errors"] == 2, "too short for a passport"
    twice = await check(registry, as_csv(a_row("丁", 护照号="E76543210"), a_row("戊", room="7", 护照号="e76543210")))
    assert [each["code"] for each in await problems(registry, twice["id"])] == ["same_person_twice"]
