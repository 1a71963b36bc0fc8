"""Endpoints of who owns a household's home."""

from uuid import UUID

from fastapi import Response

from services.residents.households import owners, repository
from services.residents.households.auth import HouseholdsWrite, OwnersRead
from services.residents.households.schemas import OwnerRead, OwnerReveal, OwnerRevealed, OwnerWrite
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/households/{household_id}/owner", tags=["households"])


@router.get("", response_model=OwnerRead)
async def get_owner(principal: OwnersRead, session: Session, vault: VaultDep, household_id: UUID) -> OwnerRead:
    """Masked; all null where nobody is on record."""
    household = await repository.get_household(session, principal, household_id)
    return await owners.show_owner(session, vault, household)


@router.post("/record", response_model=OwnerRead)
async def record_owner(
    principal: HouseholdsWrite, session: Session, vault: VaultDep, household_id: UUID, data: OwnerWrite
) -> OwnerRead:
    """In place of any before. Where the members own their home nobody else does."""
    household = await repository.lock_open_household(session, principal, household_id)
    await owners.record_owner(session, vault, principal, household, data)
    return await owners.show_owner(session, vault, household)


@router.post("/remove", response_model=OwnerRead)
async def remove_owner(principal: HouseholdsWrite, session: Session, vault: VaultDep, household_id: UUID) -> OwnerRead:
    """Nobody is on record any more."""
    household = await repository.lock_open_household(session, principal, household_id)
    await repository.forget_owner(session, household)
    return await owners.show_owner(session, vault, household)


@router.post("/reveal", response_model=OwnerRevealed)
async def reveal_owner(
    principal: HouseholdsWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    household_id: UUID,
    data: OwnerReveal,
    response: Response,
) -> OwnerRevealed:
    """Name and phone in the clear, for a named purpose; written down."""
    response.headers["Cache-Control"] = "no-store"
    household = await repository.get_household(session, principal, household_id)
    return await owners.reveal_owner(session, vault, signer, principal, household, data)
