"""How an import behaves as a job: its states, its mapping, crashes, rules, retention, who may."""

import asyncio
import io
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import load_workbook

from services.residents.imports.headings import letter, position_of
from services.residents.imports.timers import advance_imports, forget_expired
from shared import audit
from shared.auth import Role
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone, an_identity_number
from tests.residents.sheets import (
    HEADINGS,
    a_row,
    as_csv,
    as_xlsx,
    bring_in,
    check,
    problems,
    run,
    settle,
    sweep,
    upload,
)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Sheets in parts of two rows; the other process, started earlier or later, is passed by."""
    monkeypatch.setattr("services.residents.imports.sheets.PART_ROWS", 2)

    async def here(_: Any, work: Any, *args: Any) -> Any:
        return work(*args)

    monkeypatch.setattr("services.residents.imports.workers.Workers.run", here)
    return 2


@pytest.fixture
def keys_here(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.residents.imports.workers._held", [registry.app.state.keyring])


class Killed(BaseException):
    """What no handler of ours may stop."""


async def test_a_part_that_dies_is_done_again_and_nothing_twice(
    registry: Registry, small_parts: int, keys_here: None
) -> None:
    """The process is killed in every part in turn, after everything was written and before it was committed."""
    rows = [a_row(f"人{number}", room=str(number // 2)) for number in range(7)]
    job = await check(registry, as_csv(*rows))
    assert job["counts"]["people_added"] == 7
    await registry.post(f"/v1/imports/{job['id']}/run", {}, status=202)
    state = registry.app.state
    killed = 0
    while (now := await registry.get(f"/v1/imports/{job['id']}"))["state"] == "running":
        with suppress(Killed):
            async with state.database.transaction(EVERYWHERE) as session:
                vault = Vault(session, state.keyring)
                if await advance_imports(session, vault, state.audit_signer, state.files, state.workers):
                    killed += 1
                    raise Killed
        await sweep(registry)
    people = (await registry.get("/v1/people"))["items"]
    assert len(people) == 7
    assert len((await registry.get("/v1/households"))["items"]) == 4
    assert now["counts"]["people_added"] == 7
    assert len(await registry.events("person_registered")) == 7
    assert killed > 0


async def test_a_sheet_corrects_and_adds_but_removes_nothing(registry: Registry) -> None:
    number, old, new = an_identity_number(), a_phone(), a_phone()
    await bring_in(
        registry,
        as_csv(a_row("甲", 身份证号=number, 手机号=old, 标签="独居", 备注="慢慢说"), a_row("乙"), a_row("丙")),
    )
    headings = (*HEADINGS, "紧急联系人", "紧急联系人电话", "紧急联系人关系")
    second = as_csv(
        [*a_row("甲", 身份证号=number, 手机号=new, 标签="退役军人"), "张四", "13800138001", "女儿"],
        [*a_row("乙", 出生日期="1950-01-01", 身份证号=""), "", "", ""],
        [*a_row("丙"), "", "", ""],
        headings=headings,
    )
    done = await bring_in(registry, second)
    counts = done["counts"]
    assert (counts["people_changed"], counts["people_unchanged"], counts["people_added"]) == (2, 1, 0)
    [first] = [person for person in await everybody(registry) if person["has_cautions"]]
    body = {"purpose": "visit", "fields": ["phone", "cautions", "family_contacts"]}
    known = await registry.post(f"/v1/people/{first['id']}/reveal", body)
    assert (known["phone"], known["cautions"]) == (f"+86{new}", "慢慢说")
    assert [contact["relation"] for contact in known["family_contacts"]] == ["child"]
    shown = await registry.get(f"/v1/people/{first['id']}")
    assert sorted(shown["tags"]) == ["living_alone", "veteran"]
    async with registry.app.state.database.transaction(registry.community) as session:
        entries = await audit.entries_about(session, registry.community, UUID(first["id"]))
        ran = await audit.entries_about(session, registry.community, UUID(done["id"]))
    assert ("imports.change", ("family_contacts", "phone")) in {(each.action, each.fields) for each in entries}
    assert [each.action for each in ran] == ["imports.run"]
    again = await bring_in(registry, second)
    assert again["counts"]["people_unchanged"] == 3


async def everybody(registry: Registry) -> list[dict[str, Any]]:
    return (await registry.get("/v1/people"))["items"]


async def test_columns_are_mapped_by_hand_where_headings_say_nothing(registry: Registry) -> None:
    headings = ("姓名", "手机号", "性别", "几栋几号", "门")
    job = await upload(registry, as_csv(["甲", a_phone(), "女", "3号楼", "101"], headings=headings))
    path = f"/v1/imports/{job['id']}"
    assert job["missing"] == ["compound", "building", "room"]
    refused = await registry.ask("POST", f"{path}/check")
    assert (refused.status_code, refused.json()["missing"]) == (409, job["missing"])
    assert (await registry.ask("PATCH", path, json={})).status_code == 428
    mapping = {"name": "A", "phone": "B", "sex": "C", "building": "D", "room": "E"}
    for wrong in ({"name": "Z"}, {"name": "A", "phone": "A"}, {"nobody": "A"}, {"name": "a1"}):
        answer = await registry.ask("PATCH", path, json={"mapping": wrong}, headers={"If-Match": '"1"'})
        assert answer.status_code == 422, wrong
    body = {"mapping": mapping, "compound": "开元小区"}
    mapped = await registry.ask("PATCH", path, json=body, headers={"If-Match": '"1"'})
    assert mapped.json()["missing"] == []
    await registry.post(f"{path}/check", status=202)
    assert (await settle(registry, job["id"]))["counts"]["people_added"] == 1
    done = await run(registry, job["id"])
    assert done["counts"]["households_added"] == 1
    assert [home["compound"] for home in (await registry.get("/v1/households"))["items"]] == ["开元小区"]


async def test_another_mapping_forgets_what_was_found_by_the_first(registry: Registry) -> None:
    job = await check(registry, as_csv(a_row("甲", 手机号="没有")))
    assert [each["code"] for each in await problems(registry, job["id"])] == ["phone"]
    mapping = {column["column"]: column["letter"] for column in job["columns"] if column["column"] != "phone"}
    headers = {"If-Match": f'"{job["version"]}"'}
    path = f"/v1/imports/{job['id']}"
    changed = await registry.ask("PATCH", path, json={"mapping": mapping}, headers=headers)
    assert (changed.status_code, changed.json()["state"]) == (200, "uploaded")
    assert await problems(registry, job["id"]) == []
    assert (await registry.ask("POST", f"{path}/run", json={})).status_code == 409
    await registry.post(f"{path}/check", status=202)
    assert (await settle(registry, job["id"]))["counts"]["rows_with_errors"] == 0


async def test_buildings_are_filed_as_the_address_table_spells_them(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", "2单元"), ("开元小区", "4号楼", ""))
    rows = [
        a_row("甲", 楼栋="3", 单元="2"),
        a_row("乙", 楼栋="０３栋", 单元="2 单元"),
        a_row("丙", 楼栋="4幢", 单元=""),
    ]
    job = await check(registry, as_xlsx(*rows))
    assert await problems(registry, job["id"]) == []
    await run(registry, job["id"])
    homes = (await registry.get("/v1/households"))["items"]
    assert sorted((home["building"], home["unit"], home["grid_code"]) for home in homes) == [
        ("3号楼", "2单元", registry.grid()),
        ("4号楼", "", registry.grid()),
    ]


async def test_a_cancelled_import_ends_where_it_is(registry: Registry, small_parts: int, keys_here: None) -> None:
    job = await check(registry, as_csv(*(a_row(f"人{number}", room=str(number)) for number in range(6))))
    path = f"/v1/imports/{job['id']}"
    await registry.post(f"{path}/run", {}, status=202)
    cancelled = await registry.post(f"{path}/cancel")
    assert cancelled["state"] == "cancelled"
    done = cancelled["progress"]["rows_done"]
    await sweep(registry)
    assert len(await everybody(registry)) == done
    assert (await registry.ask("POST", f"{path}/run", json={})).status_code == 409


async def test_the_marked_sheet_is_the_sheet_with_its_problems(registry: Registry) -> None:
    job = await check(registry, as_csv(a_row("甲"), a_row("乙", 手机号="=cmd|'/c calc'!A1")))
    answer = await registry.ask("GET", f"/v1/imports/{job['id']}/report.xlsx")
    assert answer.status_code == 200
    rows = load_workbook(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["行号", "问题", "姓名"]
    assert rows[1][:3] == [2, "", "甲"]
    assert rows[2][0] == 3 and rows[2][1].startswith("手机号:")
    assert rows[2][2 + HEADINGS.index("手机号")] == "=cmd|'/c calc'!A1", "as text"


async def test_the_template_can_be_imported_as_it_is(registry: Registry) -> None:
    answer = await registry.ask("GET", "/v1/imports/template.xlsx")
    job = await check(registry, answer.content)
    assert (job["missing"], job["counts"]["rows_with_errors"], job["counts"]["people_added"]) == ([], 0, 1)
    assert all(column["column"] for column in job["columns"])


async def test_a_sheet_is_destroyed_when_its_time_is_up(registry: Registry) -> None:
    job = await check(registry, as_csv(a_row("甲", 手机号="没有")))
    state = registry.app.state
    with time_machine.travel(utc_now() + timedelta(days=8), tick=False):
        async with state.database.transaction(EVERYWHERE) as session:
            while await forget_expired(session, Vault(session, state.keyring), state.files):
                pass
    gone = await registry.get(f"/v1/imports/{job['id']}")
    assert (gone["state"], gone["columns"]) == ("cancelled", [])
    for path in ("report", "report.xlsx"):
        assert (await registry.ask("GET", f"/v1/imports/{job['id']}/{path}")).status_code == 410
    later = utc_now() + timedelta(days=9)
    assert await state.files.older_than(later, f"imports/{registry.community}") == []


async def test_a_sheet_at_rest_tells_nothing(registry: Registry) -> None:
    number = an_identity_number()
    await upload(registry, as_csv(a_row("单玉兰", 身份证号=number)))
    state = registry.app.state
    paths = await state.files.older_than(utc_now() + timedelta(days=1), f"imports/{registry.community}")
    stored = await asyncio.gather(*(state.files.get(path) for path in paths))
    assert stored
    for secret in (number, "单玉兰"):
        assert not any(secret in path for path in paths)
        assert not any(secret.encode() in data for data in stored)


@pytest.mark.parametrize("role", list(Role))
async def test_staff_and_heads_import_and_nobody_else(registry: Registry, role: Role) -> None:
    mine = await upload(registry, as_csv(a_row()))
    path = f"/v1/imports/{mine['id']}"
    by = bearer(role, registry.community, grids=[registry.grid()])
    foreign = bearer(role, Registry(registry.client, registry.app).community)
    asked = [
        ("GET", "/v1/imports", None),
        ("GET", "/v1/imports/template.xlsx", None),
        ("GET", path, None),
        ("GET", f"{path}/report", None),
        ("GET", f"{path}/report.xlsx", None),
        ("POST", f"{path}/run", {}),
        ("POST", f"{path}/check", None),
        ("POST", f"{path}/cancel", None),
    ]
    may = role in (Role.STAFF, Role.HEAD)
    for method, each, body in asked:
        status = (await registry.ask(method, each, by=by, json=body)).status_code
        assert (status == 403) is not may and status < 500, each
        if may and each.startswith(path):
            assert (await registry.ask(method, each, by=foreign, json=body)).status_code == 404
    upload_status = (await registry.ask("POST", "/v1/imports", by=by, content=as_csv(a_row()))).status_code
    assert upload_status == (202 if may else 403)


@given(st.integers(0, 20_000))
def test_letters_and_positions_are_each_others_inverse(position: int) -> None:
    assert position_of(letter(position)) == position
