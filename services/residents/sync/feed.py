"""The next page for a phone: what it must forget first, then what changed, grid by grid."""

from collections.abc import Sequence
from dataclasses import replace

from services.residents.sync import content, repository
from services.residents.sync.cursor import Cursor, CursorSeal, Position, Round
from services.residents.sync.errors import SyncExpired
from services.residents.sync.models import CopyKind
from services.residents.sync.repository import Change
from services.residents.sync.schemas import HouseholdCopy, PersonCopy, SyncItem, SyncPage
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.vault import Vault


async def next_page(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    seal: CursorSeal,
    *,
    since: str | None,
    purpose: Purpose | None,
    limit: int,
) -> SyncPage:
    """What the worker's phone has to keep or forget next; without `since` the first of everything.

    With a purpose people are in the clear, and each of them is written down. Raises CursorInvalid, SyncExpired.
    """
    community_code = principal.community_code
    answered = frozenset(principal.grids)
    cursor = await _opened(session, community_code, seal, since)
    lost = cursor.grids - answered
    cursor, page = await _collect(session, community_code, cursor.without(lost), answered, limit)
    shown = await _Shown.of(session, vault, community_code, page, purpose)
    if purpose is not None:
        await audit.record_many(
            session,
            signer,
            principal,
            community_code=community_code,
            action="sync.deliver",
            purpose=purpose,
            subject_type="person",
            subject_ids=[person_id for _, person_id in shown.people],
            fields=content.AT_THE_DOOR,
        )
    forgotten = [SyncItem(kind="grid", grid_code=grid, id=None, is_removed=True) for grid in sorted(lost)]
    return SyncPage(
        items=forgotten + [shown.item(change) for change in page],
        next_since=seal.seal(cursor),
        has_more=cursor.round is not None,
    )


async def _opened(session: AsyncSession, community_code: str, seal: CursorSeal, since: str | None) -> Cursor:
    epoch = await repository.current_epoch(session, community_code)
    if since is None:
        return Cursor(epoch)
    cursor = seal.open(since)
    cursor.check(epoch, utc_now())
    return cursor


async def _collect(
    session: AsyncSession, community_code: str, cursor: Cursor, answered: frozenset[str], limit: int
) -> tuple[Cursor, list[Change]]:
    """Up to `limit` changes, and where they end. A round that was interrupted is followed by one of this moment."""
    page: list[Change] = []
    is_of_now = False
    while cursor.round is not None or not is_of_now:
        if cursor.round is None:
            cursor, is_of_now = await _begin(session, cursor, answered), True
        room = limit - len(page)
        found = await repository.changes(session, community_code, cursor, room + 1)
        page += found[:room]
        if len(found) > room:
            return _stopped_at(cursor, page[-1] if room else None), page
        cursor = cursor.completed()
    return cursor, page


async def _begin(session: AsyncSession, cursor: Cursor, answered: frozenset[str]) -> Cursor:
    """A round until now. Grids that the worker has gained since the last one are copied whole."""
    moment = await repository.this_moment(session)
    if cursor.seen.xmax > moment.xmax:
        raise SyncExpired  # the copy saw what has not happened here: an older state of the disk was put back
    return replace(cursor, round=Round(moment, utc_now(), gained=tuple(sorted(answered - cursor.grids))))


def _stopped_at(cursor: Cursor, last: Change | None) -> Cursor:
    """`last` is what was delivered of the round; None: nothing yet."""
    assert cursor.round is not None
    if last is None:
        return cursor
    position = Position(last.grid_code, last.changed_xid, last.kind, last.entity_id)
    return replace(cursor, round=replace(cursor.round, position=position))


class _Shown:
    """The content of a page, by grid and id."""

    def __init__(
        self, households: dict[content.Placed, HouseholdCopy], people: dict[content.Placed, PersonCopy]
    ) -> None:
        self.households = households
        self.people = people

    @classmethod
    async def of(
        cls,
        session: AsyncSession,
        vault: Vault,
        community_code: str,
        page: Sequence[Change],
        purpose: Purpose | None,
    ) -> "_Shown":
        live = [change for change in page if not change.is_removed]
        wanted = {(change.grid_code, change.entity_id) for change in live}
        ids = {kind: [change.entity_id for change in live if change.kind is kind] for kind in CopyKind}
        found = await content.households(session, vault, community_code, ids[CopyKind.HOUSEHOLD])
        others = await content.people(session, vault, community_code, ids[CopyKind.PERSON], purpose)
        return cls(
            {placed: copy for placed, copy in found.items() if placed in wanted},
            {placed: copy for placed, copy in others.items() if placed in wanted},
        )

    def item(self, change: Change) -> SyncItem:
        """What left its grid since the page was chosen is removed from it: its new grid's worker is told of it."""
        placed = (change.grid_code, change.entity_id)
        household, person = self.households.get(placed), self.people.get(placed)
        return SyncItem(
            kind=change.kind.value,
            grid_code=change.grid_code,
            id=change.entity_id,
            is_removed=household is None and person is None,
            household=household,
            person=person,
        )
