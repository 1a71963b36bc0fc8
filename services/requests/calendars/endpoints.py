from datetime import timedelta
from typing import Annotated, Any

from fastapi import Query, Request, Response, status

from services.requests.calendars import service
from services.requests.calendars.auth import CalendarRead, CalendarWrite
from services.requests.calendars.schemas import CalendarRead as Calendar
from services.requests.calendars.schemas import CalendarUpdate, Day, DayCreate, DayRead, EffectiveDays
from shared import dates
from shared.auth import Principal
from shared.clock import china_today
from shared.codes import CommunityCode
from shared.concurrency import IfMatch, tag_response
from shared.errors import NotFound, invalid
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/working-calendar", tags=["working calendar"])

Community = Annotated[CommunityCode | None, Query(description="Needed by callers whose area holds several.")]
_MOST_DAYS = timedelta(days=800)


@router.get("", response_model=Calendar)
async def get_calendar(
    *,
    principal: CalendarRead,
    session: Session,
    request: Request,
    response: Response,
    community_code: Community = None,
    version: Annotated[int | None, Query(ge=0, le=1_000_000, description="An earlier one; 0 is the standard.")] = None,
) -> dict[str, Any]:
    """When the office works: its hours, its own days of the week, and single days that differ."""
    calendar = await service.get_calendar(session, _community(principal, community_code), version)
    tag_response(request, response, calendar["version"])
    return calendar


@router.patch("", response_model=Calendar)
async def change_week(
    principal: CalendarWrite, session: Session, data: CalendarUpdate, expected: IfMatch
) -> dict[str, Any]:
    """Change the usual hours; requests that were promised something keep their calendar."""
    return await service.change_week(session, principal, data, expected)


@router.get("/days", response_model=EffectiveDays)
async def list_days(
    principal: CalendarRead,
    session: Session,
    community_code: Community = None,
    first: Annotated[dates.Day | None, Query(alias="from")] = None,
    last: Annotated[dates.Day | None, Query(alias="to")] = None,
) -> dict[str, Any]:
    """What each day is, by announcement, week and own decision; thirty-one from today unless asked otherwise."""
    first = first or china_today()
    last = last or first + timedelta(days=30)
    if not timedelta(0) <= last - first < _MOST_DAYS:
        raise invalid("/to", "range", "应不早于 from, 且不超过 800 天", "Not before `from`, and 800 days at most")
    return await service.effective_days(session, _community(principal, community_code), first, last)


@router.post("/days", response_model=DayRead, status_code=status.HTTP_201_CREATED)
async def add_day(principal: CalendarWrite, session: Session, data: DayCreate, response: Response) -> dict[str, Any]:
    """A closure, an extra shift, or a holiday that was announced meanwhile."""
    response.headers["Location"] = f"/v1/working-calendar/days/{data.on.isoformat()}"
    return await service.add_day(session, principal, data)


@router.patch("/days/{on}", response_model=DayRead)
async def change_day(
    principal: CalendarWrite, session: Session, on: dates.Day, data: Day, expected: IfMatch
) -> dict[str, Any]:
    """Say something else of a day; `If-Match` names the calendar's version."""
    return await service.change_day(session, principal, on, data, expected)


@router.delete("/days/{on}", status_code=status.HTTP_204_NO_CONTENT)
async def drop_day(principal: CalendarWrite, session: Session, on: dates.Day, expected: IfMatch) -> None:
    """The day is again what announcement and week say."""
    await service.drop_day(session, principal, on, expected)


def _community(principal: Principal, named: str | None) -> str:
    if named is None:
        return principal.community_code
    if not principal.may_see(named):
        raise NotFound
    return named
