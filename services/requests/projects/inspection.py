"""Acceptance (验收): named people inspect what was built, and if all find it good, whoever asked for it is answered."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.requests.contributions import service as contributions
from services.requests.deliberations import decision
from services.requests.deliberations import repository as deliberations
from services.requests.projects import repository
from services.requests.projects.errors import AlreadySigned, InspectorNamed, NotAccepted
from services.requests.projects.events import ProjectAccepted, ProjectInspectionAsked
from services.requests.projects.models import OF_RESIDENTS, Inspection, InspectorCapacity, Project
from services.requests.projects.schemas import Inspector, Signature
from services.requests.projects.service import detail_of, lock_contributing, tell, touch, write_update
from services.requests.projects.states import Verb, after
from services.requests.service_requests.auth import OFFICE
from services.requests.service_requests.texts import key_for_writing
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import Forbidden
from shared.vault import Vault

_TABLE, _COLUMN = "project_inspection", "note"


async def name_inspectors(
    session: AsyncSession, principal: Principal, project_id: UUID, inspectors: Sequence[Inspector]
) -> Project:
    """Name who inspects it this time; residents and units are told."""
    project = await repository.lock_project(session, principal, project_id)
    after(project.state, Verb.INSPECT)
    named = [
        Inspection(
            community_code=project.community_code,
            project_id=project.id,
            round=project.round,
            **inspector.model_dump(),
        )
        for inspector in inspectors
    ]
    try:
        async with session.begin_nested():
            session.add_all(named)
    except IntegrityError as error:
        raise InspectorNamed from error
    await touch(session, project)
    await tell(
        session,
        project,
        ProjectInspectionAsked,
        person_ids=[each.person_id for each in named if each.person_id],
        responder_ids=[each.responder_id for each in named if each.responder_id],
    )
    return project


async def sign(
    session: AsyncSession, vault: Vault, principal: Principal, project_id: UUID, inspection_id: UUID, data: Signature
) -> Inspection:
    """Say what one found; the office writes down what was signed before it on paper."""
    project = await repository.lock_project(session, principal, project_id)
    after(project.state, Verb.INSPECT)
    inspection = await repository.get_inspection(session, project, inspection_id)
    if principal.role not in OFFICE and not is_inspector(principal, inspection):
        raise Forbidden
    if inspection.signed_at is not None:
        raise AlreadySigned
    if data.note is not None:
        inspection.key_subject_id = inspection.person_id or project.id
        key = await key_for_writing(vault, project.community_code, inspection.key_subject_id)
        inspection.note_sealed = key.seal(data.note, table=_TABLE, column=_COLUMN, row_id=inspection.id)
    inspection.passed, inspection.signed_at, inspection.signed_by = data.passed, utc_now(), principal.subject
    await touch(session, project)
    return inspection


def is_inspector(principal: Principal, inspection: Inspection) -> bool:
    return (inspection.person_id is not None and inspection.person_id == principal.person_id) or (
        inspection.responder_id is not None and inspection.responder_id == principal.responder_id
    )


async def read_notes(vault: Vault, inspections: Sequence[Inspection]) -> dict[UUID, str]:
    """What inspectors wrote, by inspection; who has been erased is left out."""
    sealed = [(each, each.key_subject_id, each.note_sealed) for each in inspections]
    written = [(each, subject, note) for each, subject, note in sealed if subject is not None and note is not None]
    if not written:
        return {}
    keys = await vault.keys_for(written[0][0].community_code, {subject for _, subject, _ in written})
    return {
        each.id: keys[subject].open(note, table=_TABLE, column=_COLUMN, row_id=each.id)
        for each, subject, note in written
        if subject in keys
    }


async def rework(session: AsyncSession, principal: Principal, project_id: UUID, why: str) -> Project:
    """It was not good enough: it goes on, and is inspected anew."""
    project = await repository.lock_project(session, principal, project_id)
    project.state = after(project.state, Verb.REWORK)
    project.round, project.completed_at = project.round + 1, None
    write_update(session, principal, project, why)
    return await touch(session, project)


async def accept(session: AsyncSession, vault: Vault, principal: Principal, project_id: UUID, result: str) -> Project:
    """All who inspect it find it good: every contributing request is resolved with the result, in this transaction."""
    project = await repository.lock_project(session, principal, project_id)
    state = after(project.state, Verb.ACCEPT)
    _require_all_good(await repository.list_inspections(session, project, round_=project.round))
    project.state, project.result, project.accepted_at = state, result, utc_now()
    write_update(session, principal, project, result)
    await touch(session, project)
    requests = await lock_contributing(session, project)
    resolved = await contributions.resolve(session, vault, principal, requests, detail=detail_of(project), text=result)
    await tell(session, project, ProjectAccepted, resolved_count=resolved)
    await _carry_out(session, principal, project)
    return project


def _require_all_good(inspections: Sequence[Inspection]) -> None:
    """At least somebody of the community and one of the residents, and nobody who has not found it good."""
    passed = [each for each in inspections if each.passed]
    capacities = {each.capacity for each in passed}
    is_enough = InspectorCapacity.COMMUNITY in capacities and bool(capacities & OF_RESIDENTS)
    if not is_enough or len(passed) < len(inspections):
        signed = sum(each.signed_at is not None for each in inspections)
        raise NotAccepted(named=len(inspections), signed=signed, passed=len(passed))


async def _carry_out(session: AsyncSession, principal: Principal, project: Project) -> None:
    """With its last project the resolution that opened it is carried out."""
    if project.deliberation_id is None:
        return
    deliberation = await deliberations.lock_deliberation(session, principal, project.deliberation_id)
    unfinished = await repository.has_unfinished(session, project.community_code, project.deliberation_id)
    if deliberation.carried_out_at is None and not unfinished:
        await decision.mark_carried_out(session, deliberation)
