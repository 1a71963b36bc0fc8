from typing import Annotated, Literal

from fastapi import Query, Request, Response

from services.residents.sync import feed
from services.residents.sync.auth import SyncWorker
from services.residents.sync.cursor import CursorSeal
from services.residents.sync.edits import Inbox
from services.residents.sync.schemas import MAX_LIMIT, EditBatch, EditResults, SyncPage
from shared.audit import Purpose
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/sync/residents", tags=["sync"])


@router.get("", response_model=SyncPage)
async def download(
    principal: SyncWorker,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    request: Request,
    response: Response,
    since: Annotated[str | None, Query(max_length=6000, description="`next_since` of the last page kept.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 200,
    purpose: Annotated[
        Literal[Purpose.VISIT] | None, Query(description="What is needed at the door in the clear; written down.")
    ] = None,
) -> SyncPage:
    """What changed in the worker's grids since, in order; everything without `since`."""
    response.headers["Cache-Control"] = "no-store"
    seal = CursorSeal(request.app.state.signing_key, principal, purpose)
    return await feed.next_page(session, vault, signer, principal, seal, since=since, purpose=purpose, limit=limit)


@router.post("", response_model=EditResults)
async def upload(
    principal: SyncWorker, session: Session, signer: SignerDep, request: Request, batch: EditBatch
) -> EditResults:
    """Edits made while the phone was away: each is applied, or why not is told; sent again, none is applied twice."""
    language = request.headers.get("accept-language")
    return await Inbox(session, request.app.state.keyring, signer, principal, language).apply(batch)
