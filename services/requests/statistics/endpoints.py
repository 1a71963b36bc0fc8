from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import StringConstraints
from sqlmodel import col

from services.requests.categories.schemas import CategoryCode
from services.requests.service_requests.models import TimelineEntry
from services.requests.statistics import exclusions, repository, service, tables
from services.requests.statistics.auth import Excludes, StatisticsRead
from services.requests.statistics.models import Dimension
from services.requests.statistics.repository import Question
from services.requests.statistics.schemas import (
    By,
    Exclude,
    ExclusionRead,
    Format,
    Grain,
    Include,
    RatesReport,
)
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.codes import GridCode
from shared.dates import Day, Instant
from shared.errors import NotFound, invalid
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep
from shared.spreadsheets import CSV, XLSX

router = Router(tags=["statistics"])

_MOST_DAYS = timedelta(days=1100)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": _BINARY, XLSX: _BINARY}}}

Scope = Annotated[
    Annotated[str, StringConstraints(pattern=r"^\d{2,12}$")] | None,
    Query(description="A prefix within the caller's area: city, county, subdistrict or community."),
]
AsOf = Annotated[Instant | None, Query(description="As it was at this moment, from the history; else as it is now.")]
Shape = Annotated[Format, Query(alias="format", description="`csv` and `xlsx` are files with Chinese headings.")]


class Period:
    """From a day to a day, both included; the current month unless asked otherwise."""

    def __init__(
        self,
        first: Annotated[Day | None, Query(alias="from")] = None,
        last: Annotated[Day | None, Query(alias="to")] = None,
    ) -> None:
        self.last = last or china_today()
        self.first = first or self.last.replace(day=1)
        if not timedelta(0) <= self.last - self.first < _MOST_DAYS:
            raise invalid("/to", "range", "应不早于 from, 且不超过三年", "Not before `from`, and three years at most")


async def _only(
    grid_code: GridCode | None = None, responder_id: UUID | None = None, category: CategoryCode | None = None
) -> tuple[Dimension, str] | None:
    """The one grid, responder or category that a series is of."""
    asked = (
        (Dimension.GRID, grid_code),
        (Dimension.RESPONDER, str(responder_id) if responder_id else None),
        (Dimension.CATEGORY, category),
    )
    given = [(dimension, key) for dimension, key in asked if key is not None]
    if len(given) > 1:
        raise invalid("/category", "too_many", "只能选一个维度", "Choose one of grid_code, responder_id, category")
    return given[0] if given else None


@router.get("/v1/statistics/rates", response_model=RatesReport, responses=_FILES)
async def report_rates(
    *,
    principal: StatisticsRead,
    session: Session,
    period: Annotated[Period, Depends()],
    by: By = By.TOTAL,
    scope: Scope = None,
    as_of: AsOf = None,
    shape: Shape = Format.JSON,
) -> Any:
    """The three rates (三率), with and without what was left out."""
    question = Question(_within(principal, scope), period.first, period.last, by)
    return _answer(await service.report_rates(session, question, _moment(as_of)), shape)


@router.get("/v1/statistics/series", response_model=RatesReport, responses=_FILES)
async def report_series(
    *,
    principal: StatisticsRead,
    session: Session,
    period: Annotated[Period, Depends()],
    only: Annotated[tuple[Dimension, str] | None, Depends(_only)],
    grain: Grain = Grain.DAY,
    scope: Scope = None,
    as_of: AsOf = None,
    shape: Shape = Format.JSON,
) -> Any:
    """The rates day by day, week by week or month by month, without gaps; of one grid, responder, category."""
    question = Question(_within(principal, scope), period.first, period.last, By(grain.value), only)
    return _answer(await service.report_series(session, question, _moment(as_of)), shape)


@router.get("/v1/statistics/exclusions", response_model=Page[ExclusionRead])
async def list_exclusions(
    principal: StatisticsRead, session: Session, page: PageRequest, scope: Scope = None
) -> Page[Any]:
    """Every decision to leave a request out of the rates, or to take it in again; the latest first."""
    statement = repository.exclusions(_within(principal, scope))
    order_by = (col(TimelineEntry.id).desc(),)
    return await paginate(session, statement, order_by=order_by, page=page, to_item=exclusions.present)


@router.post("/v1/service-requests/{request_id}/exclude", status_code=204)
async def exclude(
    principal: Excludes, session: Session, vault: VaultDep, signer: SignerDep, request_id: UUID, data: Exclude
) -> None:
    """Leave a request out of the three rates; both numbers are told from then on."""
    await exclusions.exclude(session, vault, signer, principal, request_id, data)


@router.post("/v1/service-requests/{request_id}/include", status_code=204)
async def include(
    principal: Excludes, session: Session, vault: VaultDep, signer: SignerDep, request_id: UUID, data: Include
) -> None:
    """Let a request that was left out count again."""
    await exclusions.include(session, vault, signer, principal, request_id, data)


def _within(principal: Principal, scope: str | None) -> str:
    if scope is None:
        return principal.area[:12]
    if not principal.may_see(scope):
        raise NotFound
    return scope


def _moment(as_of: datetime | None) -> datetime | None:
    """What has not happened yet cannot be told."""
    return min(as_of, utc_now()) if as_of else None


def _answer(report: RatesReport, shape: Format) -> RatesReport | Response:
    if shape is Format.JSON:
        return report
    data, media_type = (tables.as_csv(report), CSV) if shape is Format.CSV else (tables.as_xlsx(report), XLSX)
    name = f"rates-{report.scope}-{report.first}-{report.last}-{report.by}.{shape}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
