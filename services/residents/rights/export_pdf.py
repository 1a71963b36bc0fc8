"""The export on paper: the same sections, for somebody who reads rather than computes."""

import re
from datetime import datetime

from services.residents.paper import Table, print_document
from services.residents.rights.export import PersonExport
from services.residents.sections import Coded, Column, Section, Value
from services.residents.words import ROLES
from shared.auth import Principal
from shared.clock import CHINA

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T")
_NOTHING = "—"
_MOST_COLUMNS = 9
"""Of a table that fits across the page; wider records stand one below the other."""


def render_export(export: PersonExport, principal: Principal) -> bytes:
    """A4, every section with its title, pages numbered; says about whom, when and by which account it was made."""
    name = next((row["name"] for each in export.sections if each.code == "person" for row in each.rows), None)
    notes = (
        f"姓名 Name: {_shown(name)}    社区 Community: {export.community_code}    编号 Record: {export.person_id}",
        f"制作时间 Made at: {_shown(export.exported_at.isoformat())} (北京时间 China time)    "
        f"制作账号 Made by: {ROLES[principal.role].zh} {principal.subject}",
        "依据《个人信息保护法》第四十五条提供。含敏感个人信息, 请妥善保管。  "
        "Given under article 45 of the Personal Information Protection Law. Keep it safe.",
    )
    tables = [table for section in export.sections for table in _tables_of(section)]
    return print_document("个人信息副本  Copy of personal data", notes, tables)


def _tables_of(section: Section) -> list[Table]:
    title = f"{section.title.zh}  {section.title.en}"
    if not section.rows:
        return [Table(title, (), (), empty="没有记录  Nothing is kept")]
    told = [column for column in section.columns if any(row[column.code] is not None for row in section.rows)]
    if len(section.rows) == 1 or len(told) > _MOST_COLUMNS:
        titles = [title, *[""] * (len(section.rows) - 1)]
        return [
            Table(line, (), [(_title(column), _shown(row[column.code])) for column in section.columns])
            for line, row in zip(titles, section.rows, strict=True)
        ]
    rows = [[_shown(row[column.code]) for column in told] for row in section.rows]
    return [Table(title, [column.title.zh for column in told], rows)]


def _title(column: Column) -> str:
    return f"{column.title.zh}  {column.title.en}"


def _shown(value: Value) -> str:
    match value:
        case None:
            return _NOTHING
        case bool():
            return "是" if value else "否"
        case Coded():
            return value.zh
        case str() if _TIME.match(value):
            return datetime.fromisoformat(value).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return str(value)
