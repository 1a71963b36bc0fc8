"""What is added to a project that is locked: money, milestones, news, photos. Each checks what its verb needs."""

from datetime import date, timedelta
from uuid import UUID

from services.requests.attachments.models import Attachment, SubjectType
from services.requests.attachments.service import Owner, get_attachment, keep_picture, open_picture
from services.requests.projects import repository
from services.requests.projects.errors import BudgetExceeded, MilestoneReached, NothingSpent
from services.requests.projects.models import Funding, Milestone, PhotoStage, Project, ProjectPhoto, Spending
from services.requests.projects.schemas import FundingCreate, MilestoneChange, MilestoneCreate, SpendingCreate
from services.requests.projects.states import Verb, after
from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import Forbidden, invalid
from shared.files import FileStore
from shared.photo_files import PhotoSize
from shared.photos import CleanPhoto
from shared.vault import Vault


async def add_funding(session: AsyncSession, principal: Principal, project: Project, data: FundingCreate) -> Funding:
    """Somebody pays a part; the budget is the sum of the parts."""
    after(project.state, Verb.PLAN)
    funding = Funding(
        community_code=project.community_code,
        project_id=project.id,
        created_by=principal.subject,
        **data.model_dump(),
    )
    session.add(funding)
    project.budget_fen += data.amount_fen
    await session.flush()
    return funding


async def spend(session: AsyncSession, principal: Principal, project: Project, data: SpendingCreate) -> Spending:
    """Book what was paid. Never more than the budget, never less than nothing."""
    after(project.state, Verb.SETTLE)
    left = project.budget_fen - project.spent_fen
    if data.amount_fen > left:
        raise BudgetExceeded(left_fen=left)
    if project.spent_fen + data.amount_fen < 0:
        raise NothingSpent
    line = Spending(
        community_code=project.community_code,
        project_id=project.id,
        created_by=principal.subject,
        **data.model_dump(),
    )
    session.add(line)
    project.spent_fen += data.amount_fen
    await session.flush()
    return line


async def add_milestone(session: AsyncSession, project: Project, data: MilestoneCreate) -> Milestone:
    after(project.state, Verb.PLAN)
    milestone = Milestone(
        community_code=project.community_code,
        project_id=project.id,
        warn_on=data.planned_on + timedelta(days=1),
        **data.model_dump(),
    )
    session.add(milestone)
    await session.flush()
    return milestone


async def change_milestone(
    session: AsyncSession, project: Project, milestone_id: UUID, data: MilestoneChange, version: int
) -> Milestone:
    """Another title or day. A new day is a new promise: its delay is told anew."""
    after(project.state, Verb.PLAN)
    milestone = await repository.get_milestone(session, project, milestone_id)
    check_version(milestone.version, version)
    if milestone.reached_on is not None:
        raise MilestoneReached
    for name in data.model_fields_set:
        setattr(milestone, name, getattr(data, name))
    if data.planned_on is not None:
        milestone.warn_on = data.planned_on + timedelta(days=1)
    milestone.version += 1
    await session.flush()
    return milestone


async def reach(session: AsyncSession, project: Project, milestone_id: UUID, on: date) -> Milestone:
    after(project.state, Verb.WORK)
    milestone = await repository.get_milestone(session, project, milestone_id)
    if milestone.reached_on is not None:
        raise MilestoneReached
    if on > china_today():
        raise invalid("/reached_on", "range", "日期不能晚于今天", "It cannot lie in the future")
    milestone.reached_on, milestone.warn_on = on, None
    milestone.version += 1
    await session.flush()
    return milestone


async def add_photo(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    project: Project,
    picture: CleanPhoto,
    stage: PhotoStage,
) -> tuple[Attachment, ProjectPhoto]:
    """Show what it was like before, is like during, and has become after; residents see it."""
    attachment = await keep_picture(session, vault, files, principal, owner_of(project), picture)
    photo = ProjectPhoto(
        community_code=project.community_code, attachment_id=attachment.id, project_id=project.id, stage=stage
    )
    session.add(photo)
    await session.flush()
    return attachment, photo


async def open_photo(
    session: AsyncSession, vault: Vault, files: FileStore, project: Project, attachment_id: UUID, size: PhotoSize
) -> bytes:
    attachment = await get_attachment(session, owner_of(project), attachment_id, internal=False)
    return await open_picture(vault, files, attachment, size)


async def withdraw_photo(session: AsyncSession, principal: Principal, project: Project, attachment_id: UUID) -> None:
    """Take back what one sent oneself. The office takes back any: residents see a face or a number plate in it."""
    attachment = await get_attachment(session, owner_of(project), attachment_id, internal=False)
    if principal.role not in OFFICE and attachment.created_by != principal.subject:
        raise Forbidden
    attachment.withdrawn_at = utc_now()


def owner_of(project: Project) -> Owner:
    return Owner(project.community_code, SubjectType.PROJECT, project.id, project.id)
