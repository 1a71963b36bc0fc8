"""The copy of one's data on paper: everything the export holds, readable without any font of the reader's."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.residents.rights.export import PersonExport
from services.residents.rights.export_pdf import render_export
from services.residents.sections import section_of
from shared.audit import entries_about
from shared.auth import Principal, Role
from shared.errors import both
from tests.principals import bearer
from tests.residents.registry import Registry

CLERK = Principal(subject="clerk-7", role=Role.STAFF, area="150207007005")


def text_of(document: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages)


def an_export(*sections: Any) -> PersonExport:
    made_at = datetime(2026, 5, 1, 2, 30, tzinfo=UTC)
    return PersonExport(
        exported_at=made_at, community_code="150207007005", person_id=UUID(int=7), sections=list(sections)
    )


def notes(count: int, columns: int = 2, text: str = "无") -> Any:
    """A section of so many records."""
    names = [f"c{number}" for number in range(columns)]
    titles = {name: both(f"栏目{number}", f"column {number}") for number, name in enumerate(names)}
    return section_of("notes", both("便条", "Notes"), titles, [dict.fromkeys(names, text) for _ in range(count)])


async def test_a_person_gets_their_own_copy_on_paper(registry: Registry) -> None:
    home = await registry.household(room="1702")
    known = {"phone": "19900001234", "birth_on": "1940-05-03", "cautions": "听力不好, 请慢慢说"}
    person = await registry.person(home["id"], "欧阳慧兰", **known)
    path = f"/v1/people/{person['id']}/export.pdf"
    me = bearer("resident", registry.community, person=person["id"], household=home["id"])
    answer = await registry.ask("GET", path, by=me)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    text = text_of(answer.content)
    for expected in ("欧阳慧兰", "1990000", "1940-05-03", "听力不好", "1702", "查阅记录", "制作时间", "第 1 页"):
        assert expected in text, expected
    async with registry.app.state.database.transaction(registry.community) as session:
        entries = await entries_about(session, registry.community, UUID(person["id"]))
    assert "people.export" in [entry.action for entry in entries]
    other = bearer("resident", registry.community, person=uuid4(), household=home["id"])
    assert (await registry.ask("GET", path, by=other)).status_code == 404
    for role in ("supervisor", "merchant", "responder", "partner"):
        assert (await registry.ask("GET", path, by=bearer(role, registry.community))).status_code == 403
    assert (await registry.ask("GET", path, by=bearer("staff", "150207999999"))).status_code == 404


async def test_paper_and_json_hold_the_same_sections(registry: Registry) -> None:
    home = await registry.household()
    person = await registry.person(home["id"], "欧阳慧兰")
    exported = await registry.get(f"/v1/people/{person['id']}/export")
    text = text_of((await registry.ask("GET", f"/v1/people/{person['id']}/export.pdf")).content)
    assert len(exported["sections"]) >= 10
    assert [each["code"] for each in exported["sections"] if each["title"]["zh"] not in text] == []


def test_times_are_of_china_and_codes_are_words() -> None:
    section = section_of(
        "person",
        both("基本信息", "The person"),
        {"name": both("姓名", "Name"), "at": both("时间", "At"), "is_own": both("本人", "Own"), "no": both("无", "No")},
        [{"name": "张三", "at": datetime(2026, 5, 1, 17, 0, tzinfo=UTC), "is_own": True, "no": None}],
    )
    text = text_of(render_export(an_export(section), CLERK))
    for expected in ("张三", "2026-05-02 01:00", "是", "—", "2026-05-01 10:30", "clerk-7", "社区工作人员"):
        assert expected in text, expected


def test_pages_are_numbered_and_every_font_is_embedded() -> None:
    document = render_export(an_export(notes(200)), CLERK)
    pages = PdfReader(BytesIO(document)).pages
    assert len(pages) > 2
    assert f"第 {len(pages)} 页, 共 {len(pages)} 页" in pages[-1].extract_text()
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


@pytest.mark.parametrize(("count", "columns"), [(1, 3), (3, 12), (2, 9), (0, 2)])
def test_a_record_longer_than_a_page_is_continued(count: int, columns: int) -> None:
    text = text_of(render_export(an_export(notes(count, columns, "很长的说明" * 120 + "完")), CLERK))
    assert text.count("完") == count * columns


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=4), st.integers(1, 3))
def test_whatever_was_written_can_be_printed(texts: list[str], columns: int) -> None:
    sections = [notes(2, columns, text) for text in texts]
    assert render_export(an_export(*sections), CLERK) == render_export(an_export(*sections), CLERK)
