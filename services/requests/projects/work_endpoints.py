"""Money, milestones, news and photos of a project."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response, status
from sqlmodel import col

from services.requests.projects import presentation, repository, service, work
from services.requests.projects.auth import ProjectsManage, ProjectsRead, ProjectsWork
from services.requests.projects.models import Milestone, PhotoStage, ProjectUpdate, Spending
from services.requests.projects.schemas import (
    FundingCreate,
    MilestoneChange,
    MilestoneCreate,
    MilestoneRead,
    PhotoRead,
    Photos,
    ProjectRead,
    ProjectUpdateRead,
    Reached,
    SpendingCreate,
    SpendingRead,
    UpdateCreate,
)
from services.requests.projects.states import Verb, after
from shared.clock import china_today
from shared.concurrency import IfMatch, etag
from shared.files import FilesDep
from shared.pagination import Page, PageRequest, paginate
from shared.photo_files import PhotoSize
from shared.photos import PHOTO_ANSWER, PHOTO_BODY, PhotoBody, as_jpeg
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/projects/{project_id}", tags=["projects"])


@router.post("/funding", response_model=ProjectRead, status_code=status.HTTP_201_CREATED)
async def add_funding(
    principal: ProjectsManage, session: Session, project_id: UUID, data: FundingCreate
) -> dict[str, Any]:
    """Somebody pays a part; the budget grows by it."""
    row = await repository.lock_project(session, principal, project_id)
    await work.add_funding(session, principal, row, data)
    return await presentation.detailed(session, principal, await service.touch(session, row))


@router.get("/spending", response_model=Page[SpendingRead])
async def list_spending(principal: ProjectsRead, session: Session, project_id: UUID, page: PageRequest) -> Page[Any]:
    """What was paid, for everybody to see; the latest first."""
    row = await repository.get_project(session, principal, project_id)
    return await paginate(
        session, repository.spending(row), order_by=[col(Spending.id).desc()], page=page, to_item=lambda line: line
    )


@router.post("/spending", response_model=SpendingRead, status_code=status.HTTP_201_CREATED)
async def spend(principal: ProjectsWork, session: Session, project_id: UUID, data: SpendingCreate) -> Spending:
    """Book what was paid, within the budget; a negative line takes an earlier one back."""
    row = await service.lock_to_work(session, principal, project_id)
    line = await work.spend(session, principal, row, data)
    await service.touch(session, row)
    return line


@router.post("/milestones", response_model=MilestoneRead, status_code=status.HTTP_201_CREATED)
async def add_milestone(
    principal: ProjectsManage, session: Session, project_id: UUID, data: MilestoneCreate
) -> dict[str, Any]:
    row = await repository.lock_project(session, principal, project_id)
    milestone = await work.add_milestone(session, row, data)
    await service.touch(session, row)
    return _shown(milestone)


@router.patch("/milestones/{milestone_id}", response_model=MilestoneRead)
async def change_milestone(
    *,
    principal: ProjectsManage,
    session: Session,
    project_id: UUID,
    milestone_id: UUID,
    data: MilestoneChange,
    version: IfMatch,
    response: Response,
) -> dict[str, Any]:
    """Another title or day, until it is reached. Its version is in the project."""
    row = await repository.lock_project(session, principal, project_id)
    milestone = await work.change_milestone(session, row, milestone_id, data, version)
    await service.touch(session, row)
    response.headers["ETag"] = etag(milestone.version)
    return _shown(milestone)


@router.post("/milestones/{milestone_id}/reach", response_model=MilestoneRead)
async def reach_milestone(
    principal: ProjectsWork, session: Session, project_id: UUID, milestone_id: UUID, data: Reached
) -> dict[str, Any]:
    """It was reached on this day: the office or the unit that builds it."""
    row = await service.lock_to_work(session, principal, project_id)
    milestone = await work.reach(session, row, milestone_id, data.reached_on)
    await service.touch(session, row)
    return _shown(milestone)


@router.get("/updates", response_model=Page[ProjectUpdateRead])
async def list_updates(principal: ProjectsRead, session: Session, project_id: UUID, page: PageRequest) -> Page[Any]:
    """How it went, the latest first."""
    row = await repository.get_project(session, principal, project_id)
    return await paginate(
        session, repository.updates(row), order_by=[col(ProjectUpdate.id).desc()], page=page, to_item=lambda line: line
    )


@router.post("/updates", response_model=ProjectUpdateRead, status_code=status.HTTP_201_CREATED)
async def add_update(principal: ProjectsWork, session: Session, project_id: UUID, data: UpdateCreate) -> ProjectUpdate:
    """Tell everybody how it goes: the office or the unit that builds it."""
    row = await service.lock_to_work(session, principal, project_id)
    after(row.state, Verb.WORK)
    row.progress = data.progress
    update = service.write_update(session, principal, row, data.words)
    await service.touch(session, row)
    return update


@router.post("/photos", response_model=PhotoRead, status_code=status.HTTP_201_CREATED, openapi_extra=PHOTO_BODY)
async def add_photo(
    *,
    principal: ProjectsWork,
    picture: PhotoBody,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    project_id: UUID,
    stage: Annotated[PhotoStage, Query(description="What it shows: before, during or after the work.")],
) -> dict[str, Any]:
    """The body is the picture itself; everybody in the community sees it."""
    row = await service.lock_to_work(session, principal, project_id)
    attachment, photo = await work.add_photo(session, vault, files, principal, row, picture, stage)
    await service.touch(session, row)
    return presentation.photo(principal, attachment, photo)


@router.get("/photos", response_model=Photos)
async def list_photos(principal: ProjectsRead, session: Session, project_id: UUID) -> dict[str, Any]:
    """Before, during and after, the oldest first."""
    row = await repository.get_project(session, principal, project_id)
    found = await repository.list_photos(session, row)
    return {"items": [presentation.photo(principal, attachment, photo) for attachment, photo in found]}


@router.get("/photos/{attachment_id}", response_class=Response, responses=PHOTO_ANSWER)
async def get_photo(
    *,
    principal: ProjectsRead,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    project_id: UUID,
    attachment_id: UUID,
    size: PhotoSize = PhotoSize.FULL,
) -> Response:
    """The picture as JPEG."""
    row = await repository.get_project(session, principal, project_id)
    return as_jpeg(await work.open_photo(session, vault, files, row, attachment_id, size))


@router.post("/photos/{attachment_id}/withdraw", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw_photo(principal: ProjectsWork, session: Session, project_id: UUID, attachment_id: UUID) -> None:
    """Take a photo back: whoever sent it, or the office. Its files are deleted within a minute."""
    row = await service.lock_to_work(session, principal, project_id)
    await work.withdraw_photo(session, principal, row, attachment_id)
    await service.touch(session, row)


def _shown(milestone: Milestone) -> dict[str, Any]:
    return presentation.shown_milestone(milestone, china_today())
