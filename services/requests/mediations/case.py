"""A mediation with everybody in it, and the record of what happens: who may speak and act, who is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.requests.mediations import repository
from services.requests.mediations.events import (
    MediationAgreed,
    MediationChanged,
    MediationEnded,
    MediationOpened,
    MediationProgressed,
)
from services.requests.mediations.models import (
    How,
    Matter,
    Mediation,
    MediationAssent,
    MediationEntry,
    MediationMediator,
    MediationParty,
    Step,
)
from services.requests.mediations.states import Action, after
from services.requests.service_requests.timeline import Actor
from shared import outbox
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import Forbidden, NotFound, invalid

_EVENTS: dict[Step, type[MediationChanged]] = {
    Step.OPENED: MediationOpened,
    Step.AGREED: MediationAgreed,
    Step.CLOSED: MediationEnded,
    Step.FAILED: MediationEnded,
    Step.WITHDRAWN: MediationEnded,
}
_QUIET = frozenset({
    Step.CONSENTED,
    Step.MEDIATOR_ACCEPTED,
    Step.SESSION_HELD,
    Step.EXTENSION_CONSENTED,
    Step.AGREEMENT_CONFIRMED,
    Step.TERM_SETTLED,
    Step.CONFIRMATION_APPLIED,
    Step.CONFIRMATION_DECIDED,
})  # fmt: skip
"""On record, but nobody need be called to their phone for it."""


@dataclass(frozen=True, slots=True)
class Case:
    mediation: Mediation
    parties: Sequence[MediationParty]
    mediators: Sequence[MediationMediator]

    @property
    def present(self) -> list[MediationMediator]:
        """Mediators who have not left."""
        return [mediator for mediator in self.mediators if mediator.ended_at is None]

    @property
    def acting(self) -> list[MediationMediator]:
        """Those of them who have taken it on."""
        return [mediator for mediator in self.present if mediator.accepted_at is not None]

    def party(self, party_id: UUID) -> MediationParty:
        found = next((party for party in self.parties if party.id == party_id), None)
        if found is None:
            raise NotFound
        return found

    def mediator(self, responder_id: UUID | None) -> MediationMediator:
        """One who has not left."""
        found = next((mediator for mediator in self.present if mediator.responder_id == responder_id), None)
        if found is None:
            raise NotFound
        return found

    def is_party(self, person_id: UUID | None) -> bool:
        return person_id is not None and any(party.person_id == person_id for party in self.parties)

    def check_conducts(self, principal: Principal) -> None:
        """The head, and mediators who have taken it on."""
        if principal.role is Role.HEAD:
            return
        if principal.role is Role.RESIDENT or all(each.responder_id != principal.responder_id for each in self.acting):
            raise Forbidden

    def speaker(
        self, principal: Principal, party_id: UUID, how: How | None, *, by_hand: frozenset[How]
    ) -> tuple[MediationParty, How]:
        """The party who says something: for themself in the app, or to a mediator in one of the ways `by_hand`."""
        party = self.party(party_id)
        if principal.role is Role.RESIDENT:
            if party.person_id is None or party.person_id != principal.person_id:
                raise Forbidden
            if how is not None:
                raise invalid("/how", "reserved", "本人操作时不填", "Parties leave it out")
            return party, How.SELF
        self.check_conducts(principal)
        if how is None or how not in by_hand:
            names = "、".join(sorted(by_hand))
            raise invalid(
                "/how", "enum", f"请写明方式: {names}", f"Say how they told you: {', '.join(sorted(by_hand))}"
            )
        return party, how


async def get_case(session: AsyncSession, principal: Principal, mediation_id: UUID, *, lock: bool = True) -> Case:
    mediation = await repository.get_mediation(session, principal, mediation_id, lock=lock)
    return await case_of(session, mediation)


async def conducted(session: AsyncSession, principal: Principal, mediation_id: UUID, action: Action) -> Case:
    """The case, locked, of somebody who conducts it; WrongState if `action` is not possible now."""
    case = await get_case(session, principal, mediation_id)
    case.check_conducts(principal)
    after(case.mediation.state, action)
    return case


async def case_of(session: AsyncSession, mediation: Mediation) -> Case:
    return Case(
        mediation,
        await repository.parties_of(session, mediation),
        await repository.mediators_of(session, mediation),
    )


async def assent(
    session: AsyncSession,
    case: Case,
    principal: Principal,
    party: MediationParty,
    how: How,
    matter: Matter,
    number: int = 1,
) -> bool:
    """Write down one party's yes; whether by now all of them have said it."""
    await repository.add_assent(
        session,
        MediationAssent(
            community_code=case.mediation.community_code,
            mediation_id=case.mediation.id,
            matter=matter,
            number=number,
            party_id=party.id,
            how=how,
            recorded_by=principal.subject,
        ),
    )
    said = await repository.count_assents(session, case.mediation, matter, number)
    return said == len(case.parties)


async def record(
    session: AsyncSession, case: Case, step: Step, actor: Actor, *, told_as: str | None = None, **detail: Any
) -> None:
    """Write a step down with the change that it made, and tell parties and mediators of it."""
    mediation = case.mediation
    mediation.version += 1
    mediation.updated_at = utc_now()
    await session.flush()
    entry = MediationEntry(
        community_code=mediation.community_code,
        mediation_id=mediation.id,
        step=step,
        state=mediation.state,
        actor=actor.subject,
        actor_role=actor.role,
        detail={name: str(value) for name, value in detail.items() if value is not None},
    )
    session.add(entry)
    await session.flush()
    if step in _QUIET:
        return
    event = _EVENTS.get(step, MediationProgressed)(
        mediation_id=mediation.id,
        state=mediation.state.value,
        step=told_as or step.value,
        party_person_ids=[party.person_id for party in case.parties if party.person_id],
        mediator_responder_ids=[mediator.responder_id for mediator in case.present],
    )
    await outbox.add(
        session,
        event,
        community_code=mediation.community_code,
        subject=f"mediations/{mediation.id}",
        version=mediation.version,
    )
