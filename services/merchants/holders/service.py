"""Under which pseudonym a person's uses count, also after two records of theirs were merged."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from services.merchants.holders import repository
from services.merchants.holders.models import SameHolder
from shared.consumer import Handler
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class Merged(Payload):
    merge_id: UUID
    person_id: UUID
    """The record that is kept."""
    merged_person_id: UUID


def holder_of(keyring: Keyring, person_id: UUID) -> bytes:
    """The pseudonym under which a person's uses are counted; without the index key it leads to nobody."""
    return keyring.blind_index("holder", str(person_id))


async def holder_now(session: AsyncSession, community_code: str, holder: bytes, *, hold: bool = False) -> bytes:
    """The pseudonym that this one became, if it was merged. `hold`: and it stays that until the transaction ends."""
    while True:
        if hold:
            await repository.share(session, holder)
        kept = await repository.find_kept(session, community_code, holder)
        if kept is None:
            return holder
        holder = kept


def follow_merged(keyring: Keyring) -> Handler:
    """Handler of `residents.person_merged.v1`. Heard after its own undoing, it moves nothing."""
    return _of_two(keyring, _merge)


def follow_merge_undone(keyring: Keyring) -> Handler:
    """Handler of `residents.person_merge_undone.v1`. Heard first, it is remembered."""
    return _of_two(keyring, _undo)


def _of_two(keyring: Keyring, follow: Callable[[AsyncSession, SameHolder], Awaitable[None]]) -> Handler:
    async def handle(session: AsyncSession, envelope: Envelope) -> None:
        event = Merged.model_validate(envelope.data)
        kept, merged = (holder_of(keyring, each) for each in (event.person_id, event.merged_person_id))
        for holder in (merged, kept):  # as a reservation does that comes by way of the merged one
            await repository.hold(session, holder)
        same = SameHolder(community_code=envelope.community, merge_id=event.merge_id, kept=kept, merged=merged)
        await follow(session, same)

    return handle


async def _merge(session: AsyncSession, same: SameHolder) -> None:
    if await repository.lock_merge(session, same.community_code, same.merge_id) is not None:
        return
    same.moved = await repository.move_redemptions(session, same.community_code, same.merged, same.kept)
    session.add(same)
    await session.flush()


async def _undo(session: AsyncSession, same: SameHolder) -> None:
    known = await repository.lock_merge(session, same.community_code, same.merge_id)
    if known is None:
        same.is_undone = True
        session.add(same)
    elif not known.is_undone:
        known.is_undone = True
        await repository.move_redemptions(session, same.community_code, same.kept, same.merged, known.moved)
    await session.flush()
