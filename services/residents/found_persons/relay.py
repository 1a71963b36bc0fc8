"""Messages between finder, family and community through the case. Numbers are taken out before anything is kept."""

from datetime import timedelta
from uuid import UUID

from services.residents.found_persons import links, relay_repository, repository, trail
from services.residents.found_persons.errors import RelayClosed
from services.residents.found_persons.models import FoundPerson
from services.residents.found_persons.parties import Party
from services.residents.found_persons.phones import mask_numbers
from services.residents.found_persons.reading import openable, write_down
from services.residents.found_persons.relay_models import FoundMessage, Side
from services.residents.found_persons.relay_schemas import (
    FamilyState,
    FamilyView,
    MessageRead,
    Messages,
    MessageSent,
)
from services.residents.found_persons.sealing import key_of, open_content, open_note, seal_content
from services.residents.found_persons.states import OPEN, TRANSITIONS, CaseState, Verb
from services.residents.notices import repository as notices_repository
from services.residents.notices import service as notices
from services.residents.notices.models import NoticeKind
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import DataKey, Signer
from shared.db import AsyncSession
from shared.ids import new_id
from shared.limits import TooManyRequests
from shared.vault import Vault

MOST, WITHIN = 10, timedelta(minutes=10)
"""So many messages of one finder or one family contact in so long."""
WRITABLE = TRANSITIONS[Verb.WRITE].sources
_TABLE = FoundMessage.__tablename__


async def write_as_party(session: AsyncSession, vault: Vault, party: Party, text: str) -> MessageSent:
    """A finder or a family writes; the caller holds the case. Raises RelayClosed, TooManyRequests."""
    case = party.case
    if case.state not in WRITABLE:
        raise RelayClosed
    report_id, link_id = party.report_id, party.link_id
    since = utc_now() - WITHIN
    if await relay_repository.count_since(session, case, since, report_id=report_id, link_id=link_id) >= MOST:
        raise TooManyRequests(int(WITHIN.total_seconds()), {})
    sent = await _write(session, vault, case, party.side, text, report_id=report_id, link_id=link_id)
    await _tell_community(session, case)
    if party.side is Side.FINDER:
        await links.text_news(session, case)
    return sent


async def write_as_community(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, text: str
) -> MessageSent:
    """Whoever looks after the case writes to finder and family; neither learns who it was."""
    case = await repository.get_case(session, principal, case_id, lock=True)
    if case.state not in WRITABLE:
        raise RelayClosed
    sent = await _write(session, vault, case, Side.COMMUNITY, text, actor=principal.subject)
    await links.text_news(session, case)
    return sent


async def read_as_party(session: AsyncSession, vault: Vault, party: Party) -> Messages:
    """The thread as one side sees it: roles, and no message of a family that was called by mistake."""
    case = party.case
    if case.state not in WRITABLE:
        return Messages(items=[], is_open=False)
    rows = await relay_repository.messages_of(session, case, of_this_family=True)
    key = await key_of(vault, case)
    return Messages(items=[_read(key, row, is_mine=party.wrote(row)) for row in rows], is_open=True)


async def read_as_community(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, case_id: UUID, after: UUID | None
) -> Messages:
    """The whole thread, or what came after one message. Written down whenever something is shown."""
    case = await openable(session, principal, case_id)
    rows = await relay_repository.messages_of(session, case, of_this_family=False, after=after)
    is_open = case.state in WRITABLE
    if not rows:
        return Messages(items=[], is_open=is_open)
    key = await key_of(vault, case)
    await write_down(session, signer, principal, case, "found_person", case.id, ["messages"])
    items = [_read(key, row, is_mine=row.actor == principal.subject) for row in rows]
    return Messages(items=items, is_open=is_open)


async def show_family(session: AsyncSession, vault: Vault, party: Party) -> FamilyView:
    """What the family reads first. Looking at it shows that the text has arrived."""
    case, link = party.case, party.link
    assert link is not None
    if link.opened_at is None:
        await relay_repository.note_opened(session, link, utc_now())
    view = FamilyView(state=_family_state(case), meeting_place=None, meeting_at=None, is_open=case.state in WRITABLE)
    meeting = await trail.find_meeting(session, case) if case.state in OPEN else None
    if meeting is not None:
        view.meeting_place = open_note(await key_of(vault, case), meeting).get("place")
        view.meeting_at = trail.meeting_time(meeting)
    return view


def _family_state(case: FoundPerson) -> FamilyState:
    match case.state:
        case CaseState.HANDED_OVER | CaseState.CLOSED:
            return FamilyState.SAFE
        case CaseState.UNFOUNDED:
            return FamilyState.ENDED
    return FamilyState.LOOKED_AFTER


async def _write(
    session: AsyncSession,
    vault: Vault,
    case: FoundPerson,
    side: Side,
    text: str,
    *,
    report_id: UUID | None = None,
    link_id: UUID | None = None,
    actor: str | None = None,
) -> MessageSent:
    told, message_id = mask_numbers(text), new_id()
    message = FoundMessage(
        id=message_id,
        community_code=case.community_code,
        found_person_id=case.id,
        side=side,
        report_id=report_id,
        link_id=link_id,
        actor=actor,
        content=seal_content(await key_of(vault, case), _TABLE, message_id, {"text": told}),
    )
    session.add(message)
    repository.touch(case)
    await session.flush()
    return MessageSent(id=message_id, side=side, is_mine=True, text=told, at=message.created_at, is_masked=told != text)


def _read(key: DataKey, row: FoundMessage, *, is_mine: bool) -> MessageRead:
    text = open_content(key, _TABLE, row.id, row.content)["text"]
    return MessageRead(id=row.id, side=row.side, is_mine=is_mine, text=text, at=row.created_at)


async def _tell_community(session: AsyncSession, case: FoundPerson) -> None:
    """A notice to everybody who was sent, else to the duty desk: one each, until it is read."""
    kind = NoticeKind.FOUND_PERSON_MESSAGE
    for responder_id in await relay_repository.who_is_sent(session, case) or [None]:
        if not await notices_repository.is_told(session, case.community_code, kind, case.id, responder_id):
            parameters = {"found_person_id": str(case.id)}
            await notices.notify_desk(session, case.community_code, kind, parameters, responder_id=responder_id)
