"""Texts leave for phones: at least once each, under a reference by which the messaging gateway knows a repetition."""

import asyncio
from datetime import timedelta

import structlog

from services.residents.found_persons.links import address_in
from services.residents.notices import repository
from services.residents.notices.models import Delivery, DeliveryState, Recipient
from services.residents.notices.templates import render
from services.residents.people.records import open_contact, open_person
from shared.clock import utc_now
from shared.crypto import Keyring, Tampered
from shared.db import AsyncSession
from shared.sender import Sender, SendFailed
from shared.timers import Timer
from shared.vault import Vault

log = structlog.get_logger(__name__)

BATCH = 20
"""Sent side by side within one transaction, which the sender's own time-out keeps to a few seconds."""
RETRY_SECONDS = (5, 15, 60, 300, 900, 1800, 3600)
GIVE_UP_AFTER = timedelta(days=1)


def delivery_timer(keyring: Keyring, sender: Sender, public_url: str) -> Timer:
    async def sweep(session: AsyncSession) -> int:
        return await send_due(session, Vault(session, keyring), sender, public_url)

    return Timer("deliver_notices", timedelta(seconds=1), sweep)


async def send_due(session: AsyncSession, vault: Vault, sender: Sender, public_url: str) -> int:
    """Send what is due, in batches. A crash before the commit sends again under the same reference."""
    due = await repository.lock_due(session, utc_now(), BATCH)
    phones = [await _find_phone(session, vault, delivery) for delivery in due]
    links = [await address_in(session, vault, delivery, public_url) for delivery in due]
    outcomes = await asyncio.gather(*(_send(sender, *each) for each in zip(due, phones, links, strict=True)))
    for delivery, state in zip(due, outcomes, strict=True):
        _note(delivery, state)
    await session.flush()
    return len(due)


async def _find_phone(session: AsyncSession, vault: Vault, delivery: Delivery) -> str | None:
    """The recipient's phone as it is now; None if there is none, or its ciphertext is damaged."""
    code = delivery.community_code
    try:
        if delivery.recipient is Recipient.PERSON:
            person = await repository.find_person(session, code, delivery.recipient_id)
            key = await vault.find_key(code, person.id) if person else None
            return open_person(key, person, ("phone",)).phone if person and key else None
        contact = await repository.find_contact(session, code, delivery.recipient_id)
        key = await vault.find_key(code, contact.person_id) if contact else None
        return open_contact(key, contact).phone if contact and key else None
    except Tampered:
        log.error("phone_unreadable", delivery_id=str(delivery.id))
        return None


async def _send(sender: Sender, delivery: Delivery, phone: str | None, link: str | None) -> DeliveryState:
    if phone is None or link is None:
        return DeliveryState.UNDELIVERABLE
    _title, text = render(delivery.kind, delivery.parameters, "zh", link=link)
    try:
        await sender.send(phone, text, kind=delivery.kind.replace("_", "-"), reference=str(delivery.id))
    except SendFailed as failure:
        return DeliveryState.PENDING if failure.retryable else DeliveryState.FAILED
    return DeliveryState.SENT


def _note(delivery: Delivery, state: DeliveryState) -> None:
    now = utc_now()
    delivery.attempts += 1
    if state is DeliveryState.PENDING and now - delivery.created_at >= GIVE_UP_AFTER:
        state = DeliveryState.FAILED
    if state is DeliveryState.PENDING:
        wait = RETRY_SECONDS[min(delivery.attempts, len(RETRY_SECONDS)) - 1]
        delivery.due_at = now + timedelta(seconds=wait)
    if state is DeliveryState.SENT:
        delivery.sent_at = now
    if state is DeliveryState.FAILED:
        log.error("delivery_failed", delivery_id=str(delivery.id), attempts=delivery.attempts)
    delivery.state = state
