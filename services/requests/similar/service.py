"""Use cases of requests that several people have: find what was asked already, and support it instead of repeating."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.requests.moderation.public_texts import released_words
from services.requests.service_requests.followers import add_follower, remove_followers
from services.requests.service_requests.models import FollowReason, ServiceRequest, Step, TimelineEntry
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.service import step
from services.requests.service_requests.states import OPEN
from services.requests.service_requests.texts import content_of, index_building, keys_of, text_of
from services.requests.similar import repository
from services.requests.similar.errors import OwnRequest
from services.requests.similar.repository import Found
from services.requests.similar.schemas import SimilarQuery
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import NotFound, WrongState, invalid
from shared.geo import LonLat, distance_m
from shared.vault import Vault

SHOWN, LINES = 10, 200
WINDOW = timedelta(days=30)


async def find_similar(
    session: AsyncSession, vault: Vault, principal: Principal, query: SimilarQuery
) -> list[dict[str, Any]]:
    """Open requests of the category that came within 30 days and lie within its radius, or in the same building."""
    place, community_code = query.place, principal.community_code
    if place.position is None and place.address is None:
        raise invalid("/place", "missing", "请提供地址或坐标", "Give an address or a position")
    radius = await repository.find_radius(session, community_code, query.category)
    if radius is None:
        raise invalid("/category", "unknown", "没有这个类别", "No such category; see /v1/categories")
    point = place.position.wgs84() if place.position else None
    building = index_building(vault.keyring, community_code, place.address) if place.address else None
    rows = await repository.list_near(
        session, principal, query.category, utc_now() - WINDOW, point=point, radius_m=radius, building_index=building
    )
    found: list[tuple[Found, float]] = []
    for row in rows:
        request: ServiceRequest = row.ServiceRequest
        metres = _distance(point, request)
        if metres <= radius or (building is not None and request.building_index == building):
            found.append((row, metres))
    found.sort(key=lambda each: each[1])
    return await _presented(vault, principal, found[:SHOWN], building)


def _distance(point: LonLat | None, request: ServiceRequest) -> float:
    """Metres; infinitely many where one of the two does not say where it is."""
    if point is None or request.longitude is None or request.latitude is None:
        return math.inf
    return distance_m(point, (request.longitude, request.latitude))


async def _presented(
    vault: Vault, principal: Principal, found: Sequence[tuple[Found, float]], building: bytes | None
) -> list[dict[str, Any]]:
    keys = await keys_of(vault, [row.ServiceRequest for row, _ in found])
    shown = []
    for row, metres in found:
        request: ServiceRequest = row.ServiceRequest
        mine = principal.person_id is not None and request.requester_person_id == principal.person_id
        words = released_words(request, keys)
        reads = mine or principal.role is not Role.RESIDENT
        shown.append(
            {
                "id": request.id,
                "reference": REFERENCE.grouped(request.reference),
                "category": request.category_code,
                "state": request.state,
                "title": content_of(request, keys).title if reads else words.title if words else None,
                "distance_m": None if math.isinf(metres) else round(metres),
                "same_building": building is not None and request.building_index == building,
                "supporters": row.supporters,
                "supported": row.supported,
                "mine": mine,
                "created_at": request.created_at,
            }
        )
    return shown


async def support(session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID) -> None:
    """Have the same concern, and hear of every public step from now on. Twice is once."""
    request, person_id = await _locked(session, principal, request_id)
    if request.requester_person_id == person_id:
        raise OwnRequest
    if request.state not in OPEN:
        raise WrongState(request.state, OPEN)
    if await add_follower(session, request, person_id, FollowReason.SUPPORTS):
        supporters = await repository.count_supporters(session, request)
        await step(session, vault, principal, request, Step.SUPPORTED, detail={"supporters": supporters})


async def withdraw_support(session: AsyncSession, principal: Principal, request_id: UUID) -> None:
    """Support no longer. Who has not, has not."""
    request, person_id = await _locked(session, principal, request_id)
    if await remove_followers(session, request, [person_id], FollowReason.SUPPORTS):
        request.version += 1
        request.updated_at = utc_now()


async def get_shared(session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID) -> dict[str, Any]:
    """A public request as everybody in the community may see it."""
    row = await repository.get_shared(session, principal, request_id)
    request: ServiceRequest = row.ServiceRequest
    entries = await repository.shared_lines(session, request, LINES)
    keys = await keys_of(vault, [request, *entries])
    words = released_words(request, keys)
    return {
        "id": request.id,
        "reference": REFERENCE.grouped(request.reference),
        "category": request.category_code,
        "state": request.state,
        "title": words.title if words else None,
        "description": words.description if words else None,
        "longitude": request.longitude,
        "latitude": request.latitude,
        "supporters": row.supporters,
        "supported": row.supported,
        "resolve_by": request.resolve_by,
        "resolved_at": request.resolved_at,
        "created_at": request.created_at,
        "updates": [_line(entry, text_of(entry, keys) if entry.released_at else None) for entry in entries],
    }


def _line(entry: TimelineEntry, text: str | None) -> dict[str, Any]:
    return {"step": entry.step, "state": entry.state, "at": entry.created_at, "text": text}


async def _locked(session: AsyncSession, principal: Principal, request_id: UUID) -> tuple[ServiceRequest, UUID]:
    if principal.person_id is None:
        raise NotFound
    return await repository.lock_shared(session, principal, request_id), principal.person_id
