from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select
from sqlmodel import col

from services.residents.consents.catalogue import CATALOGUE
from services.residents.consents.models import Consent
from services.residents.people.models import Person
from shared.audit import Purpose
from shared.db import AsyncSession
from shared.errors import NotFound


def consents_of(person: Person) -> Select[Consent]:
    """All that a person ever gave."""
    return select(Consent).where(
        col(Consent.community_code) == person.community_code, col(Consent.person_id) == person.id
    )


async def find_current(session: AsyncSession, person: Person, purpose: Purpose) -> Consent | None:
    statement = consents_of(person).where(col(Consent.purpose) == purpose, col(Consent.withdrawn_at).is_(None))
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_consent(session: AsyncSession, person: Person, consent_id: UUID) -> Consent:
    statement = consents_of(person).where(col(Consent.id) == consent_id).with_for_update()
    consent = (await session.execute(statement)).scalar_one_or_none()
    if consent is None:
        raise NotFound
    return consent


def consenting(purpose: Purpose) -> ColumnElement[bool]:
    """Of people: those who consent to this purpose today, by the text that holds today."""
    return exists().where(
        col(Consent.community_code) == col(Person.community_code),
        col(Consent.person_id) == col(Person.id),
        col(Consent.purpose) == purpose,
        col(Consent.withdrawn_at).is_(None),
        col(Consent.text_version) == CATALOGUE[purpose].text_version,
    )


async def has_consented(session: AsyncSession, person: Person, purpose: Purpose) -> bool:
    statement = select(col(Person.id)).where(
        col(Person.community_code) == person.community_code, col(Person.id) == person.id, consenting(purpose)
    )
    return (await session.execute(statement)).first() is not None
