"""Everything that is kept about one person, for that person (PIPL, art. 45)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.residents.consents.personal import consents_section
from services.residents.contact_cards.personal import contact_cards_section
from services.residents.found_persons.personal import found_persons_section
from services.residents.guardians.personal import guardians_section
from services.residents.household_cards.personal import household_cards_section
from services.residents.households.personal import homes_owned_section, household_section
from services.residents.memberships.personal import memberships_section
from services.residents.notices.personal import notices_section
from services.residents.people.personal import contacts_section, person_section, tags_section
from services.residents.photos.personal import photos_section
from services.residents.rights.access_log import access_log_section
from services.residents.rights.personal import rights_requests_section
from services.residents.rights.reach import get_subject
from services.residents.sections import Contribute, Section
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.vault import Vault

SECTIONS: tuple[Contribute, ...] = (
    person_section,
    household_section,
    homes_owned_section,
    memberships_section,
    guardians_section,
    household_cards_section,
    tags_section,
    contacts_section,
    photos_section,
    contact_cards_section,
    consents_section,
    rights_requests_section,
    found_persons_section,
    notices_section,
    access_log_section,
)
"""In the order in which a reader meets them."""


class PersonExport(BaseModel):
    """Everything that is kept about one person, section by section, with titles in both languages."""

    exported_at: datetime
    community_code: str
    person_id: UUID
    sections: list[Section]


async def export_person(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, person_id: UUID
) -> PersonExport:
    """The whole record in the clear; that it was handed out is written down."""
    person, _, by, _ = await get_subject(session, vault, principal, person_id)
    sections = [await section(session, vault, person) for section in SECTIONS]
    await audit.record(
        session,
        signer,
        principal,
        community_code=person.community_code,
        action="people.export",
        purpose=Purpose.SUBJECT_ACCESS,
        subject_type="person",
        subject_id=person.id,
        fields=[section.code for section in sections],
        detail={"by": by},
    )
    return PersonExport(
        exported_at=utc_now(), community_code=person.community_code, person_id=person.id, sections=sections
    )
