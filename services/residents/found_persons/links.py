"""The family's page: one random address per contact, sent to their phone, kept sealed, known by its digest."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from services.residents.found_persons import relay_repository
from services.residents.found_persons.models import FoundPerson
from services.residents.found_persons.relay_models import FamilyLink
from services.residents.found_persons.sealing import key_of
from services.residents.notices import service as notices
from services.residents.notices.models import Delivery, NoticeKind
from services.residents.people.models import FamilyContact
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.ids import new_id
from shared.vault import Vault

TEXT_INTERVAL = timedelta(minutes=10)
"""At most one text about news in so long to one contact."""


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def give_link(session: AsyncSession, vault: Vault, case: FoundPerson, contact: FamilyContact) -> FamilyLink:
    """The contact's link to this case, made at the first text; the caller holds the case."""
    known = await relay_repository.find_link_of(session, case, contact.id)
    if known is not None:
        return known
    token = secrets.token_urlsafe(16)
    link_id = new_id()
    key = await key_of(vault, case)
    link = FamilyLink(
        id=link_id,
        community_code=case.community_code,
        found_person_id=case.id,
        person_id=contact.person_id,
        contact_id=contact.id,
        token=key.seal(token, table=FamilyLink.__tablename__, column="token", row_id=link_id),
        digest=digest_of(token),
    )
    session.add(link)
    await session.flush()
    return link


async def text_family(session: AsyncSession, case: FoundPerson, link: FamilyLink, kind: NoticeKind) -> UUID:
    """Put a text with the link on its way; returns the delivery's id. The address is opened when it is sent."""
    parameters = {"found_person_id": str(case.id), "link_id": str(link.id)}
    delivery = await notices.message_contact(session, case.community_code, link.contact_id, kind, parameters)
    link.texted_at = utc_now()
    await session.flush()
    return delivery.id


async def text_news(session: AsyncSession, case: FoundPerson) -> None:
    """Tell every contact who has a link that there is news, unless they were told a moment ago."""
    for link in await relay_repository.lock_links(session, case):
        if link.texted_at is None or link.texted_at <= utc_now() - TEXT_INTERVAL:
            await text_family(session, case, link, NoticeKind.FOUND_PERSON_FAMILY_NEWS)


async def address_in(session: AsyncSession, vault: Vault, delivery: Delivery, public_url: str) -> str | None:
    """The page that a text must name: empty if it names none, None if it holds no longer."""
    link_id = delivery.parameters.get("link_id")
    if link_id is None:
        return ""
    link = await session.get(FamilyLink, (delivery.community_code, UUID(link_id)))
    key = await vault.find_key(delivery.community_code, link.found_person_id) if link else None
    if link is None or link.token is None or key is None:
        return None
    token = key.open(link.token, table=FamilyLink.__tablename__, column="token", row_id=link.id)
    return f"{public_url.rstrip('/')}/f/{delivery.community_code}.{token}"
