from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.merchants.alliance import repository, service
from services.merchants.alliance.auth import (
    SEES_ALL_STATES,
    MerchantsApply,
    MerchantsDecide,
    MerchantsEdit,
    MerchantsRead,
)
from services.merchants.alliance.models import Merchant
from services.merchants.alliance.schemas import (
    CharterSignature,
    Contact,
    Decision,
    MerchantCreate,
    MerchantRead,
    MerchantSummary,
    MerchantUpdate,
    Reveal,
)
from services.merchants.alliance.states import State
from services.merchants.nearness import Near
from services.merchants.schemas import Category
from shared import audit
from shared.auth import Principal, Role
from shared.concurrency import IfMatch, tag_response
from shared.db import columns_of
from shared.errors import NotFound
from shared.identity import mask_name, mask_phone
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep
from shared.themes import Theme
from shared.vault import Vault

router = Router(prefix="/v1/merchants", tags=["merchants"])


@router.get("", response_model=Page[MerchantSummary])
async def list_merchants(
    *,
    principal: MerchantsRead,
    session: Session,
    page: PageRequest,
    near: Near,
    trade: Annotated[Category | None, Query()] = None,
    theme: Annotated[Theme | None, Query()] = None,
    state: Annotated[State | None, Query(description="Others than approved are for staff and the shop itself.")] = None,
) -> Page[Any]:
    """Shops of the alliance: the nearest first when a position is given, else the oldest."""
    statement = repository.readable(principal)
    if trade is not None:
        statement = statement.where(col(Merchant.trade) == trade)
    if theme is not None:
        statement = statement.where(col(Merchant.themes).contains([theme.value]))
    if state is not None:
        statement = statement.where(col(Merchant.state) == state)
    order = (col(Merchant.community_code), col(Merchant.id))
    if near.place is None:
        return await paginate(session, statement, order_by=order, page=page, to_item=columns_of)
    distance = near.distance(Merchant.longitude, Merchant.latitude)
    if near.within_m is not None:
        statement = statement.where(distance <= near.within_m)
    return await paginate(
        session,
        statement.add_columns(distance.label("distance_m")),
        order_by=(distance, *order),
        page=page,
        to_item=lambda row: columns_of(row["Merchant"]) | {"distance_m": row["distance_m"]},
    )


@router.post("", response_model=MerchantRead, status_code=status.HTTP_201_CREATED)
async def apply_for_membership(
    principal: MerchantsApply, session: Session, vault: VaultDep, data: MerchantCreate, response: Response
) -> dict[str, Any]:
    """Apply for the alliance, for one's own shop or, by staff, for a shop."""
    merchant = await service.apply_for_membership(session, vault, principal, data)
    response.headers["Location"] = f"/v1/merchants/{merchant.id}"
    return await _shown(vault, principal, merchant)


@router.get("/{id}", response_model=MerchantRead)
async def get_merchant(
    *, principal: MerchantsRead, session: Session, vault: VaultDep, id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    merchant = await repository.get_merchant(session, principal, id)
    tag_response(request, response, merchant.version)
    return await _shown(vault, principal, merchant)


@router.patch("/{id}", response_model=MerchantRead)
async def update_merchant(
    principal: MerchantsEdit, session: Session, vault: VaultDep, id: UUID, data: MerchantUpdate, expected: IfMatch
) -> dict[str, Any]:
    return await _shown(vault, principal, await service.update_merchant(session, vault, principal, id, data, expected))


@router.post("/{id}/sign-charter", response_model=MerchantRead)
async def sign_charter(
    principal: MerchantsEdit, session: Session, vault: VaultDep, id: UUID, data: CharterSignature
) -> dict[str, Any]:
    """Sign the alliance's pledges."""
    merchant = await service.sign_charter(session, principal, id, data.charter_version)
    return await _shown(vault, principal, merchant)


@router.post("/{id}/approve", response_model=MerchantRead)
async def approve(principal: MerchantsDecide, session: Session, vault: VaultDep, id: UUID) -> dict[str, Any]:
    return await _shown(vault, principal, await service.approve(session, principal, id))


@router.post("/{id}/reject", response_model=MerchantRead)
async def reject(
    principal: MerchantsDecide, session: Session, vault: VaultDep, id: UUID, data: Decision
) -> dict[str, Any]:
    """Turn an application down; the contact person's data is destroyed."""
    return await _shown(vault, principal, await service.reject(session, vault, principal, id, data.reason))


@router.post("/{id}/suspend", response_model=MerchantRead)
async def suspend(
    principal: MerchantsDecide, session: Session, vault: VaultDep, id: UUID, data: Decision
) -> dict[str, Any]:
    return await _shown(vault, principal, await service.suspend(session, principal, id, data.reason))


@router.post("/{id}/reinstate", response_model=MerchantRead)
async def reinstate(principal: MerchantsDecide, session: Session, vault: VaultDep, id: UUID) -> dict[str, Any]:
    return await _shown(vault, principal, await service.reinstate(session, principal, id))


@router.post("/{id}/leave", response_model=MerchantRead)
async def leave(principal: MerchantsEdit, session: Session, vault: VaultDep, id: UUID) -> dict[str, Any]:
    """Leave the alliance for good; the contact person's data is destroyed."""
    return await _shown(vault, principal, await service.leave(session, vault, principal, id))


@router.post("/{id}/reveal", response_model=Contact)
async def reveal_contact(
    *, principal: MerchantsDecide, session: Session, vault: VaultDep, signer: SignerDep, id: UUID, data: Reveal
) -> Contact:
    """The contact person unmasked, for a named purpose that is written down."""
    merchant = await repository.get_merchant(session, principal, id)
    contact = await service.open_contact(vault, merchant)
    if contact is None:
        raise NotFound
    await audit.record(
        session,
        signer,
        principal,
        community_code=merchant.community_code,
        action="merchants.reveal",
        purpose=data.purpose,
        subject_type="merchant",
        subject_id=merchant.id,
        fields=["contact_name", "contact_phone"],
    )
    return contact


async def _shown(vault: Vault, principal: Principal, merchant: Merchant) -> dict[str, Any]:
    """What this caller may see of a shop; the contact person always masked."""
    shown = columns_of(merchant)
    is_own = principal.role is Role.MERCHANT and (
        principal.merchant_id == merchant.id or merchant.applied_by == principal.subject
    )
    if not is_own and principal.role not in SEES_ALL_STATES:
        shown["state_reason"] = None
        return shown
    contact = await service.open_contact(vault, merchant)
    if contact is not None:
        shown["contact"] = Contact(name=mask_name(contact.name), phone=mask_phone(contact.phone))
    return shown
