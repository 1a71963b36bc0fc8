"""Which addresses there are, and refusing those that there are not."""

from collections.abc import Iterable
from itertools import groupby

from services.residents.addresses import repository
from services.residents.addresses.nearest import Place, nearest_places
from services.residents.addresses.schemas import BuildingRead, CompoundRead, UnitRead
from services.residents.households.errors import AddressUnknown
from shared.auth import Principal
from shared.db import AsyncSession


async def list_addresses(session: AsyncSession, principal: Principal, compound: str | None) -> list[CompoundRead]:
    """Compounds, their buildings and entrances, with households where any are registered at a place or in its units."""
    grids = {line.place: line.grid_code for line in await repository.lines(session, principal, compound)}
    counts = await repository.count_households(session, principal, compound)
    units = [
        (place, UnitRead(unit=place.unit, grid_code=_grid_of(place, grids), households=counts.get(place, 0)))
        for place in sorted(grids.keys() | counts.keys())
    ]
    return [
        CompoundRead(compound=name, buildings=_buildings(group))
        for name, group in groupby(units, key=lambda pair: pair[0].compound)
    ]


async def require_known(session: AsyncSession, community_code: str, meant: Place) -> None:
    """AddressUnknown, naming the nearest places, where the community has an address table without this place.

    Without a table any address will do: a registry may be older than its grids.
    """
    places = await repository.places_like(session, community_code, meant.compound)
    if places:
        raise AddressUnknown(nearest=[" ".join(place).strip() for place in nearest_places(places, meant)])


def _grid_of(place: Place, grids: dict[Place, str]) -> str | None:
    """The entrance's own line if there is one, else the whole building's."""
    return grids.get(place) or grids.get(place._replace(unit=""))


def _buildings(units: Iterable[tuple[Place, UnitRead]]) -> list[BuildingRead]:
    return [
        BuildingRead(building=name, units=[unit for _, unit in group])
        for name, group in groupby(units, key=lambda pair: pair[0].building)
    ]
