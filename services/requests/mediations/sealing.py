"""What was said in a mediation, sealed and opened. Nothing else in this module touches a key."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import BaseModel

from services.requests.mediations.errors import PartyErased
from services.requests.mediations.models import Mediation, MediationParty, MediationSession, MediationTerm
from shared.crypto import DataKey
from shared.ids import new_id
from shared.vault import Erased, Vault

Sealed = Mediation | MediationSession | MediationTerm
Keys = Mapping[UUID, DataKey]
"""By subject. Who has been erased is missing."""


class Contact(BaseModel):
    """Name and phone of a party."""

    name: str | None = None
    phone: str | None = None


async def seal(vault: Vault, mediation: Mediation, row: Sealed, **texts: str | None) -> None:
    """Put texts on columns of the mediation or of a row that belongs to it, under the mediation's key."""
    key = await _key(vault, mediation.community_code, mediation.key_subject_id)
    for column, text in texts.items():
        place = {"table": row.__tablename__, "column": column, "row_id": row.id}
        setattr(row, column, None if text is None else key.seal(text, **place))


async def seal_contact(vault: Vault, party: MediationParty, contact: Contact) -> None:
    if contact == Contact():
        return
    key = await _key(vault, party.community_code, party.key_subject_id)
    party.contact = key.seal(
        contact.model_dump_json(exclude_none=True), table="mediation_party", column="contact", row_id=party.id
    )


async def _key(vault: Vault, community_code: str, subject_id: UUID) -> DataKey:
    try:
        return await vault.key_for(community_code, subject_id)
    except Erased as error:
        raise PartyErased from error


async def keys_of(vault: Vault, mediation: Mediation, parties: Sequence[MediationParty]) -> Keys:
    subjects = {mediation.key_subject_id, *(party.key_subject_id for party in parties)}
    return await vault.keys_for(mediation.community_code, subjects)


def text_of(keys: Keys, mediation: Mediation, row: Sealed, column: str) -> str | None:
    sealed, key = getattr(row, column), keys.get(mediation.key_subject_id)
    if sealed is None or key is None:
        return None
    return key.open(sealed, table=row.__tablename__, column=column, row_id=row.id)


def contact_of(keys: Keys, party: MediationParty) -> Contact:
    key = keys.get(party.key_subject_id)
    if party.contact is None or key is None:
        return Contact()
    opened = key.open(party.contact, table="mediation_party", column="contact", row_id=party.id)
    return Contact.model_validate_json(opened)


async def shred(vault: Vault, mediation: Mediation) -> None:
    """Make everything that was said unreadable; what is written from now on gets a new key."""
    await vault.destroy(mediation.community_code, mediation.key_subject_id)
    mediation.key_subject_id = new_id()
    mediation.matter = mediation.agreement = mediation.closing_note = None
