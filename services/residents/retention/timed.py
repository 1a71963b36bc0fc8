"""What ends by timers of its own, for as long as the installation says: shown beside the rules, set by its settings."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from services.residents.contact_cards.models import ContactCardScan
from services.residents.exports.models import ExportJob
from services.residents.found_persons.models import FoundPerson
from services.residents.imports.models import ImportJob
from services.residents.settings import Settings
from shared.db import AsyncSession
from shared.errors import Bilingual, both


class TimedKind(StrEnum):
    FOUND_PERSONS = "found_persons"
    CONTACT_CARD_SCANS = "contact_card_scans"
    IMPORTS = "imports"
    EXPORTS = "exports"


class Timed(NamedTuple):
    """Rows of one kind: how long they are kept, and which still hold something when that is over."""

    table: Any
    kept_for: Callable[[Settings], timedelta]
    is_due: Callable[[datetime, timedelta], tuple[ColumnElement[bool], ...]]
    name: Bilingual
    ends: Bilingual


TIMED: Mapping[TimedKind, Timed] = {
    TimedKind.FOUND_PERSONS: Timed(
        FoundPerson,
        lambda settings: settings.found_person_retention,
        lambda at, kept: (col(FoundPerson.closed_at) <= at - kept, col(FoundPerson.forgotten_at).is_(None)),
        both("已结束的走失人员案件", "Cases of found persons that have ended"),
        both("销毁案件密钥和照片, 保留编号和时间", "the case's key and photos are destroyed; codes and times stay"),
    ),
    TimedKind.CONTACT_CARD_SCANS: Timed(
        ContactCardScan,
        lambda settings: settings.card_scan_retention,
        lambda at, kept: (col(ContactCardScan.scanned_at) < at - kept,),
        both("联系卡扫码记录", "When contact cards were read"),
        both("删除", "deleted"),
    ),
    TimedKind.IMPORTS: Timed(
        ImportJob,
        lambda settings: settings.import_retention,
        lambda at, _: (col(ImportJob.expires_at) <= at, col(ImportJob.forgotten_at).is_(None)),
        both("导入的表格", "Sheets that were imported"),
        both("销毁密钥和文件, 保留统计", "key and file are destroyed; the counts stay"),
    ),
    TimedKind.EXPORTS: Timed(
        ExportJob,
        lambda settings: settings.export_retention,
        lambda at, _: (col(ExportJob.expires_at) <= at, col(ExportJob.forgotten_at).is_(None)),
        both("导出的名单", "Lists that were exported"),
        both("销毁密钥和文件, 保留用途和人数", "key and file are destroyed; purpose and numbers stay"),
    ),
}


async def count_timed(
    session: AsyncSession, community_code: str, kind: TimedKind, kept: timedelta, at: datetime
) -> int:
    """How many rows of the community may not be kept after `at`."""
    timed = TIMED[kind]
    statement = select(func.count()).select_from(timed.table)
    statement = statement.where(col(timed.table.community_code) == community_code, *timed.is_due(at, kept))
    return (await session.execute(statement)).scalar_one()
