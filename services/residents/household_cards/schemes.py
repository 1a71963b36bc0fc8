"""Endpoints of colour schemes."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.residents.household_cards import repository, service
from services.residents.household_cards.auth import SchemesRead, SchemesWrite
from services.residents.household_cards.dry_run import try_scheme
from services.residents.household_cards.models import ColourScheme
from services.residents.household_cards.rules import ColourCode
from services.residents.household_cards.schemas import ColourSchemeCreate, ColourSchemeRead, ColourSchemeUpdate, DryRun
from shared.concurrency import IfMatch, etag, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/colour-schemes", tags=["colour schemes"])


@router.get("", response_model=Page[ColourSchemeRead])
async def list_schemes(principal: SchemesRead, session: Session, page: PageRequest) -> Page[ColourSchemeRead]:
    """Every version, the newest first."""
    order_by = (ColourScheme.community_code, col(ColourScheme.number).desc())
    found = await paginate(session, repository.readable_schemes(principal), order_by=order_by, page=page)
    found.items = [await service.show_scheme(session, scheme) for scheme in found.items]
    return found


@router.post("", response_model=ColourSchemeRead, status_code=status.HTTP_201_CREATED)
async def draft_scheme(
    principal: SchemesWrite, session: Session, data: ColourSchemeCreate, response: Response
) -> ColourSchemeRead:
    """A draft, to be published when it is right."""
    scheme = await service.draft_scheme(session, principal.community_code, data)
    response.headers["Location"] = f"/v1/colour-schemes/{scheme.id}"
    response.headers["ETag"] = etag(scheme.version)
    return await service.show_scheme(session, scheme)


@router.get("/{scheme_id}", response_model=ColourSchemeRead)
async def get_scheme(
    principal: SchemesRead, session: Session, scheme_id: UUID, request: Request, response: Response
) -> ColourSchemeRead:
    scheme = await repository.get_scheme(session, principal, scheme_id)
    shown = await service.show_scheme(session, scheme)
    if shown.households_pending == 0:
        tag_response(request, response, scheme.version)
    return shown


@router.patch("/{scheme_id}", response_model=ColourSchemeRead)
async def change_draft(
    principal: SchemesWrite,
    session: Session,
    scheme_id: UUID,
    data: ColourSchemeUpdate,
    expected: IfMatch,
    response: Response,
) -> ColourSchemeRead:
    scheme = await service.change_draft(session, principal, scheme_id, data, expected)
    response.headers["ETag"] = etag(scheme.version)
    return await service.show_scheme(session, scheme)


@router.post("/{scheme_id}/publish", response_model=ColourSchemeRead)
async def publish_scheme(
    principal: SchemesWrite, session: Session, scheme_id: UUID, response: Response
) -> ColourSchemeRead:
    """Make it the community's scheme; cards follow within seconds, see `recolouring`."""
    scheme = await service.publish_scheme(session, principal, scheme_id)
    response.headers["ETag"] = etag(scheme.version)
    return await service.show_scheme(session, scheme)


@router.post("/{scheme_id}/dry-run", response_model=DryRun)
async def try_a_scheme(
    principal: SchemesWrite,
    session: Session,
    vault: VaultDep,
    scheme_id: UUID,
    page: PageRequest,
    colour_before: Annotated[ColourCode | None, Query(description="Only households that show this now.")] = None,
    colour_after: Annotated[ColourCode | None, Query(description="Only households that would show this.")] = None,
) -> DryRun:
    """Which households would change if this draft were published now. Nothing is written."""
    return await try_scheme(session, vault, principal, scheme_id, page, colour_before, colour_after)
