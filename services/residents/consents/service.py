"""Use cases of consents. They flush and never commit: the edge does."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from services.residents.consents import repository
from services.residents.consents.catalogue import CATALOGUE, rests_on_consent
from services.residents.consents.errors import (
    ConsentMissing,
    ConsentNotAsked,
    GuardianNeeded,
    PaperIncomplete,
    SeparateConsentNeeded,
    TextOutdated,
)
from services.residents.consents.models import Consent, ConsentChannel, ConsentState, GivenBy
from services.residents.consents.schemas import ConsentGive
from services.residents.merges.repository import records_of
from services.residents.people.ages import age_on
from services.residents.people.models import Person
from services.residents.photos.service import forget_photos
from services.residents.rights.reach import By, Subject, current_guardianships, get_subject, read_age
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.errors import NotFound, WrongState
from shared.ids import new_id
from shared.vault import Vault

Row = dict[str, Any]
CONSENTING_AGE = 14
"""Below it a guardian consents (PIPL, art. 31)."""
SUPERSEDED = "superseded"
"""Stands for who withdrew a consent that a newer text replaced."""


async def give_consent(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: ConsentGive
) -> Consent:
    """Consent to one purpose, by the text that holds now. Consenting again to the same text changes nothing."""
    _check_asked(data)
    subject = await get_subject(session, vault, principal, person_id, lock=True)
    guardianship_id = await _guardianship(session, vault, subject, data)
    person = subject.person
    before = await repository.find_current(session, person, data.purpose)
    if before is not None and before.text_version == data.text_version:
        return before
    if before is not None:
        _end(before, SUPERSEDED)
        await session.flush()
    consent = Consent(
        community_code=person.community_code,
        person_id=person.id,
        purpose=data.purpose,
        text_version=data.text_version,
        channel=ConsentChannel.PAPER if subject.by is By.COMMUNITY else ConsentChannel.APP,
        given_by=GivenBy.SELF if guardianship_id is None else GivenBy.GUARDIAN,
        guardianship_id=guardianship_id,
        is_separate=data.is_separate,
        recorded_by=principal.subject,
    )
    key = await vault.key_for(person.community_code, person.id)
    consent.evidence = seal_evidence(key, consent.id, data.evidence)
    session.add(consent)
    await session.flush()
    return consent


async def withdraw_consent(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, consent_id: UUID
) -> Consent:
    """Take a consent back; from the commit on, what rested on it is not done any more (PIPL, art. 15 and 47).

    What was done before stays lawful. A yes signed before may be believed for up to five minutes more.
    """
    subject = await get_subject(session, vault, principal, person_id, lock=True)
    consent = await repository.lock_consent(session, subject.person, consent_id)
    if consent.withdrawn_at is not None:
        raise WrongState(ConsentState.WITHDRAWN, [ConsentState.GIVEN])
    _end(consent, principal.subject)
    if consent.purpose is Purpose.PORTRAIT:
        for record in await records_of(session, subject.person):
            await forget_photos(session, consent.community_code, record)
    await session.flush()
    return consent


async def require_consent(session: AsyncSession, person: Person, purpose: Purpose) -> None:
    """ConsentMissing where the purpose rests on a consent that the person has not given, or has withdrawn."""
    if rests_on_consent(purpose) and not await repository.has_consented(session, person, purpose):
        raise ConsentMissing


def signed(person_id: UUID, birth_on: date | None, purposes: Iterable[Purpose], recorded_by: str) -> list[Row]:
    """Rows of consents that a person signed on paper, for a bulk load. For children a guardian consents, one by one."""
    wanted = sorted(purposes)
    if wanted and birth_on is not None and age_on(birth_on, china_today()) < CONSENTING_AGE:
        raise GuardianNeeded
    if not all(map(rests_on_consent, wanted)):
        raise ConsentNotAsked
    return [
        {
            "id": new_id(),
            "person_id": person_id,
            "purpose": purpose,
            "text_version": CATALOGUE[purpose].text_version,
            "channel": ConsentChannel.PAPER,
            "is_separate": CATALOGUE[purpose].is_sensitive,
            "recorded_by": recorded_by,
            "given_at": utc_now(),
        }
        for purpose in wanted
    ]


def seal_evidence(key: DataKey, consent_id: UUID, evidence: str | None) -> bytes | None:
    return None if evidence is None else key.seal(evidence, table="consent", column="evidence", row_id=consent_id)


def open_evidence(key: DataKey, consent: Consent) -> str | None:
    if consent.evidence is None:
        return None
    return key.open(consent.evidence, table="consent", column="evidence", row_id=consent.id)


def _check_asked(data: ConsentGive) -> None:
    ground = CATALOGUE[data.purpose]
    if not rests_on_consent(data.purpose):
        raise ConsentNotAsked
    if data.text_version != ground.text_version:
        raise TextOutdated
    if ground.is_sensitive and not data.is_separate:
        raise SeparateConsentNeeded


async def _guardianship(session: AsyncSession, vault: Vault, subject: Subject, data: ConsentGive) -> UUID | None:
    """Under which guardianship it is given; None if by the person, who must be old enough."""
    on_paper = subject.by is By.COMMUNITY
    if on_paper is not (data.evidence is not None) or (data.guardianship_id and not on_paper):
        raise PaperIncomplete
    if on_paper and data.guardianship_id is not None:
        held = await current_guardianships(session, vault, subject.person)
        if data.guardianship_id not in {each.id for each in held}:
            raise NotFound
        return data.guardianship_id
    age = await read_age(vault, subject.person)
    if subject.by is not By.GUARDIAN and age is not None and age < CONSENTING_AGE:
        raise GuardianNeeded
    return subject.guardianship_id


def _end(consent: Consent, by: str) -> None:
    consent.withdrawn_at = consent.updated_at = utc_now()
    consent.withdrawn_by = by
    consent.version += 1
