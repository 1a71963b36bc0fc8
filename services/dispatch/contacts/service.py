"""Whom to call in a grid, for the contact cards."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.dispatch.communities.models import Community
from services.dispatch.contacts.schemas import GridContact, TeamMember
from services.dispatch.grids.models import Grid
from services.dispatch.responders import repository
from services.dispatch.responders.models import Responder, ResponderKind
from services.dispatch.responders.service import open_contact
from shared.clock import utc_now
from shared.codes import community_of
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault

TEAM = (ResponderKind.POLICE, ResponderKind.LAWYER, ResponderKind.MEDIATOR, ResponderKind.JUDICIAL_OFFICER)
"""Who stands on a team card beside the grid worker, in this order."""


People = dict[UUID, tuple[str, str]]
"""Name and phone in the clear."""


async def get_contact(session: AsyncSession, vault: Vault, grid_code: str) -> GridContact:
    contacts = await list_contacts(session, vault, [grid_code])
    if not contacts:
        raise NotFound
    return contacts[0]


async def list_contacts(session: AsyncSession, vault: Vault, grid_codes: Iterable[str]) -> list[GridContact]:
    """The contacts of these grids, by code; a card always resolves to who answers today, without being reprinted."""
    contacts: list[GridContact] = []
    codes = sorted(set(grid_codes))
    for community_code in sorted({community_of(code) for code in codes}):
        inside = [code for code in codes if community_of(code) == community_code]
        contacts += await _contacts_of(session, vault, community_code, inside)
    return contacts


async def _contacts_of(
    session: AsyncSession, vault: Vault, community_code: str, codes: Sequence[str]
) -> list[GridContact]:
    statement = (
        select(Grid)
        .where(col(Grid.community_code) == community_code, col(Grid.code).in_(codes))
        .order_by(col(Grid.code))
    )
    grids = (await session.execute(statement)).scalars().all()
    community = await session.get(Community, community_code)
    asked = [each for grid in grids for each in (grid.responder_id, grid.backup_responder_id) if each]
    present = await repository.present_at(session, community_code, asked, utc_now())
    answering = {
        grid.code: next((each for each in (grid.responder_id, grid.backup_responder_id) if each in present), None)
        for grid in grids
    }
    candidates = await repository.public_specialists(session, community_code, codes, TEAM)
    teams = {grid.code: _team_of(grid.code, candidates) for grid in grids}
    shown = {each for each in answering.values() if each} | {each.id for team in teams.values() for each in team}
    people = await _people(session, vault, community_code, shown)
    workers = {code: people[each] for code, each in answering.items() if each is not None and each in people}
    return [_contact(grid, community, workers.get(grid.code), teams[grid.code], people) for grid in grids]


def _team_of(grid_code: str, candidates: Sequence[Responder]) -> list[Responder]:
    """In the order of TEAM, one of each: absences do not matter, a card is printed for longer than a leave lasts."""
    team = []
    for kind in TEAM:
        of_kind = [each for each in candidates if each.kind is kind and each.home_grid_code in (grid_code, None)]
        team += sorted(of_kind, key=lambda each: (each.home_grid_code is None, each.id))[:1]
    return team


async def _people(
    session: AsyncSession, vault: Vault, community_code: str, ids: set[UUID]
) -> dict[UUID, tuple[str, str]]:
    statement = select(Responder).where(col(Responder.community_code) == community_code, col(Responder.id).in_(ids))
    keys = await vault.keys_for(community_code, ids)
    return {each.id: open_contact(each, keys.get(each.id)) for each in (await session.execute(statement)).scalars()}


def _contact(
    grid: Grid,
    community: Community | None,
    worker: tuple[str, str] | None,
    team: Sequence[Responder],
    people: People,
) -> GridContact:
    name, phone = worker or (None, None)
    return GridContact(
        grid_code=grid.code,
        grid_name=grid.name,
        worker_name=name,
        worker_phone=phone,
        hotline=community.hotline if community else None,
        longitude=grid.centre_longitude,
        latitude=grid.centre_latitude,
        community_code=grid.community_code,
        community_name=community.name if community else None,
        community_name_en=community.name_en if community else None,
        team=[TeamMember(role=each.kind, name=people[each.id][0], phone=people[each.id][1]) for each in team],
    )
