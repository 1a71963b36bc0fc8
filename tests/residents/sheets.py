"""Sheets for tests of imports: made, uploaded, checked and run."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from services.residents.imports.timers import advance_imports
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.residents.registry import Registry

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADINGS = (
    *("姓名", "性别", "身份证号", "出生日期", "手机号"),
    *("小区", "楼栋", "单元", "房号", "与户主关系", "标签", "备注"),
    *("护照号", "住房性质", "入住日期"),
)


def a_row(name: str = "张三丰", room: str = "101", **known: str) -> list[str]:
    """A row below HEADINGS."""
    place = {"小区": "开元小区", "楼栋": "3号楼", "单元": "2单元", "房号": room}
    return [({"姓名": name} | place | known).get(heading, "") for heading in HEADINGS]


def as_csv(*rows: Sequence[str], headings: Sequence[str] = HEADINGS, encoding: str = "utf-8") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([headings, *rows])
    return buffer.getvalue().encode(encoding)


def as_xlsx(*rows: Sequence[Any], headings: Sequence[str] = HEADINGS) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([headings, *rows]):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


async def upload(registry: Registry, sheet: bytes, *, status: int = 202, **options: Any) -> dict[str, Any]:
    media_type = XLSX if sheet.startswith(b"PK") else "text/csv"
    headers = {"Content-Type": media_type} | options.pop("headers", {})
    answer = await registry.ask("POST", "/v1/imports", content=sheet, headers=headers, **options)
    assert answer.status_code == status, answer.text
    return answer.json()


async def sweep(registry: Registry) -> bool:
    """One part of whichever import is due; False if none is."""
    state = registry.app.state
    async with state.database.transaction(EVERYWHERE) as session:
        vault = Vault(session, state.keyring)
        return bool(await advance_imports(session, vault, state.audit_signer, state.files, state.workers))


async def settle(registry: Registry, import_id: str) -> dict[str, Any]:
    """Sweep until nobody works on the import any more, whoever sweeps it."""
    while True:
        await sweep(registry)
        job = await registry.get(f"/v1/imports/{import_id}")
        if job["state"] not in ("checking", "running"):
            return job


async def check(registry: Registry, sheet: bytes) -> dict[str, Any]:
    job = await upload(registry, sheet)
    await registry.post(f"/v1/imports/{job['id']}/check", status=202)
    return await settle(registry, job["id"])


async def run(registry: Registry, import_id: str, *, skip_invalid: bool = False) -> dict[str, Any]:
    await registry.post(f"/v1/imports/{import_id}/run", {"skip_invalid": skip_invalid}, status=202)
    return await settle(registry, import_id)


async def bring_in(registry: Registry, sheet: bytes, *, skip_invalid: bool = False) -> dict[str, Any]:
    """Upload, check and run."""
    return await run(registry, (await check(registry, sheet))["id"], skip_invalid=skip_invalid)


async def problems(registry: Registry, import_id: str, language: str = "zh-CN") -> list[dict[str, Any]]:
    page = await registry.get(
        f"/v1/imports/{import_id}/report", params={"limit": 200}, headers={"Accept-Language": language}
    )
    return page["items"]
