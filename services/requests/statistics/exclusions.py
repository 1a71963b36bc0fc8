"""Leaving a request out of the three rates (剔除), by a head, with a reason: a decision that its history keeps.

Nothing is deleted by it: every statistic tells both numbers, with and without what was left out.
"""

from typing import Any
from uuid import UUID

from services.requests.service_requests import repository as requests
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.service import step
from services.requests.statistics.errors import AlreadyExcluded, NotExcluded
from services.requests.statistics.repository import last_exclusion
from services.requests.statistics.schemas import Exclude, Include
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.vault import Vault


async def exclude(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID, data: Exclude
) -> ServiceRequest:
    """Leave the request out; only whoever may see it, and only once."""
    request = await requests.lock_request(session, principal, request_id)
    if await is_excluded(session, request):
        raise AlreadyExcluded
    detail = {"excluded": True, "reason": data.reason.value}
    return await _decide(session, vault, signer, principal, request, text=data.text, detail=detail)


async def include(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID, data: Include
) -> ServiceRequest:
    """Let the request count again."""
    request = await requests.lock_request(session, principal, request_id)
    if not await is_excluded(session, request):
        raise NotExcluded
    return await _decide(session, vault, signer, principal, request, text=data.text, detail={"excluded": False})


async def is_excluded(session: AsyncSession, request: ServiceRequest) -> bool:
    last = await last_exclusion(session, request)
    return last is not None and bool(last.detail["excluded"])


def present(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "request_id": entry.request_id,
        "community_code": entry.community_code,
        "excluded": entry.detail["excluded"],
        "reason": entry.detail.get("reason"),
        "by": entry.actor,
        "at": entry.created_at,
    }


async def _decide(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    request: ServiceRequest,
    *,
    text: str,
    detail: dict[str, Any],
) -> ServiceRequest:
    await step(
        session, vault, principal, request, Step.EXCLUDED, text=text, visibility=Visibility.INTERNAL, detail=detail
    )
    await audit.record(
        session,
        signer,
        principal,
        community_code=request.community_code,
        action="service_requests.exclude" if detail["excluded"] else "service_requests.include",
        purpose=Purpose.STATISTICS,
        subject_type="service_request",
        subject_id=request.id,
        fields=["rates"],
    )
    return request
