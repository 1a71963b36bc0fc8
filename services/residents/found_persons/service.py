"""Use cases of found-person cases. They flush and never commit: the edge does."""

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.residents import events
from services.residents.contact_cards import service as contact_cards
from services.residents.contact_cards.models import ContactCard
from services.residents.contact_cards.scans import record_report
from services.residents.found_persons import candidates_repository, registry, repository
from services.residents.found_persons.auth import OPENERS
from services.residents.found_persons.errors import CardRevoked, NotAHandOverPhoto, PoliceCalledAlready
from services.residents.found_persons.links import digest_of
from services.residents.found_persons.models import (
    Channel,
    EntryKind,
    FoundPerson,
    FoundPersonEntry,
    FoundReport,
    Outcome,
)
from services.residents.found_persons.schemas import (
    Close,
    Dismiss,
    FinderState,
    FoundPersonCreate,
    FoundReportCreate,
    FoundReportCreated,
    HandOver,
    Identify,
    ReceiverKind,
)
from services.residents.found_persons.sealing import key_of, seal_content
from services.residents.found_persons.states import TRANSITIONS, CaseState, Verb
from services.residents.people.models import Person
from services.residents.settings import Settings
from shared import outbox
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.envelope import Event
from shared.errors import NotFound, WrongState
from shared.grid_directory import BoundaryLocator, find_grid_by_address
from shared.ids import new_id
from shared.vault import Vault

PUBLIC_ACTOR = "public"


async def report_by_card(
    session: AsyncSession, vault: Vault, settings: Settings, code: str, data: FoundReportCreate
) -> FoundReportCreated:
    """Somebody stands before a person who carries this card. Opens a case, or joins the one that is open.

    Lost and replaced cards report as well, and those whose bearer has left, since people still carry them; one that
    staff revoked does not.
    """
    card = await contact_cards.open_by_code(session, code, lock=True)
    if not card.takes_reports:
        raise CardRevoked
    await record_report(session, card)
    case = await repository.lock_open_of_card(session, card.community_code, card.id)
    kind = EntryKind.REPORTED_AGAIN
    if case is None:
        kind = EntryKind.REPORTED
        case = await _open_case(session, vault, settings, _case_of_card(card), PUBLIC_ACTOR)
    else:
        repository.touch(case)
    token = secrets.token_urlsafe(24)
    report = await _add_report(session, vault, case, Channel.CARD, data, token=token)
    await add_entry(session, vault, case, kind, PUBLIC_ACTOR, {"channel": Channel.CARD})
    state = await finder_state(session, case)
    return FoundReportCreated(report_id=report.id, state=state, follow_token=f"{case.community_code}.{token}")


async def open_case(
    session: AsyncSession,
    vault: Vault,
    settings: Settings,
    locator: BoundaryLocator,
    principal: Principal,
    data: FoundPersonCreate,
) -> FoundPerson:
    """A case without a card. The grid is the one that answers for the address, else for the position."""
    grid_code = await _find_grid(session, locator, principal.community_code, data)
    values = {"community_code": principal.community_code, "channel": data.channel, "grid_code": grid_code}
    case = await _open_case(session, vault, settings, values, principal.subject)
    await _add_report(session, vault, case, data.channel, data)
    await add_entry(session, vault, case, EntryKind.REPORTED, principal.subject, {"channel": data.channel})
    return case


async def identify(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: Identify
) -> FoundPerson:
    """Say who it is. Whoever may not look the person up elsewhere may confirm only those whom the card points to."""
    case = await hold_case(session, principal, case_id, Verb.IDENTIFY)
    person = await _identifiable(session, principal, case, data.person_id)
    move(case, Verb.IDENTIFY)
    case.person_id, case.household_id, case.due_at = person.id, person.household_id, case.hand_over_by
    case.identified_at = case.identified_at or utc_now()
    await add_entry(
        session, vault, case, EntryKind.IDENTIFIED, principal.subject, {"person_id": str(person.id)}, data.note
    )
    event = events.FoundPersonIdentified(found_person_id=case.id, person_id=person.id, household_id=person.household_id)
    await publish(session, case, event)
    return case


async def hand_over(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: HandOver
) -> FoundPerson:
    """The person is now with somebody whose identity was checked, before a witness."""
    to_family = data.receiver_kind is ReceiverKind.FAMILY
    verb = Verb.HAND_OVER if to_family else Verb.HAND_OVER_TO_AUTHORITY
    case = await advance(session, principal, case_id, verb)
    case.handed_over_at = utc_now()
    detail = {"receiver_kind": data.receiver_kind.value, "identity_checked": "true"}
    if data.relation is not None:
        detail["relation"] = data.relation.value
    if data.identity_document is not None:
        detail["identity_document"] = data.identity_document.value
    if data.photo_id is not None:
        if not await repository.is_proof(session, case, data.photo_id):
            raise NotAHandOverPhoto
        detail["photo_id"] = str(data.photo_id)
    words = {"receiver_name": data.receiver_name, "witness_name": data.witness_name, "place": data.place}
    await add_entry(session, vault, case, EntryKind.HANDED_OVER, principal.subject, detail, data.note, words=words)
    await publish(session, case, events.FoundPersonHandedOver(found_person_id=case.id))
    return case


async def close_case(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: Close
) -> FoundPerson:
    case = await advance(session, principal, case_id, Verb.CLOSE)
    return await _end(session, vault, principal, case, EntryKind.CLOSED, data.outcome, data.note)


async def dismiss_case(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: Dismiss
) -> FoundPerson:
    """Unfounded: nobody was lost, or nobody was there."""
    case = await advance(session, principal, case_id, Verb.DISMISS)
    case.unfounded_reason = data.reason
    detail = {"reason": data.reason.value}
    return await _end(session, vault, principal, case, EntryKind.DISMISSED, Outcome.UNFOUNDED, data.note, detail)


async def escalate_to_police(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, note: str | None
) -> FoundPerson:
    """The police (110) were called; written down once."""
    case = await advance(session, principal, case_id, Verb.ESCALATE)
    if case.police_called_at is not None:
        raise PoliceCalledAlready
    case.police_called_at = utc_now()
    await add_entry(session, vault, case, EntryKind.POLICE_CALLED, principal.subject, {}, note)
    return case


async def finder_state(session: AsyncSession, case: FoundPerson) -> FinderState:
    """All that a finder learns of a case."""
    match case.state:
        case CaseState.HANDED_OVER | CaseState.CLOSED:
            return FinderState.SAFE
        case CaseState.UNFOUNDED:
            return FinderState.ENDED
        case CaseState.REPORTED if not await repository.is_accepted(session, case):
            return FinderState.RECEIVED
    return FinderState.ON_THE_WAY


async def hold_case(session: AsyncSession, principal: Principal, case_id: UUID, verb: Verb) -> FoundPerson:
    """The case, held until the transaction ends; WrongState unless the verb is allowed now."""
    case = await repository.get_case(session, principal, case_id, lock=True)
    sources = TRANSITIONS[verb].sources
    if case.state not in sources:
        raise WrongState(case.state, sources)
    return case


def move(case: FoundPerson, verb: Verb) -> None:
    """Take the held case to where the verb leads."""
    case.state = TRANSITIONS[verb].target or case.state
    repository.touch(case)


async def advance(session: AsyncSession, principal: Principal, case_id: UUID, verb: Verb) -> FoundPerson:
    """The case, held and moved."""
    case = await hold_case(session, principal, case_id, verb)
    move(case, verb)
    return case


async def add_entry(
    session: AsyncSession,
    vault: Vault,
    case: FoundPerson,
    kind: EntryKind,
    actor: str,
    detail: Mapping[str, str],
    note: str | None = None,
    *,
    words: Mapping[str, str] | None = None,
) -> FoundPersonEntry:
    """Write one line of the timeline, with `note` and other words sealed, and flush the case with it."""
    said = dict(words or {}) | ({"note": note} if note else {})
    entry = FoundPersonEntry(
        id=new_id(),
        community_code=case.community_code,
        found_person_id=case.id,
        kind=kind,
        actor=actor,
        detail=dict(detail),
    )
    if said:
        entry.note = seal_content(await key_of(vault, case), "found_person_entry", entry.id, said, column="note")
    session.add(entry)
    await session.flush()
    return entry


async def publish(session: AsyncSession, case: FoundPerson, event: Event) -> None:
    subject = f"found-persons/{case.id}"
    await outbox.add(session, event, community_code=case.community_code, subject=subject, version=case.version)


def _case_of_card(card: ContactCard) -> dict[str, Any]:
    return {
        "community_code": card.community_code,
        "channel": Channel.CARD,
        "grid_code": card.grid_code,
        "card_id": card.id,
        "presumed_person_id": card.person_id,
        "household_id": card.household_id,
    }


async def _open_case(
    session: AsyncSession, vault: Vault, settings: Settings, values: dict[str, Any], actor: str
) -> FoundPerson:
    now = utc_now()
    case = FoundPerson(
        opened_by=actor,
        due_at=now + settings.found_person_identify_within,
        hand_over_by=now + settings.found_person_hand_over_within,
        **values,
    )
    session.add(case)
    await session.flush()
    await vault.key_for(case.community_code, case.id)
    event = events.FoundPersonReported(found_person_id=case.id, card_id=case.card_id, grid_code=case.grid_code)
    await publish(session, case, event)
    return case


async def _add_report(
    session: AsyncSession,
    vault: Vault,
    case: FoundPerson,
    channel: Channel,
    data: FoundReportCreate,
    *,
    token: str | None = None,
) -> FoundReport:
    content: dict[str, Any] = data.model_dump(
        include={"place_text", "finder_phone", "finder_name", "note"}, exclude_none=True
    )
    if data.position is not None:
        content["longitude"], content["latitude"] = data.position.wgs84()
    report_id = new_id()
    report = FoundReport(
        id=report_id,
        community_code=case.community_code,
        found_person_id=case.id,
        channel=channel,
        content=seal_content(await key_of(vault, case), "found_report", report_id, content),
        follow_digest=digest_of(token) if token else None,
    )
    session.add(report)
    await session.flush()
    return report


async def _find_grid(
    session: AsyncSession, locator: BoundaryLocator, community_code: str, data: FoundPersonCreate
) -> str | None:
    if data.address is not None:
        address = data.address
        found = await find_grid_by_address(session, community_code, address.compound, address.building, address.unit)
        if found is not None:
            return found
    if data.position is not None:
        return await locator.find_grid(session, community_code, data.position.wgs84())
    return None


async def _identifiable(session: AsyncSession, principal: Principal, case: FoundPerson, person_id: UUID) -> Person:
    person = await registry.find_person(session, case.community_code, person_id)
    if person is None:
        raise NotFound
    if principal.role in OPENERS or person.household_id == await _household_of_card(session, case):
        return person
    if await candidates_repository.is_suggested(session, case, person_id):
        return person
    household = await registry.find_household(session, case.community_code, person.household_id)
    if principal.role is Role.GRID_WORKER and household is not None and household.grid_code in principal.grids:
        return person
    raise NotFound


async def _household_of_card(session: AsyncSession, case: FoundPerson) -> UUID | None:
    """The household that the card points to, whoever was identified since."""
    if case.card_id is None:
        return None
    card = await session.get(ContactCard, (case.community_code, case.card_id))
    return card.household_id if card is not None else None


async def _end(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    case: FoundPerson,
    kind: EntryKind,
    outcome: Outcome,
    note: str | None,
    detail: Mapping[str, str] | None = None,
) -> FoundPerson:
    case.outcome, case.closed_at = outcome, utc_now()
    said = {"outcome": outcome.value, **(detail or {})}
    await add_entry(session, vault, case, kind, principal.subject, said, note)
    await publish(session, case, events.FoundPersonClosed(found_person_id=case.id, outcome=outcome.value))
    return case
