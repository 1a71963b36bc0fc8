"""The sheet to begin with: our headings, an example, drop-downs, and a page that explains them. Pure."""

import io
from collections.abc import Sequence

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from services.residents.imports import words
from services.residents.imports.headings import REQUIRED, Column
from shared.spreadsheets import new_workbook, text_format, write_texts

_EXAMPLE = {
    Column.NAME: "张三 (示例, 请删除本行)",
    Column.SEX: "男",
    Column.IDENTITY_NUMBER: "",
    Column.PASSPORT: "",
    Column.BIRTH_ON: "1946-05-03",
    Column.PHONE: "13800138000",
    Column.COMPOUND: "开元小区",
    Column.BUILDING: "3号楼",
    Column.UNIT: "2单元",
    Column.ROOM: "302",
    Column.TENURE: "自有",
    Column.RELATION: "户主",
    Column.LIVES_HERE_SINCE: "2008-09-01",
    Column.TAGS: "独居、退役军人",
    Column.CAUTIONS: "听力不好, 请慢慢说",
    Column.CONTACT_NAME: "张四",
    Column.CONTACT_PHONE: "13800138001",
    Column.CONTACT_RELATION: "子女",
}
_LAST_ROW = 100_000
_CHOICES = {
    Column.SEX: [words.label(each) for each in words.SEXES.values()],
    Column.TENURE: [said.zh for said in words.OUR_TENURES.values()],
    Column.RELATION: [said.zh for said in words.RELATIONS_TO_HEAD.values()],
    Column.CONTACT_RELATION: [words.label(each) for each in words.CONTACT_RELATIONS.values()],
}
_TAGS = [words.label(each) for each in words.TAGS.values()]
_HELP = (
    ("必填", "姓名、小区、楼栋、房号。其余各列可以空着或删去, 列的次序不限。"),
    ("Required", "Name, compound, building, room. Other columns may be left empty or removed, in any order."),
    ("身份证号", "单元格须为文本格式, 否则末几位会丢失。填写后不必再填性别和出生日期。"),
    ("Identity number", "The cells must be text, or the last digits are lost. Sex and birth date follow from it."),
    ("出生日期", "写成 1946-05-03、1946/5/3、19460503 或日期格式均可。"),
    ("护照号", "外国人或没有身份证的人填写: 国家三字母代码加号码, 如 CHN E12345678。"),
    ("住房性质", "写在新登记的住户的任一行即可; 已登记住户的住房性质不由表格更改。"),
    ("Tenure", "On any row of a household that is new; the tenure of a registered one is not changed by a sheet."),
    ("地址", "与网格地址表写法一致; 同一户各行地址相同, 地址列可以合并单元格。"),
    ("与户主关系", "每户至多一名户主。可选: " + "、".join(_CHOICES[Column.RELATION])),
    ("人员类别", "可填多项, 以顿号分隔: " + "、".join(_TAGS) + "。高龄、儿童等由出生日期得出, 不必填写。"),
    ("再次导入", "同一张表可以重复导入: 没有变化的人不受影响, 表中空着的格子不会清除已登记的内容。"),
    ("Importing again", "Unchanged people stay as they are; empty cells remove nothing that is registered."),
)


def template() -> bytes:
    """A workbook ready to be filled in and uploaded."""
    buffer = io.BytesIO()
    with new_workbook(buffer) as workbook:
        _residents(workbook, workbook.add_worksheet("居民 Residents"))
        _help(workbook, workbook.add_worksheet("说明 Help"))
    return buffer.getvalue()


def _residents(workbook: Workbook, sheet: Worksheet) -> None:
    columns = list(Column)
    heading = text_format(workbook, bold=True, bg_color="#DDEBF7", border=1)
    required = text_format(workbook, bold=True, bg_color="#FCE4D6", border=1)
    plain = text_format(workbook)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns) - 1, 16, plain)
    for position, column in enumerate(columns):
        is_required = column in REQUIRED
        sheet.write_string(
            0, position, column.label.zh + ("*" if is_required else ""), required if is_required else heading
        )
        if column in _CHOICES:
            _offer(sheet, position, _CHOICES[column])
    _hint_at_tags(sheet, columns.index(Column.TAGS))
    write_texts(sheet, 1, [_EXAMPLE[column] for column in columns], text_format(workbook, font_color="#808080"))


def _offer(sheet: Worksheet, position: int, choices: Sequence[str]) -> None:
    """A drop-down. Other words that we know are welcome too, hence a warning and no refusal."""
    rule = {"validate": "list", "source": list(choices), "error_type": "warning", "error_title": "不在列表中"}
    sheet.data_validation(1, position, _LAST_ROW, position, rule)


def _hint_at_tags(sheet: Worksheet, position: int) -> None:
    """A drop-down of one tag at a time; several are typed."""
    rule = {
        "validate": "list",
        "source": _TAGS,
        "error_type": "information",
        "error_title": "多项以顿号分隔",
        "input_title": "人员类别",
        "input_message": "可多选, 以顿号分隔",
    }
    sheet.data_validation(1, position, _LAST_ROW, position, rule)


def _help(workbook: Workbook, sheet: Worksheet) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 90)
    style = text_format(workbook, text_wrap=True)
    for row, line in enumerate(_HELP):
        write_texts(sheet, row, line, style)
