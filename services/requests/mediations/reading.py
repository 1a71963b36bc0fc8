"""What a reader is shown of a mediation. Whoever is not a party, a mediator or the head gets here with nothing."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from services.requests.mediations import repository
from services.requests.mediations.case import Case, get_case
from services.requests.mediations.models import Matter, MediationAssent, MediationParty
from services.requests.mediations.schemas import KindCounts
from services.requests.mediations.sealing import Keys, contact_of, keys_of, text_of
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal, Role
from shared.clock import CHINA
from shared.crypto import Signer
from shared.db import AsyncSession, columns_of
from shared.identity import mask_name, mask_phone
from shared.vault import Vault

_COUNTS = ("opened", "accepted", "agreed", "fulfilled", "closed", "failed", "withdrawn", "decided")


async def read_mediation(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, mediation_id: UUID
) -> dict[str, Any]:
    """Everything, to one of the few. Whoever reads it for their office is put on record."""
    case = await get_case(session, principal, mediation_id, lock=False)
    keys = await keys_of(vault, case.mediation, case.parties)
    if principal.role is not Role.RESIDENT:
        await _put_on_record(session, signer, principal, case, "mediations.read", ["agreement", "matter", "minutes"])
    return await _shown(session, principal, case, keys)


async def reveal_parties(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, mediation_id: UUID
) -> dict[str, Any]:
    """Names and phones, to those who have to reach the parties; put on record."""
    case = await get_case(session, principal, mediation_id, lock=False)
    keys = await keys_of(vault, case.mediation, case.parties)
    await _put_on_record(session, signer, principal, case, "mediations.reveal", ["name", "phone"])
    return {
        "parties": [
            {"id": party.id, "side": party.side, "person_id": party.person_id} | contact_of(keys, party).model_dump()
            for party in case.parties
        ]
    }


async def _put_on_record(
    session: AsyncSession, signer: Signer, principal: Principal, case: Case, action: str, fields: list[str]
) -> None:
    """For the mediation, and for each party who could ask who read about them."""
    for kind, ids in (
        ("mediation", [case.mediation.id]),
        ("person", [party.person_id for party in case.parties if party.person_id]),
    ):
        await audit.record_many(
            session,
            signer,
            principal,
            community_code=case.mediation.community_code,
            action=action,
            purpose=Purpose.MEDIATION,
            subject_type=kind,
            subject_ids=ids,
            fields=fields,
        )


async def _shown(session: AsyncSession, principal: Principal, case: Case, keys: Keys) -> dict[str, Any]:
    mediation = case.mediation
    conducts = principal.role is not Role.RESIDENT
    assents = await repository.assents_of(session, mediation)
    meetings = await repository.sessions_of(session, mediation)
    terms = await repository.terms_of(session, mediation)
    return columns_of(mediation) | {
        "matter": text_of(keys, mediation, mediation, "matter"),
        "agreement": text_of(keys, mediation, mediation, "agreement"),
        "closing_note": text_of(keys, mediation, mediation, "closing_note") if conducts else None,
        "parties": [_party(principal, case, party, assents, keys) for party in case.parties],
        "mediators": [columns_of(each) for each in case.mediators],
        "sessions": [
            columns_of(row) | {name: text_of(keys, mediation, row, name) for name in ("place", "minutes")}
            for row in meetings
        ],
        "terms": [columns_of(row) | {"text": text_of(keys, mediation, row, "text")} for row in terms],
        "record": [
            {"step": row.step, "state": row.state, "by": row.actor_role, "detail": row.detail, "at": row.created_at}
            for row in await repository.entries_of(session, mediation)
        ],
    }


def _party(
    principal: Principal, case: Case, party: MediationParty, assents: Sequence[MediationAssent], keys: Keys
) -> dict[str, Any]:
    mediation = case.mediation
    present = {
        (Matter.MEDIATE, 1),
        (Matter.EXTEND, mediation.proposal_count),
        (Matter.AGREEMENT, mediation.agreement_count),
    }
    contact = contact_of(keys, party)
    return {
        "id": party.id,
        "side": party.side,
        "person_id": party.person_id if principal.role is not Role.RESIDENT else None,
        "name": mask_name(contact.name) if contact.name else None,
        "phone": mask_phone(contact.phone) if contact.phone else None,
        "mine": party.person_id is not None and party.person_id == principal.person_id,
        "assents": [
            each.matter for each in assents if each.party_id == party.id and (each.matter, each.number) in present
        ],
    }


async def count_mediations(
    session: AsyncSession, principal: Principal, since_on: date, until_on: date, community_code: str | None
) -> dict[str, Any]:
    """How many were opened from one day to another, and how far they came. Counts only."""
    since = datetime.combine(since_on, time(0), CHINA)
    until = datetime.combine(until_on + timedelta(days=1), time(0), CHINA)
    rows = await repository.count_by_kind(session, principal.area, since, until, community_code)
    counted = [{"kind": row.kind} | {name: getattr(row, name) for name in _COUNTS} for row in rows]
    total = {name: sum(row[name] for row in counted) for name in _COUNTS}
    return {
        "since_on": since_on,
        "until_on": until_on,
        "kinds": [KindCounts(kind=row["kind"], **_rated(row)) for row in counted],
        "total": _rated(total),
    }


def _rated(counts: dict[str, Any]) -> dict[str, Any]:
    """With the success rate: agreed among those that were accepted and have come to a decision."""
    numbers = {name: counts[name] for name in _COUNTS}
    decided = numbers.pop("decided")
    return numbers | {"success_rate": round(numbers["agreed"] / decided, 4) if decided else None}
