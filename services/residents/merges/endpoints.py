"""A person's merges, and where the ids of merged records lead."""

from uuid import UUID

from fastapi import Response
from starlette.requests import Request

from services.residents.duplicates.auth import DuplicatesDecide
from services.residents.merges import service
from services.residents.merges.errors import PersonWasMerged
from services.residents.merges.schemas import MergeRead
from services.residents.people import repository as people
from shared.errors import render
from shared.files import FilesDep
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/people/{person_id}/merges", tags=["duplicates"])


@router.get("", response_model=list[MergeRead])
async def list_merges(principal: DuplicatesDecide, session: Session, person_id: UUID) -> list[MergeRead]:
    """Every record that became this one, in order; also what was undone."""
    person, _ = await people.get_person(session, principal, person_id)
    return [MergeRead.model_validate(merge) for merge in await service.show_merges(session, person)]


@router.post("/{merge_id}/undo", response_model=MergeRead)
async def undo_merge(
    principal: DuplicatesDecide,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    person_id: UUID,
    merge_id: UUID,
) -> MergeRead:
    """They are two people after all; both records are again what they were."""
    merge = await service.undo_merge(session, vault, files, signer, principal, person_id, merge_id)
    return MergeRead.model_validate(merge)


async def lead_to_kept(request: Request, problem: Exception) -> Response:
    """The same path of the record that was kept. Temporary and not to be remembered: a merge can be undone."""
    assert isinstance(problem, PersonWasMerged)
    path = request.url.path.replace(str(problem.person_id), str(problem.kept_id))
    query = f"?{request.url.query}" if request.url.query else ""
    problem.headers = {"Location": path + query, "Cache-Control": "no-store"}
    return render(problem, request.headers.get("accept-language"))
