"""What a person was told."""

from sqlalchemy import select
from sqlmodel import col

from services.residents.notices.models import Notice
from services.residents.notices.templates import render
from services.residents.people.models import Person
from services.residents.sections import Coded, Section, section_of
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def notices_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    statement = (
        select(Notice)
        .where(col(Notice.community_code) == person.community_code, col(Notice.person_id) == person.id)
        .order_by(col(Notice.id))
    )
    notices = (await session.execute(statement)).scalars()
    return section_of(
        "notices",
        both("通知", "Notices"),
        {
            "notice": both("内容", "Notice"),
            "sent_at": both("时间", "Sent"),
            "read_at": both("阅读时间", "Read"),
        },
        [{"notice": _said(notice), "sent_at": notice.created_at, "read_at": notice.read_at} for notice in notices],
    )


def _said(notice: Notice) -> Coded:
    zh, en = (" ".join(render(notice.kind, notice.parameters, language)) for language in ("zh", "en"))
    return Coded(code=notice.kind, zh=zh, en=en)
