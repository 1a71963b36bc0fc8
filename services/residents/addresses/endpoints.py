from typing import Annotated

from fastapi import Query

from services.residents.addresses import service
from services.residents.addresses.schemas import CompoundRead
from services.residents.households.auth import HouseholdsWrite
from services.residents.households.schemas import PlaceName
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/addresses", tags=["addresses"])


@router.get("", response_model=list[CompoundRead])
async def list_addresses(
    principal: HouseholdsWrite,
    session: Session,
    compound: Annotated[PlaceName | None, Query(description="Only this compound.")] = None,
) -> list[CompoundRead]:
    """The community's compounds, buildings and entrances, for pick lists; a grid worker's are those of their grids."""
    return await service.list_addresses(session, principal, compound)
