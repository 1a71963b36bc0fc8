from services.residents.search.auth import PeopleSearch
from services.residents.search.schemas import FoundPersonRow, PersonSearch
from services.residents.search.service import search_people
from shared.pagination import Page, PageRequest
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/people", tags=["people"])


@router.post("/search", response_model=Page[FoundPersonRow])
async def search(
    principal: PeopleSearch,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    page: PageRequest,
    query: PersonSearch,
) -> Page[FoundPersonRow]:
    """Find someone by what is known of them. The purpose, and everybody shown, are written down."""
    return await search_people(session, vault, signer, principal, query, page)
