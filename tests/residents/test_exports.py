"""Lists that are taken out of the registry: for a purpose, marked, written down, destroyed."""

import io
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from python_calamine import load_workbook

from services.residents.exports.timers import forget_spent, make_next
from services.residents.imports.timers import forget_expired
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone, an_identity_number
from tests.residents.sheets import a_row, as_csv, bring_in

ASKED = {"purpose": "visit", "reason": "重阳节走访", "fields": ["name", "phone", "identity_number", "address", "tags"]}
PHONE, NUMBER = a_phone(), an_identity_number(date(1946, 5, 3))


async def settled(registry: Registry) -> Registry:
    await registry.publish_grid(registry.grid(1), ("开元小区", "3号楼", ""))
    await registry.publish_grid(registry.grid(2), ("开元小区", "9号楼", ""))
    await bring_in(
        registry,
        as_csv(
            a_row("单玉兰", 手机号=PHONE, 身份证号=NUMBER, 标签="独居", 备注="=1+1"),
            a_row("王伟", room="1001"),
            a_row("李静", room="201", 楼栋="9号楼"),
        ),
    )
    return registry


def clerk(registry: Registry) -> dict[str, str]:
    """The same person at the counter each time."""
    return bearer("staff", registry.community, sub="clerk")


async def make(registry: Registry, by: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
    by = by or clerk(registry)
    job = await registry.post("/v1/exports", ASKED | asked, by=by, status=202)
    state = registry.app.state
    while job["state"] == "requested":
        async with state.database.transaction(EVERYWHERE) as session:
            vault = Vault(session, state.keyring)
            await make_next(session, vault, state.audit_signer, state.files, state.workers)
        job = await registry.get(f"/v1/exports/{job['id']}", by=by)
    assert job["state"] == "ready"
    return job


async def fetch(registry: Registry, job: dict[str, Any], by: dict[str, str] | None = None) -> httpx.Response:
    return await registry.ask("GET", f"/v1/exports/{job['id']}/file", by=by or clerk(registry))


async def forget(registry: Registry, at: Any = None) -> None:
    state = registry.app.state
    with time_machine.travel(at or utc_now(), tick=False):
        async with state.database.transaction(EVERYWHERE) as session:
            vault = Vault(session, state.keyring)
            await forget_spent(session, vault, state.files, state.settings.export_downloads)
            await forget_expired(session, vault, state.files)


async def test_a_list_is_masked_marked_and_written_down(registry: Registry) -> None:
    await settled(registry)
    job = await make(registry)
    assert job["people"] == 3
    answer = await fetch(registry, job)
    sheet = load_workbook(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert job["id"] in sheet[0][0] and "居家" not in sheet[0][0]
    assert sheet[1] == ["姓名", "联系电话", "身份证号", "住址", "人员类别", "水印"]
    assert [row[:5] for row in sheet[2:]] == [
        ["单*", f"{PHONE[:3]}****{PHONE[-4:]}", f"{NUMBER[0]}{'*' * 16}{NUMBER[-1]}", "开元小区3号楼2单元101", "独居"],
        ["王*", "", "", "开元小区3号楼2单元1001", ""],
        ["李*", "", "", "开元小区9号楼2单元201", ""],
    ]
    assert all(job["id"][-12:] in row[5] for row in sheet[2:]), "every row tells whose it is"
    found = await registry.post("/v1/people/search", {"purpose": "visit", "identity_number": NUMBER})
    log = await registry.get(f"/v1/people/{found['items'][0]['id']}/access-log")
    assert "exports.make" in str(log)


async def test_a_text_table_in_the_clear_defuses_formulas(registry: Registry) -> None:
    await settled(registry)
    asked = {"format": "csv", "fields": ["name", "phone", "cautions"], "in_the_clear": ["name", "phone", "cautions"]}
    job = await make(registry, **asked, filter={"tag": "living_alone"})
    answer = await fetch(registry, job)
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[2].startswith(f"单玉兰,{PHONE},'=1+1,")
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("wanted", "names"),
    [({"grid_code": "{grid}002"}, ["李*"]), ({"tag": "veteran"}, []), ({"state": "moved_out"}, [])],
)
async def test_the_filter_says_who(registry: Registry, wanted: dict[str, str], names: list[str]) -> None:
    await settled(registry)
    filters = {name: text.replace("{grid}", registry.community) for name, text in wanted.items()}
    job = await make(registry, filter=filters, fields=["name"], format="csv")
    lines = (await fetch(registry, job)).content.decode("utf-8-sig").splitlines()[2:]
    assert [line.split(",")[0] for line in lines] == names


async def test_a_grid_worker_takes_out_masked_lists_of_their_own_grids(registry: Registry) -> None:
    await settled(registry)
    by = bearer("grid_worker", registry.community, grids=[registry.grid(2)])
    job = await make(registry, by=by, format="csv", fields=["name"])
    lines = (await fetch(registry, job, by=by)).content.decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[2:]] == ["李*"]
    clear = ASKED | {"in_the_clear": ["name"]}
    assert (await registry.ask("POST", "/v1/exports", by=by, json=clear)).status_code == 403
    foreign = ASKED | {"filter": {"grid_code": registry.grid(1)}}
    assert (await registry.ask("POST", "/v1/exports", by=by, json=foreign)).status_code == 404


async def test_the_file_is_for_whoever_asked_for_it(registry: Registry) -> None:
    await settled(registry)
    job = await make(registry, format="csv")
    other = bearer("staff", registry.community, sub="another")
    head = bearer("head", registry.community, sub="head")
    for by, sees in ((other, 404), (head, 200)):
        assert (await registry.ask("GET", f"/v1/exports/{job['id']}", by=by)).status_code == sees
        assert (await fetch(registry, job, by=by)).status_code == 404


async def test_it_is_destroyed_after_a_few_downloads_or_a_day(registry: Registry) -> None:
    await settled(registry)
    often, late = await make(registry, format="csv"), await make(registry, format="csv")
    most = registry.app.state.settings.export_downloads
    answers = [(await fetch(registry, often)).status_code for _ in range(most + 1)]
    assert answers == [200] * most + [410]
    await forget(registry)
    assert (await registry.get(f"/v1/exports/{often['id']}", by=clerk(registry)))["state"] == "destroyed"
    await forget(registry, utc_now() + timedelta(hours=25))
    assert (await fetch(registry, late)).status_code == 410
    paths = await registry.app.state.files.older_than(utc_now() + timedelta(days=9), f"exports/{registry.community}")
    assert paths == []


async def test_erasing_a_person_ends_every_sheet_and_list(registry: Registry) -> None:
    await settled(registry)
    [sheet] = (await registry.get("/v1/imports"))["items"]
    listed = await make(registry, format="csv")
    someone = (await registry.get("/v1/people"))["items"][0]
    await registry.post(f"/v1/people/{someone['id']}/erase", status=204)
    assert (await fetch(registry, listed)).status_code == 410
    assert (await registry.ask("GET", f"/v1/imports/{sheet['id']}/report.xlsx")).status_code == 410
    await forget(registry)
    files = registry.app.state.files
    for folder in ("imports", "exports"):
        assert await files.older_than(utc_now() + timedelta(days=9), f"{folder}/{registry.community}") == []
