"""What a caller is shown of a project: nearly all is public, but not who inspected it and whose requests it answers."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.requests.attachments.endpoints import shown as shown_attachment
from services.requests.attachments.models import Attachment
from services.requests.contributions import repository as linked
from services.requests.projects import repository
from services.requests.projects.inspection import is_inspector, read_notes
from services.requests.projects.models import Inspection, Milestone, Project, ProjectPhoto
from services.requests.projects.schemas import ProjectSummary
from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal
from shared.clock import china_today
from shared.db import AsyncSession
from shared.vault import Vault

_SUMMARY = set(ProjectSummary.model_fields)
_ON_A_MAP = {"state", "title", "theme", "place", "budget_fen", "start_on", "end_on", "progress"}
_INSPECTION = {
    "id", "round", "person_id", "responder_id", "account", "capacity", "passed", "signed_at",
}  # fmt: skip


def summary(project: Project) -> dict[str, Any]:
    return project.model_dump(include=_SUMMARY)


async def detailed(session: AsyncSession, principal: Principal, project: Project) -> dict[str, Any]:
    requests = await linked.list_linked(session, repository.LINKS, project.community_code, project.id)
    milestones = await repository.list_milestones(session, project)
    inspections = await repository.list_inspections(session, project, round_=project.round)
    funding = await repository.list_funding(session, project)
    return project.model_dump(include=_SUMMARY | {"description", "result", "round"}) | {
        "funding": [each.model_dump() for each in funding],
        "milestones": [shown_milestone(each, china_today()) for each in milestones],
        "inspections": _counted(inspections),
        "request_count": len(requests),
        "request_ids": list(requests) if principal.role in OFFICE else None,
        "rating": await repository.summarise_ratings(session, project),
    }


def shown_milestone(milestone: Milestone, today: date) -> dict[str, Any]:
    return milestone.model_dump() | {"is_late": (milestone.reached_on or today) > milestone.planned_on}


def _counted(inspections: Sequence[Inspection]) -> dict[str, int]:
    return {
        "named": len(inspections),
        "passed": sum(each.passed is True for each in inspections),
        "failed": sum(each.passed is False for each in inspections),
    }


async def inspections(
    vault: Vault, principal: Principal, project: Project, rows: Sequence[Inspection]
) -> list[dict[str, Any]]:
    """All for the office and the builder; an inspector sees their own."""
    builds = principal.responder_id is not None and principal.responder_id == project.sponsor_responder_id
    sees_all = principal.role in OFFICE or builds
    shown = [each for each in rows if sees_all or is_inspector(principal, each)]
    notes = await read_notes(vault, shown)
    return [each.model_dump(include=_INSPECTION) | {"note": notes.get(each.id)} for each in shown]


def photo(principal: Principal, attachment: Attachment, stage: ProjectPhoto) -> dict[str, Any]:
    return shown_attachment(principal, attachment) | {"stage": stage.stage}


def feature(project: Project) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": project.id,
        "geometry": {"type": "Point", "coordinates": (project.longitude, project.latitude)},
        "properties": project.model_dump(mode="json", include=_ON_A_MAP),
    }
