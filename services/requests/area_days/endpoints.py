from typing import Any
from uuid import UUID

from fastapi import status

from services.requests.area_days import repository, service
from services.requests.area_days.auth import AreaDaysManage
from services.requests.area_days.schemas import Announced, AreaDayCreate, AreaDayRead
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/working-calendar/area-days", tags=["working calendar"])


@router.get("", response_model=Page[AreaDayRead])
async def list_area_days(principal: AreaDaysManage, session: Session, page: PageRequest) -> Page[Any]:
    """What the caller's area and those within it have announced, withdrawn days too."""
    statement = repository.announced(principal)
    return await paginate(session, statement, order_by=repository.NEWEST, page=page, to_item=service.present)


@router.post("", response_model=Announced, status_code=status.HTTP_201_CREATED)
async def announce(principal: AreaDaysManage, session: Session, data: AreaDayCreate) -> dict[str, Any]:
    """A holiday or a make-up day for every community under the area."""
    return await service.announce(session, principal, data)


@router.post("/{day_id}/withdraw", response_model=Announced)
async def withdraw(principal: AreaDaysManage, session: Session, day_id: UUID) -> dict[str, Any]:
    """Take it back; each community's own days stay."""
    return await service.withdraw(session, principal, day_id)
