"""For the gateway only, which shows contacts on public pages and hands them to whoever prints cards."""

from typing import Annotated

from fastapi import Depends

from services.dispatch.contacts import service
from services.dispatch.contacts.schemas import Contacts, ContactsQuery, GridContact
from shared.auth import Principal, Role, allow
from shared.codes import GridCode
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/internal", tags=["internal"])

ContactsRead = Annotated[Principal, Depends(allow(Role.GATEWAY))]


@router.get("/grids/{grid_code}/contact", response_model=GridContact, include_in_schema=False)
async def get_contact(_: ContactsRead, session: Session, vault: VaultDep, grid_code: GridCode) -> GridContact:
    """Whom to call in this grid."""
    return await service.get_contact(session, vault, grid_code)


@router.post("/grid-contacts", response_model=Contacts, include_in_schema=False)
async def list_contacts(_: ContactsRead, session: Session, vault: VaultDep, query: ContactsQuery) -> Contacts:
    """The same for a sheet of cards."""
    return Contacts(items=await service.list_contacts(session, vault, query.grid_codes))
