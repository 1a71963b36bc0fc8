"""Use cases of the alliance. They flush and never commit: the edge does."""

from uuid import UUID

from services.merchants.alliance import repository
from services.merchants.alliance.errors import CharterNotSigned, MerchantExists
from services.merchants.alliance.models import Merchant
from services.merchants.alliance.schemas import Contact, MerchantCreate, MerchantUpdate
from services.merchants.alliance.states import MEMBERS, Reason, State, move
from services.merchants.events import MerchantApproved, MerchantLeft, MerchantSuspended
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.codes import contains
from shared.concurrency import check_version
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.envelope import Event
from shared.errors import WrongState, invalid
from shared.vault import Vault

_CONTACT = ("contact_name", "contact_phone")


async def apply_for_membership(
    session: AsyncSession, vault: Vault, principal: Principal, data: MerchantCreate
) -> Merchant:
    """A shop's application; MerchantExists while its credit code is a member or an applicant."""
    community_code = principal.community_code
    _check_grid(community_code, data.grid_code)
    if await repository.is_member(session, community_code, data.uscc):
        raise MerchantExists
    merchant = new_merchant(community_code, data, applied_by=principal.subject)
    seal_contact(await vault.key_for(community_code, merchant.id), merchant, data)
    session.add(merchant)
    await session.flush()
    return merchant


def new_merchant(community_code: str, data: MerchantCreate, *, applied_by: str) -> Merchant:
    """The row of an application, its contact person not sealed yet."""
    values = data.model_dump(exclude={"position", "hours", *_CONTACT})
    longitude, latitude = data.position.wgs84()
    return Merchant(
        community_code=community_code,
        longitude=longitude,
        latitude=latitude,
        hours=[spell.model_dump(mode="json") for spell in data.hours],
        charter_signed_at=utc_now() if data.charter_version else None,
        applied_by=applied_by,
        **values,
    )


def seal_contact(key: DataKey, merchant: Merchant, data: MerchantCreate | MerchantUpdate) -> None:
    for name in data.model_fields_set.intersection(_CONTACT):
        sealed = key.seal(getattr(data, name), table="merchant", column=name, row_id=merchant.id)
        setattr(merchant, f"{name}_sealed", sealed)


async def open_contact(vault: Vault, merchant: Merchant) -> Contact | None:
    """The contact person in the clear; None once it was destroyed."""
    if merchant.contact_name_sealed is None or merchant.contact_phone_sealed is None:
        return None
    key = await vault.find_key(merchant.community_code, merchant.id)
    if key is None:
        return None
    return Contact(
        name=key.open(merchant.contact_name_sealed, table="merchant", column="contact_name", row_id=merchant.id),
        phone=key.open(merchant.contact_phone_sealed, table="merchant", column="contact_phone", row_id=merchant.id),
    )


async def update_merchant(
    session: AsyncSession, vault: Vault, principal: Principal, merchant_id: UUID, data: MerchantUpdate, expected: int
) -> Merchant:
    merchant = await repository.lock_own_merchant(session, principal, merchant_id)
    check_version(merchant.version, expected)
    if merchant.state not in MEMBERS:
        raise WrongState(merchant.state, MEMBERS)
    _check_grid(merchant.community_code, data.grid_code)
    merchant.sqlmodel_update(data.model_dump(exclude_unset=True, exclude={"position", "hours", *_CONTACT}))
    if "position" in data.model_fields_set:
        merchant.longitude, merchant.latitude = data.position.wgs84()
    if "hours" in data.model_fields_set:
        merchant.hours = [spell.model_dump(mode="json") for spell in data.hours]
    if data.model_fields_set.intersection(_CONTACT):
        seal_contact(await vault.key_for(merchant.community_code, merchant.id), merchant, data)
    return await _save(session, merchant)


async def sign_charter(
    session: AsyncSession, principal: Principal, merchant_id: UUID, charter_version: str
) -> Merchant:
    """The shop pledges what this version of the charter asks; the last one signed holds."""
    merchant = await repository.lock_own_merchant(session, principal, merchant_id)
    if merchant.state not in MEMBERS:
        raise WrongState(merchant.state, MEMBERS)
    merchant.charter_version, merchant.charter_signed_at = charter_version, utc_now()
    return await _save(session, merchant)


async def approve(session: AsyncSession, principal: Principal, merchant_id: UUID) -> Merchant:
    return await _decide(session, principal, merchant_id, "approve", event=MerchantApproved)


async def reinstate(session: AsyncSession, principal: Principal, merchant_id: UUID) -> Merchant:
    return await _decide(session, principal, merchant_id, "reinstate", event=MerchantApproved)


async def suspend(session: AsyncSession, principal: Principal, merchant_id: UUID, reason: Reason) -> Merchant:
    """None of its offers applies and no code of its can be redeemed until it is reinstated."""
    return await _decide(session, principal, merchant_id, "suspend", reason=reason, event=MerchantSuspended)


async def reject(
    session: AsyncSession, vault: Vault, principal: Principal, merchant_id: UUID, reason: Reason
) -> Merchant:
    merchant = await _decide(session, principal, merchant_id, "reject", reason=reason)
    await _forget_contact(session, vault, merchant)
    return merchant


async def leave(session: AsyncSession, vault: Vault, principal: Principal, merchant_id: UUID) -> Merchant:
    merchant = await _decide(session, principal, merchant_id, "leave", event=MerchantLeft)
    await _forget_contact(session, vault, merchant)
    return merchant


async def _decide(
    session: AsyncSession,
    principal: Principal,
    merchant_id: UUID,
    action: str,
    *,
    reason: Reason | None = None,
    event: type[MerchantApproved | MerchantSuspended | MerchantLeft] | None = None,
) -> Merchant:
    merchant = await repository.lock_own_merchant(session, principal, merchant_id)
    target = move(merchant.state, action)
    if target is State.APPROVED and merchant.charter_version is None:
        raise CharterNotSigned
    merchant.state, merchant.state_reason, merchant.decided_at = target, reason, utc_now()
    await _save(session, merchant)
    if event is not None:
        await _publish(session, merchant, event(merchant_id=merchant.id))
    return merchant


async def _publish(session: AsyncSession, merchant: Merchant, event: Event) -> None:
    await outbox.add(
        session,
        event,
        community_code=merchant.community_code,
        subject=f"merchants/{merchant.id}",
        version=merchant.version,
    )


async def _forget_contact(session: AsyncSession, vault: Vault, merchant: Merchant) -> None:
    """There is no purpose left for which to keep the contact person."""
    await vault.destroy(merchant.community_code, merchant.id)
    merchant.contact_name_sealed = merchant.contact_phone_sealed = None
    await session.flush()


async def _save(session: AsyncSession, merchant: Merchant) -> Merchant:
    merchant.version += 1
    merchant.updated_at = utc_now()
    await session.flush()
    return merchant


def _check_grid(community_code: str, grid_code: str | None) -> None:
    if grid_code is not None and not contains(community_code, grid_code):
        raise invalid("/grid_code", "grid_elsewhere", "网格不属于本社区", "The grid is not of this community")
