"""Forgetting a party: what was said with them becomes unreadable for all. That it took place stays."""

from uuid import UUID

from services.requests.mediations import repository
from services.requests.mediations.sealing import shred
from shared.db import AsyncSession
from shared.vault import Vault


async def forget_party(session: AsyncSession, vault: Vault, community_code: str, person_id: UUID) -> None:
    """Minutes and agreements speak of everybody, so they go with the first party who is erased."""
    for mediation in await repository.mediations_of_person(session, community_code, person_id):
        await shred(vault, mediation)
        mediation.version += 1
        await repository.blank_texts(session, mediation)
    await repository.forget_party(session, community_code, person_id)
