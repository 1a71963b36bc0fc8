"""Links leave for phones: at least once each, under a reference by which the messaging gateway knows a repetition."""

import asyncio
from datetime import timedelta

import structlog

from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.references import REFERENCE
from services.requests.tracking import repository
from services.requests.tracking.links import LASTS, address, phone_of
from services.requests.tracking.models import LinkState, TrackingLink
from shared.clock import utc_now
from shared.crypto import Keyring, Tampered
from shared.db import AsyncSession
from shared.sender import Sender, SendFailed
from shared.timers import HOURLY, Timer
from shared.vault import Vault

BATCH = 20
"""Sent side by side within one transaction, which the sender's own time-out keeps to a few seconds."""
RETRY_SECONDS = (5, 15, 60, 300, 900, 3600)
FORGOTTEN_AT_ONCE = 500

log = structlog.get_logger(__name__)


def tracking_timers(keyring: Keyring, sender: Sender, public_url: str) -> list[Timer]:
    async def send(session: AsyncSession) -> int:
        return await send_due(session, Vault(session, keyring), sender, public_url)

    return [
        Timer("send_tracking_links", timedelta(seconds=2), send),
        Timer("forget_tracking_links", HOURLY, forget_old),
    ]


async def send_due(session: AsyncSession, vault: Vault, sender: Sender, public_url: str) -> int:
    """Send what is due. A crash before the commit sends again under the same reference."""
    due = await repository.lock_due(session, utc_now(), BATCH)
    messages = [await _message(session, vault, link, public_url) for link in due]
    states = await asyncio.gather(*(_send(sender, *each) for each in zip(due, messages, strict=True)))
    for link, state in zip(due, states, strict=True):
        _note(link, state)
    await session.flush()
    return len(due)


async def forget_old(session: AsyncSession) -> int:
    """Links that can be used no more are deleted."""
    now = utc_now()
    return await repository.forget_old(session, now, now - LASTS, FORGOTTEN_AT_ONCE)


async def _message(session: AsyncSession, vault: Vault, link: TrackingLink, public_url: str) -> tuple[str, str] | None:
    """Phone and text; None if the requester was erased or what they left is damaged."""
    request = await session.get_one(ServiceRequest, (link.community_code, link.request_id))
    try:
        phone, key = await phone_of(vault, request), await vault.find_key(link.community_code, request.key_subject_id)
        if phone is None or key is None or link.token_sealed is None:
            return None
        token = key.open(link.token_sealed, table="tracking_link", column="token", row_id=link.id)
    except Tampered:
        log.error("link_unreadable", link_id=str(link.id))
        return None
    url = address(public_url, request.reference, token)
    return phone, (
        f"您的诉求 {REFERENCE.grouped(request.reference)} 的办理进展: {url} (30 天内有效, 只能打开一次, 请勿转发) "
        f"How your request stands: {url} (opens once, within 30 days; do not pass it on)"
    )


async def _send(sender: Sender, link: TrackingLink, message: tuple[str, str] | None) -> LinkState:
    if message is None:
        return LinkState.FAILED
    phone, text = message
    try:
        await sender.send(phone, text, kind="tracking-link", reference=str(link.id))
    except SendFailed as failure:
        again = failure.retryable and link.attempts < len(RETRY_SECONDS)
        return LinkState.PENDING if again else LinkState.FAILED
    return LinkState.SENT


def _note(link: TrackingLink, state: LinkState) -> None:
    link.state = state
    if state is LinkState.PENDING:
        link.next_try_at = utc_now() + timedelta(seconds=RETRY_SECONDS[link.attempts])
    else:
        link.next_try_at = link.token_sealed = None
    link.attempts += 1
