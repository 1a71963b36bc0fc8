import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.requests.clusters import repository
from services.requests.clusters.grouping import dense_groups, on_plane
from services.requests.clusters.schemas import By
from shared.db import AsyncSession

LOOKED_AT = 5_000
"""More requests of one community are not compared at once; the newest are."""

Rows = Sequence[Row[Any]]


async def find_clusters(
    session: AsyncSession,
    community_code: str,
    *,
    category: str | None,
    since: datetime,
    by: By,
    radius_m: int,
    at_least: int,
) -> dict[str, Any]:
    """Requests of one category that repeat each other, open or made `since` then; never across categories."""
    read = repository.list_positions if by is By.PLACE else repository.list_in_buildings
    rows = await read(session, community_code, category, since, LOOKED_AT + 1)
    seen = rows[:LOOKED_AT]
    if by is By.PLACE:
        groups = await asyncio.to_thread(_by_place, seen, radius_m, at_least)
    else:
        groups = _by_building(seen, at_least)
    taken_up = await repository.deliberations_of(session, community_code, [row.id for group in groups for row in group])
    clusters: list[dict[str, Any]] = [
        _described(group, by) | {"deliberation_ids": _united(group, taken_up)} for group in groups
    ]
    clusters.sort(key=lambda cluster: (-cluster["count"], cluster["category"], cluster["request_ids"][0]))
    return {"items": clusters, "since": since, "is_truncated": len(rows) > LOOKED_AT}


def _by_place(rows: Rows, radius_m: int, at_least: int) -> list[Rows]:
    found: list[Rows] = []
    for same in _split(rows, lambda row: row.category_code):
        xy = on_plane([(row.longitude, row.latitude) for row in same])
        groups = dense_groups(xy, radius=float(radius_m), at_least=at_least)
        found += [[same[index] for index in group] for group in groups]
    return found


def _by_building(rows: Rows, at_least: int) -> list[Rows]:
    groups = _split(rows, lambda row: (row.category_code, row.building_index))
    return [group for group in groups if len(group) >= at_least]


def _split(rows: Rows, key: Callable[[Row[Any]], Hashable]) -> list[Rows]:
    parts: dict[Hashable, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        parts[key(row)].append(row)
    return list(parts.values())


def _described(group: Rows, by: By) -> dict[str, Any]:
    """What a group has in common; its rows come newest first."""
    return {
        "category": group[0].category_code,
        "count": len(group),
        "open_count": sum(row.is_open for row in group),
        "requester_count": len({row.requester_person_id or row.requester_phone_index or row.id for row in group}),
        "supporter_count": sum(row.follower_count for row in group),
        "first_at": min(row.created_at for row in group),
        "last_at": max(row.created_at for row in group),
        "centre": _centre(group) if by is By.PLACE else None,
        "grid_codes": sorted({row.grid_code for row in group if row.grid_code}),
        "request_ids": [row.id for row in group],
    }


def _centre(group: Rows) -> dict[str, float]:
    return {
        "longitude": sum(row.longitude for row in group) / len(group),
        "latitude": sum(row.latitude for row in group) / len(group),
    }


def _united(group: Rows, taken_up: dict[Any, list[Any]]) -> list[Any]:
    return sorted({each for row in group for each in taken_up.get(row.id, ())})
