from services.residents.contact_cards.service import follow_households
from services.residents.events import HouseholdMoved
from services.residents.households import repository
from services.residents.locks import Lock, hold
from shared import outbox
from shared.db import AsyncSession
from shared.envelope import Envelope
from shared.grid_directory import keep_published_grid


async def follow_published_grid(session: AsyncSession, envelope: Envelope) -> None:
    """`dispatch.grid_published.v1`: keep the address table; move households, and their cards, whose grid changed."""
    community_code = envelope.community
    await hold(session, Lock.ADDRESSES, community_code)
    await keep_published_grid(session, envelope)
    await outbox.add_many(
        session,
        [
            outbox.row(
                HouseholdMoved(household_id=household_id, grid_code=grid_code),
                community_code=community_code,
                subject=f"households/{household_id}",
                version=version,
            )
            for household_id, grid_code, version in await repository.follow_addresses(session, community_code)
        ],
    )
    await follow_households(session, community_code)
