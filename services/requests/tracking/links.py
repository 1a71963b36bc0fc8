"""One-time links: made, sent to the phone that the requester left, opened once, and what their holders may do."""

import hashlib
import secrets
from datetime import datetime, timedelta

from services.requests.anonymity.service import SUBJECT as ANONYMOUS
from services.requests.anonymity.service import index_code
from services.requests.moderation import public_texts
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.texts import contact_of, key_for_writing, keys_of
from services.requests.tracking import repository
from services.requests.tracking.errors import CodeWrong, LinkSpent, NotTheHolder, ReferenceUnknown
from services.requests.tracking.holders import LinkHolder
from services.requests.tracking.models import LinkState, RequestLookup, TrackingLink
from shared.auth import Role
from shared.clock import utc_now
from shared.crypto import Keyring
from shared.db import AsyncSession, set_scope
from shared.vault import Vault

LASTS = timedelta(days=30)
ASKED_A_DAY = 3
"""How many links a day the page sends for one request."""
BY_REQUESTER = "requester"


async def look_up(session: AsyncSession, text: str) -> RequestLookup:
    """The request behind a typed reference; from here on the session is of its community. ReferenceUnknown."""
    reference = REFERENCE.read(text)
    lookup = await repository.find_lookup(session, reference) if reference else None
    if lookup is None:
        raise ReferenceUnknown
    await set_scope(session, lookup.community_code)
    return lookup


async def make_link(
    session: AsyncSession, vault: Vault, request: ServiceRequest, created_by: str
) -> tuple[TrackingLink, str]:
    """A new link and its secret, which is kept nowhere; on its way to the requester's phone if they left one."""
    token, now = secrets.token_urlsafe(24), utc_now()
    link = TrackingLink(
        community_code=request.community_code,
        request_id=request.id,
        token_digest=digest(token),
        expires_at=now + LASTS,
        created_by=created_by,
        state=LinkState.HANDED_OUT,
        created_at=now,
    )
    if await phone_of(vault, request):
        key = await key_for_writing(vault, request.community_code, request.key_subject_id)
        link.state, link.next_try_at = LinkState.PENDING, now
        link.token_sealed = key.seal(token, table="tracking_link", column="token", row_id=link.id)
    session.add(link)
    await session.flush()
    return link, token


async def ask_for_link(session: AsyncSession, vault: Vault, lookup: RequestLookup, phone_end: str) -> None:
    """Send a new link if the digits are those of the phone that was left. Nobody learns whether they were."""
    request = await repository.get_request(session, lookup)
    phone = await phone_of(vault, request)
    asked = await repository.count_since(session, request, BY_REQUESTER, utc_now() - timedelta(days=1))
    if phone and secrets.compare_digest(phone[-4:], phone_end) and asked < ASKED_A_DAY:
        await make_link(session, vault, request, BY_REQUESTER)


async def open_link(session: AsyncSession, lookup: RequestLookup, token: str) -> tuple[str, datetime]:
    """The secret that lets this browser come back, and until when. LinkSpent for a link that opens no more."""
    browser, now = secrets.token_urlsafe(32), utc_now()
    until = now + LASTS
    if not await repository.open_link(session, lookup, digest(token), digest(browser), now, until):
        raise LinkSpent
    return browser, until


async def open_by_code(
    session: AsyncSession, keyring: Keyring, lookup: RequestLookup, code: str
) -> tuple[str, datetime]:
    """The same for whoever asked without being named, by the code that they were given. It opens any number of times:
    there is nobody to whom another could be sent. CodeWrong.
    """
    request = await repository.get_request(session, lookup)
    if not secrets.compare_digest(index_code(keyring, code), request.follow_up_index or b""):
        raise CodeWrong
    browser, now = secrets.token_urlsafe(32), utc_now()
    link = TrackingLink(
        community_code=request.community_code,
        request_id=request.id,
        token_digest=digest(secrets.token_urlsafe(24)),
        expires_at=now,
        opened_at=now,
        session_digest=digest(browser),
        session_until=now + LASTS,
        created_by=ANONYMOUS,
        state=LinkState.HANDED_OUT,
        created_at=now,
    )
    session.add(link)
    await session.flush()
    return browser, now + LASTS


async def find_holder(session: AsyncSession, lookup: RequestLookup, browser: str) -> LinkHolder | None:
    """Whom a browser's secret stands for; None if for nobody any more."""
    link = await repository.find_session(session, lookup, digest(browser), utc_now()) if browser else None
    if link is None:
        return None
    request = await repository.get_request(session, lookup)
    return LinkHolder(
        subject=f"link:{link.id}",
        role=Role.RESIDENT,
        area=lookup.community_code,
        person_id=request.requester_person_id or request.key_subject_id,
        request_id=request.id,
    )


async def get_holder(session: AsyncSession, lookup: RequestLookup, browser: str) -> LinkHolder:
    holder = await find_holder(session, lookup, browser)
    if holder is None:
        raise NotTheHolder
    return holder


async def phone_of(vault: Vault, request: ServiceRequest) -> str | None:
    """The phone that a caller left with their request, E.164."""
    contact = contact_of(request, await keys_of(vault, [request]))
    return contact.phone if contact else None


def digest(secret: str) -> bytes:
    """Of a secret too long to be guessed: no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()


def address(public_url: str, reference: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/r/{REFERENCE.grouped(reference)}?link={token}"


def is_shown(request: ServiceRequest, holder: LinkHolder | None) -> bool:
    return holder is not None or public_texts.is_public(request)
