"""Use cases against the abuse of intake. They flush and never commit: the edge does."""

from typing import Any
from uuid import UUID

from services.requests.abuse import repository
from services.requests.abuse.errors import AlreadyFlagged, FlagLifted, NobodyToFlag
from services.requests.abuse.limits import FLAGS_COUNT_FOR
from services.requests.abuse.models import AbuseFlag, AbuseReason
from services.requests.service_requests.models import Step, Visibility
from services.requests.service_requests.repository import lock_request
from services.requests.service_requests.service import step
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession, columns_of
from shared.vault import Vault


async def flag_abuse(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID, reason: AbuseReason
) -> AbuseFlag:
    """Hold a request for an abuse. The third within 30 days stops further requests of whoever submitted it."""
    request = await lock_request(session, principal, request_id)
    if await repository.find_of_request(session, request) is not None:
        raise AlreadyFlagged
    if request.requester_person_id is None and request.requester_phone_index is None:
        raise NobodyToFlag
    flag = AbuseFlag(
        community_code=request.community_code,
        request_id=request.id,
        reason=reason,
        flagged_by=principal.subject,
    )
    session.add(flag)
    detail = {"abuse": reason.value}
    await step(session, vault, principal, request, Step.NOTE, visibility=Visibility.INTERNAL, detail=detail)
    await _audit(session, signer, principal, flag, "abuse_flags.flag")
    return flag


async def lift_flag(session: AsyncSession, signer: Signer, principal: Principal, flag_id: UUID) -> AbuseFlag:
    """Take a flag back: it counts no more from now on."""
    flag = await repository.lock_flag(session, principal, flag_id)
    if flag.lifted_at is not None:
        raise FlagLifted
    flag.lifted_at, flag.lifted_by = utc_now(), principal.subject
    flag.version += 1
    await session.flush()
    await _audit(session, signer, principal, flag, "abuse_flags.lift")
    return flag


def present(flag: AbuseFlag) -> dict[str, Any]:
    return columns_of(flag) | {"counts_until": flag.created_at + FLAGS_COUNT_FOR}


async def _audit(session: AsyncSession, signer: Signer, principal: Principal, flag: AbuseFlag, action: str) -> None:
    await audit.record(
        session,
        signer,
        principal,
        community_code=flag.community_code,
        action=action,
        purpose=Purpose.OVERSIGHT,
        subject_type="service_request",
        subject_id=flag.request_id,
        detail={"reason": flag.reason.value},
    )
