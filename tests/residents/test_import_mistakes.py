"""A sheet with every kind of mistake: each is told in the sheet's own columns, and never by what the cell says."""

import io
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from services.residents.imports.problems import ProblemCode, Severity
from tests.residents.registry import Registry, an_identity_number
from tests.residents.sheets import HEADINGS, XLSX, a_row, as_csv, as_xlsx, bring_in, check, problems, run, upload

ELDER = date(1946, 5, 3)


def wrong_check_digit(number: str) -> str:
    return number[:-1] + ("0" if number[-1] != "0" else "1")


NUMBER = an_identity_number(ELDER)


def born(digits: str) -> str:
    return NUMBER[:6] + digits + NUMBER[14:]


MISTAKES: list[tuple[str, dict[str, Any], str | None, ProblemCode]] = [
    ("no name", {"姓名": ""}, "姓名", ProblemCode.MISSING),
    ("no compound", {"小区": " "}, "小区", ProblemCode.MISSING),
    ("no room", {"房号": ""}, "房号", ProblemCode.MISSING),
    ("a name of digits", {"姓名": "97531"}, "姓名", ProblemCode.NOT_A_NAME),
    ("a name too long", {"姓名": "长" * 51}, "姓名", ProblemCode.TOO_LONG),
    ("a room too long", {"房号": "1" * 21}, "房号", ProblemCode.TOO_LONG),
    ("remarks too long", {"备注": "长" * 2001}, "备注", ProblemCode.TOO_LONG),
    ("control characters", {"姓名": "张\u0007三"}, "姓名", ProblemCode.CHARACTERS),
    ("direction marks", {"备注": "abc\u202edef"}, "备注", ProblemCode.CHARACTERS),
    ("17 digits", {"身份证号": NUMBER[:17]}, "身份证号", ProblemCode.IDENTITY_FORMAT),
    ("an old number of 15 digits", {"身份证号": "150207460503123"}, "身份证号", ProblemCode.IDENTITY_FORMAT),
    ("a wrong check digit", {"身份证号": wrong_check_digit(NUMBER)}, "身份证号", ProblemCode.IDENTITY_CHECK_DIGIT),
    ("a day that never was", {"身份证号": born("19580230")}, "身份证号", ProblemCode.IDENTITY_BIRTH_DATE),
    ("born in the future", {"身份证号": born("29990101")}, "身份证号", ProblemCode.IDENTITY_FUTURE),
    ("in scientific notation", {"身份证号": "1.50207E+17"}, "身份证号", ProblemCode.NUMBER_LOST_DIGITS),
    ("a phone of 10 digits", {"手机号": "1380013800"}, "手机号", ProblemCode.PHONE),
    ("a phone that is a public service", {"手机号": "12345"}, "手机号", ProblemCode.PHONE),
    ("two phones", {"手机号": "13800138000/13900139000"}, "手机号", ProblemCode.PHONE),
    ("a phone in scientific notation", {"手机号": "1.38E+10"}, "手机号", ProblemCode.NUMBER_LOST_DIGITS),
    ("30 February", {"出生日期": "1958-02-30"}, "出生日期", ProblemCode.DATE),
    ("a year only", {"出生日期": "1958年"}, "出生日期", ProblemCode.DATE),
    ("a birthday to come", {"出生日期": "2999-01-01"}, "出生日期", ProblemCode.BIRTH_DATE_IMPLAUSIBLE),
    ("another birth date", {"身份证号": NUMBER, "出生日期": "1946-05-04"}, "出生日期", ProblemCode.BIRTH_DATE_DIFFERS),
    ("no sex we know", {"性别": "男女"}, "性别", ProblemCode.SEX),
    ("no relation we know", {"与户主关系": "邻居家的猫"}, "与户主关系", ProblemCode.RELATION),
    ("one tag of two unknown", {"标签": "独居、会飞"}, "标签", ProblemCode.TAG),
    ("no passport", {"护照号": "护照已丢失"}, "护照号", ProblemCode.PASSPORT),
    ("no tenure we know", {"住房性质": "帐篷"}, "住房性质", ProblemCode.TENURE),
    ("moved in tomorrow", {"入住日期": "2999-01-01"}, "入住日期", ProblemCode.SINCE_IMPLAUSIBLE),
    ("a failed formula", {"手机号": "#N/A"}, "手机号", ProblemCode.FORMULA_ERROR),
    ("a failed reference", {"姓名": "#REF!"}, "姓名", ProblemCode.FORMULA_ERROR),
    ("no such building", {"楼栋": "99号楼"}, "楼栋", ProblemCode.ADDRESS_UNKNOWN),
]  # fmt: skip


async def test_a_sheet_with_every_kind_of_mistake(registry: Registry) -> None:
    """One row each; whoever keeps the sheet is told row, column and what to do, and can import the others."""
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    good = [a_row("好一", room="1"), a_row("好二", room="2", 出生日期="1946年5月3日")]
    rows = [a_row(f"人{position}", str(1000 + position)) for position in range(len(MISTAKES))]
    for row, (_, wrong, _, _) in zip(rows, MISTAKES, strict=True):
        for heading, value in wrong.items():
            row[HEADINGS.index(heading)] = value
    job = await check(registry, as_csv(good[0], *rows, good[1]))
    found = await problems(registry, job["id"])
    told = {(each["row"], each["heading"], each["code"]) for each in found}
    for position, (name, _, heading, code) in enumerate(MISTAKES):
        assert (position + 3, heading, code) in told, name
    assert len(told) == len(MISTAKES), "and nothing else is wrong"
    letters = {each["heading"]: each["column"] for each in found}
    assert letters["姓名"] == "A" and letters["身份证号"] == "C"
    warnings = sum(code.severity is Severity.WARNING for *_, code in MISTAKES)
    assert job["counts"]["rows_with_errors"] == len(MISTAKES) - warnings
    assert job["counts"]["rows_with_warnings"] == warnings
    report = await registry.ask("GET", f"/v1/imports/{job['id']}/report", params={"limit": 200})
    for secret in (NUMBER[:17], "13800138000", "邻居家的猫", "会飞", "97531"):
        assert secret not in report.text
    refused = await registry.ask("POST", f"/v1/imports/{job['id']}/run", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "rows-invalid")
    done = await run(registry, job["id"], skip_invalid=True)
    assert done["counts"]["people_added"] == 2 + warnings
    assert done["counts"]["rows_skipped"] == len(MISTAKES) - warnings


async def test_behind_a_registered_door_rows_are_welcome_though_the_table_does_not_know_it(registry: Registry) -> None:
    """The registry may be older than the table, or the table may have lost a building since."""
    await registry.household(building="9号楼", unit="1单元", room="101")
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    rows = [a_row(name, room, 楼栋="9号楼", 单元="1单元") for name, room in (("甲", "101"), ("乙", "102"))]
    job = await check(registry, as_csv(*rows))
    assert [(each["row"], each["code"]) for each in await problems(registry, job["id"])] == [(3, "address_unknown")]
    done = await run(registry, job["id"], skip_invalid=True)
    assert (done["counts"]["people_added"], done["counts"]["rows_skipped"]) == (1, 1)


async def test_messages_come_in_both_languages(registry: Registry) -> None:
    job = await check(registry, as_csv(a_row("")))
    [zh] = await problems(registry, job["id"])
    [en] = await problems(registry, job["id"], "en")
    assert (zh["message"], en["message"]) == tuple(ProblemCode.MISSING.message)


async def test_rows_that_disagree_with_each_other(registry: Registry) -> None:
    number = an_identity_number()
    job = await check(
        registry,
        as_csv(
            a_row("甲", 身份证号=number, 与户主关系="户主"),
            a_row("乙", 与户主关系="户主"),
            a_row("甲", room="102", 身份证号=number),
            a_row("丙", room="103", 出生日期="1950-01-01"),
            a_row("丙", room="103", 出生日期="1950/1/1"),
            a_row("丙", room="103", 出生日期="1980/1/1"),
        ),
    )
    found = {(each["row"], each["code"], each["other_row"]) for each in await problems(registry, job["id"])}
    assert found == {(3, "two_heads", 2), (4, "same_person_twice", 2), (6, "same_person_twice", 5)}


async def test_rows_that_disagree_with_the_registry(registry: Registry) -> None:
    """Conflicts are reported; nobody is merged, moved or renamed by a sheet."""
    one, two = an_identity_number(), an_identity_number()
    first = as_csv(
        a_row("甲", 身份证号=one, 与户主关系="户主"),
        a_row("乙", room="102", 身份证号=two),
        a_row("丙", room="103", 出生日期="1950-01-01"),
        a_row("丙", room="103", 出生日期="1980-01-01"),
    )
    await bring_in(registry, first)
    before = (await registry.get("/v1/people"))["items"]
    second = as_csv(
        a_row("甲乙", 身份证号=one),
        a_row("乙", room="109", 身份证号=two),
        a_row("丁", 与户主关系="户主"),
        a_row("丙", room="103"),
    )
    job = await check(registry, second)
    found = {(each["row"], each["heading"], each["code"]) for each in await problems(registry, job["id"])}
    assert found == {
        (2, "姓名", "name_differs"),
        (3, "房号", "lives_elsewhere"),
        (4, "与户主关系", "another_head"),
        (5, "姓名", "ambiguous"),
    }
    done = await bring_in(registry, second, skip_invalid=True)
    assert done["counts"]["people_added"] == 1
    after = {person["id"]: person for person in (await registry.get("/v1/people"))["items"]}
    assert [after[person["id"]] for person in before] == before


async def test_what_only_a_workbook_can_get_wrong(registry: Registry) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        workbook.add_worksheet("封面").write(0, 0, "开元社区")
        sheet = workbook.add_worksheet("名单")
        sheet.merge_range(0, 0, 0, 5, "开元社区居民信息表")
        sheet.write(1, 0, "填表人:")
        sheet.write_row(3, 1, ["姓名 *", "身份证号码(必填)", "出生日期", "联系电话", "小区", "楼栋", "门牌号", "年龄"])
        sheet.write_row(4, 1, ["甲", "", "", "", "开元小区", "3号楼"])
        sheet.write_row(5, 1, ["乙", "", "", "", "开元小区", "3号楼"])
        sheet.merge_range(4, 7, 5, 7, "302")
        sheet.write_row(7, 1, ["丙", "", "", "", "开元小区", 3, 303])
        sheet.write_number(7, 2, float(NUMBER[:17] + "0"))
        sheet.write_row(8, 1, ["丁", "", 16925, 13800138000, "开元小区", "3号楼", 304.0])
        sheet.write_row(9, 1, ["戊", "", "", "", "开元小区", "3号楼", "305"])
        sheet.write_formula(9, 4, "=NA()", None, "#N/A")
        sheet.write_row(10, 1, ["己", "", "", "", "开元小区", "3号楼", "306"])
        sheet.set_row(10, None, None, {"hidden": True})
        sheet.merge_range(11, 1, 12, 1, "庚")
        for row in (11, 12):
            sheet.write_row(row, 5, ["开元小区", "3号楼", "307"])
        sheet.write_datetime(11, 3, date(1958, 2, 3), workbook.add_format({"num_format": "yyyy/m/d"}))
    job = await check(registry, buffer.getvalue())
    assert (job["heading_row"], job["kind"]) == (4, "xlsx")
    taken = {column["heading"]: column["column"] for column in job["columns"]}
    assert taken["身份证号码(必填)"] == "identity_number"
    assert taken["年龄"] is None, "ignored, and said so"
    found = {(each["row"], each["column"], each["code"]) for each in await problems(registry, job["id"])}
    assert found == {
        (8, "C", "number_lost_digits"),
        (10, "E", "formula_error"),
        (11, None, "hidden_row"),
        (13, "B", "merged_cell"),
    }
    assert job["counts"]["people_added"] == 5
    assert job["counts"]["households_added"] == 4, "a merged door is the door of all its rows"


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        (b"", "empty"),
        (b"\x00\x00\x00", "empty"),
        (b"\xff\xd8\xff\xe0" + b"\x00\x01" * 50, "wrong_type"),
        (b"%PDF-1.7\n\x00\x01\x02", "wrong_type"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512), "old_excel"),
        (b"PK\x03\x04 no archive at all", "damaged"),
        (as_xlsx(a_row())[:-200], "damaged"),
        ("今天天气很好\n明天也是".encode(), "no_headings"),
        (as_csv(), "no_rows"),
        (as_csv(["", " ", ""]), "no_rows"),
        (as_xlsx(), "no_rows"),
        (as_csv(headings=["甲", "乙", "丙"]), "no_headings"),
        (as_csv(*([["甲"] * 101]), headings=HEADINGS), "too_wide"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_sheet_is_refused_as_a_whole(registry: Registry, sheet: bytes, reason: str) -> None:
    for language in ("zh-CN", "en"):
        answer = await registry.ask(
            "POST", "/v1/imports", content=sheet, headers={"Content-Type": XLSX, "Accept-Language": language}
        )
        assert answer.status_code == 422, answer.text
        assert (answer.json()["code"], answer.json()["reason"]) == ("sheet-refused", reason)
    assert (await registry.get("/v1/imports"))["items"] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
async def test_text_tables_come_in_the_encodings_of_chinese_offices(registry: Registry, encoding: str) -> None:
    job = await upload(registry, as_csv(a_row("䶮玉兰" if encoding != "gbk" else "单玉兰"), encoding=encoding))
    assert job["encoding"] == {"utf-8-sig": "utf-8", "gbk": "gb18030"}.get(encoding, encoding)
    assert [column["heading"] for column in job["columns"]] == list(HEADINGS)
    assert job["missing"] == []
