"""Finding out who somebody is and where they go: what they look like, where they were seen, where to meet."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.residents.found_persons import links, repository, service
from services.residents.found_persons.errors import AgesInDisorder, TooManySightings
from services.residents.found_persons.models import Channel, EntryKind, FoundPerson, FoundPersonEntry, Source
from services.residents.found_persons.reading import openable, write_down
from services.residents.found_persons.sealing import key_of, open_content, open_description, open_report, seal_content
from services.residents.found_persons.states import Verb
from services.residents.found_persons.trail_models import FoundSighting
from services.residents.found_persons.trail_schemas import (
    ArrangeMeeting,
    Description,
    Seen,
    SightingCreate,
    Trail,
    TrailFeature,
    TrailPoint,
)
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import DataKey, Signer
from shared.db import AsyncSession
from shared.ids import new_id
from shared.vault import Vault

SIGHTINGS_AN_HOUR = 60
"""That finders may add to one case."""


async def describe(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: Description
) -> FoundPerson:
    """Add to what is known; a field given as null is taken back. What was known before stays otherwise."""
    case = await service.advance(session, principal, case_id, Verb.LOOK_FOR)
    key = await key_of(vault, case)
    known = open_description(key, case) | data.model_dump(mode="json", exclude_unset=True)
    try:
        merged = Description.model_validate(known)
    except ValidationError:  # what is new does not go with what was known
        raise AgesInDisorder from None
    content = merged.model_dump(mode="json", exclude_none=True)
    case.description = seal_content(key, "found_person", case.id, content, column="description")
    changed = {"fields": ",".join(sorted(data.model_fields_set))}
    await service.add_entry(session, vault, case, EntryKind.DESCRIBED, principal.subject, changed)
    return case


async def add_sighting(
    session: AsyncSession, vault: Vault, case: FoundPerson, data: SightingCreate, source: Source, actor: str
) -> FoundSighting:
    """Write down where the person is; the caller holds the case."""
    if source is Source.FINDER:
        counted = await repository.count_sightings(session, case, source, utc_now() - timedelta(hours=1))
        if counted >= SIGHTINGS_AN_HOUR:
            raise TooManySightings
    content: dict[str, Any] = {}
    if data.place_text is not None:
        content["place_text"] = data.place_text
    if data.position is not None:
        content["longitude"], content["latitude"] = data.position.wgs84()
    sighting_id = new_id()
    sighting = FoundSighting(
        id=sighting_id,
        community_code=case.community_code,
        found_person_id=case.id,
        source=source,
        content=seal_content(await key_of(vault, case), FoundSighting.__tablename__, sighting_id, content),
        seen_at=data.seen_at or utc_now(),
    )
    session.add(sighting)
    await service.add_entry(session, vault, case, EntryKind.SIGHTED, actor, {"sighting_id": str(sighting_id)})
    return sighting


async def read_trail(session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, case_id: UUID) -> Trail:
    """Where the person was seen, in the order of time; who read it is in the case's log."""
    case = await openable(session, principal, case_id)
    trail = await trail_of(session, await key_of(vault, case), case)
    await write_down(session, signer, principal, case, "found_person", case.id, ["trail"])
    return trail


async def trail_of(session: AsyncSession, key: DataKey, case: FoundPerson) -> Trail:
    """Sightings, and the places that reports named."""
    points = [
        _point(
            sighting.id,
            Seen(seen_at=sighting.seen_at, source=sighting.source, place_text=content.get("place_text")),
            content,
        )
        for sighting in await repository.sightings_of(session, case)
        if (content := open_content(key, FoundSighting.__tablename__, sighting.id, sighting.content))
    ]
    for report in await repository.reports_of(session, case):
        content = open_report(key, report)
        if "longitude" in content or "place_text" in content:
            source = Source.COMMUNITY if report.channel is Channel.STAFF else Source.FINDER
            seen = Seen(seen_at=report.created_at, source=source, place_text=content.get("place_text"))
            points.append(_point(report.id, seen, content))
    return Trail(features=sorted(points, key=lambda point: point.properties.seen_at))


def _point(point_id: UUID, seen: Seen, content: dict[str, Any]) -> TrailFeature:
    where = (content["longitude"], content["latitude"]) if "longitude" in content else None
    return TrailFeature(id=point_id, geometry=TrailPoint(coordinates=where) if where else None, properties=seen)


async def arrange_meeting(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: ArrangeMeeting
) -> FoundPerson:
    """Say where the family meets whoever is with the person; they read it on their page and are texted."""
    case = await service.advance(session, principal, case_id, Verb.LOOK_FOR)
    detail = {"at": data.at.isoformat()} if data.at is not None else {}
    words = {"place": data.place_text}
    await service.add_entry(session, vault, case, EntryKind.MEETING_ARRANGED, principal.subject, detail, words=words)
    await links.text_news(session, case)
    return case


def meeting_time(meeting: FoundPersonEntry) -> datetime | None:
    return datetime.fromisoformat(meeting.detail["at"]) if "at" in meeting.detail else None


async def find_meeting(session: AsyncSession, case: FoundPerson) -> FoundPersonEntry | None:
    """The meeting that holds: the one arranged last."""
    entries = await repository.entries_of(session, case)
    return next((entry for entry in reversed(entries) if entry.kind is EntryKind.MEETING_ARRANGED), None)
