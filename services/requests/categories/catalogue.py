"""A whole catalogue from one community to another: a city works one out and rolls it out."""

from services.requests.categories import repository, service
from services.requests.categories.errors import ClassUnknown
from services.requests.categories.models import Category
from services.requests.categories.schemas import CatalogueImport
from shared.auth import Principal
from shared.db import AsyncSession


async def import_catalogue(session: AsyncSession, principal: Principal, data: CatalogueImport) -> dict[str, list[str]]:
    """Make the community's categories say what `data` says; what differs is a new version, the rest is left alone.

    Categories that `data` does not name stay. ClassUnknown if something belongs to none of the five classes.
    """
    community_code = principal.community_code
    known = {each.code: each for each in await repository.lock_categories(session, community_code)}
    promised = service.by_category(await repository.current_policies(session, community_code))
    done: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
    for top in data.items:
        if known.get(top.code) is None or known[top.code].parent_code is not None:
            raise ClassUnknown
        for entry in (top, *top.subcategories):
            category = known.get(entry.code)
            values = service.columns_given(entry)
            if category is None:
                if entry.code.partition(".")[0] != top.code:
                    raise ClassUnknown
                category = Category(community_code=community_code, parent_code=top.code, **values)
                await service.add(session, principal, category, entry.deadlines)
                done["added"].append(entry.code)
                continue
            deadlines = None if entry.deadlines == promised[entry.code] else entry.deadlines
            is_changed = await service.change(session, principal, category, values, deadlines)
            done["changed" if is_changed else "unchanged"].append(entry.code)
    return done
