from typing import Any

from fastapi import Depends, Request

from services.requests.anonymity import repository, service
from services.requests.anonymity.schemas import FollowUp, FollowUpAnswer, FollowUpRead
from services.requests.service_requests import presentation
from services.requests.service_requests.models import ServiceRequest
from shared.auth import PUBLIC, Principal, Role
from shared.db import AsyncSession, set_scope
from shared.routing import Router
from shared.sessions import PublicSession
from shared.vault import Vault

router = Router(prefix="/v1/public/anonymous-requests", tags=["anonymous requests"])

_SHOWN = 100


@router.post("/read", response_model=FollowUpRead, dependencies=[Depends(PUBLIC)])
async def read_anonymous_request(session: PublicSession, data: FollowUp, request: Request) -> dict[str, Any]:
    """How an anonymous request goes, for whoever holds the code that was given when it was submitted."""
    await set_scope(session, data.community_code)
    vault = Vault(session, request.app.state.keyring)
    row = await repository.get_by_code(session, data.community_code, service.index_code(vault.keyring, data.code))
    return await _shown(session, vault, row)


@router.post("/answer", response_model=FollowUpRead, dependencies=[Depends(PUBLIC)])
async def answer_anonymously(session: PublicSession, data: FollowUpAnswer, request: Request) -> dict[str, Any]:
    """Add something, or answer what the office has asked."""
    await set_scope(session, data.community_code)
    vault = Vault(session, request.app.state.keyring)
    return await _shown(session, vault, await service.answer(session, vault, data.community_code, data.code, data.text))


async def _shown(session: AsyncSession, vault: Vault, row: ServiceRequest) -> dict[str, Any]:
    reader = Principal(subject=service.SUBJECT, role=Role.RESIDENT, area=row.community_code)
    entries = await repository.newest_lines(session, row, _SHOWN)
    return {
        "state": row.state,
        "category": row.category_code,
        "accept_by": row.accept_by,
        "respond_by": row.respond_by,
        "resolve_by": row.resolve_by,
        "waiting_since": row.paused_at,
        "created_at": row.created_at,
        "updates": await presentation.updates(vault, reader, entries),
    }
