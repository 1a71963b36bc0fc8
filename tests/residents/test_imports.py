"""Sheets of residents through the service's door."""

from datetime import date

from tests.residents.registry import Registry, a_phone, an_identity_number
from tests.residents.sheets import a_row, as_csv, as_xlsx, bring_in, check, run


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
