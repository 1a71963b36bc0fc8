"""Use cases of notices. They flush and never commit: the edge does."""

from uuid import UUID

from services.residents.notices import repository
from services.residents.notices.models import Delivery, Notice, NoticeKind, Recipient
from services.residents.notices.templates import TEMPLATES
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession


async def notify_person(
    session: AsyncSession, community_code: str, person_id: UUID, kind: NoticeKind, parameters: dict[str, str]
) -> Notice:
    """Put a notice into a resident's inbox, and on its way to their phone if its kind asks for that."""
    notice = Notice(community_code=community_code, person_id=person_id, kind=kind, parameters=parameters)
    session.add(notice)
    await session.flush()
    if TEMPLATES[kind].to_phone:
        session.add(
            Delivery(
                community_code=community_code,
                notice_id=notice.id,
                kind=kind,
                recipient=Recipient.PERSON,
                recipient_id=person_id,
                parameters=parameters,
            )
        )
        await session.flush()
    return notice


async def notify_desk(
    session: AsyncSession,
    community_code: str,
    kind: NoticeKind,
    parameters: dict[str, str],
    *,
    responder_id: UUID | None = None,
    for_head: bool = False,
    account: str | None = None,
) -> Notice:
    """Put a notice where the community's staff see it, or their head alone, or before the one responder or account
    named."""
    notice = Notice(
        community_code=community_code,
        responder_id=responder_id,
        for_head=for_head,
        account=account,
        kind=kind,
        parameters=parameters,
    )
    session.add(notice)
    await session.flush()
    return notice


async def message_contact(
    session: AsyncSession, community_code: str, contact_id: UUID, kind: NoticeKind, parameters: dict[str, str]
) -> Delivery:
    """Put a text on its way to a family contact's phone."""
    delivery = Delivery(
        community_code=community_code,
        kind=kind,
        recipient=Recipient.FAMILY_CONTACT,
        recipient_id=contact_id,
        parameters=parameters,
    )
    session.add(delivery)
    await session.flush()
    return delivery


async def mark_read(session: AsyncSession, principal: Principal, notice_id: UUID) -> Notice:
    """Read for the first time; reading it again changes nothing."""
    notice = await repository.get_notice(session, principal, notice_id, lock=True)
    if notice.read_at is None:
        notice.read_at = utc_now()
        notice.version += 1
        await session.flush()
    return notice
