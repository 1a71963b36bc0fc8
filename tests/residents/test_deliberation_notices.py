"""Who is invited, asked to inspect, or must follow up hears of it, each in their own inbox."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.residents.notices.models import NoticeKind
from services.residents.notices.templates import render
from tests.residents.neighbourhood import Neighbourhood

BEGINS_AT = "2026-11-28T07:00:00Z"


async def inbox(place: Neighbourhood, reader: UUID | None, *, is_person: bool = False) -> list[dict[str, Any]]:
    if is_person and reader is not None:
        client = place.resident(reader)
    else:
        client = place.client("responder", responder=reader) if reader else place.client()
    return (await client.get("/v1/notices")).json()["items"]


@pytest.mark.parametrize("what", ["scheduled", "reminded", "cancelled"])
async def test_the_invited_hear_of_the_meeting(place: Neighbourhood, what: str) -> None:
    deliberation, unit, begins_at = str(uuid4()), uuid4(), BEGINS_AT
    data = {
        "deliberation_id": deliberation,
        "state": "scheduled",
        "begins_at": begins_at,
        "person_ids": [str(place.elder_id)],
        "responder_ids": [str(unit)],
    }
    await place.consume(f"requests.deliberation_{what}.v1", f"deliberations/{deliberation}", 1, data)
    for reader, is_person in ((place.elder_id, True), (unit, False)):
        notice = (await inbox(place, reader, is_person=is_person))[0]
        assert notice["parameters"]["deliberation_id"] == deliberation
        assert "11月28日 15:00" in notice["text"]


async def test_inspectors_are_asked(place: Neighbourhood) -> None:
    project = str(uuid4())
    data = {"project_id": project, "person_ids": [str(place.elder_id)], "responder_ids": []}
    await place.consume("requests.project_inspection_asked.v1", f"projects/{project}", 1, data)
    notice = (await inbox(place, place.elder_id, is_person=True))[0]
    assert (notice["kind"], notice["parameters"]) == ("project_inspection", {"project_id": project})


async def test_the_desk_and_the_builder_hear_of_a_delay(place: Neighbourhood) -> None:
    project, unit = str(uuid4()), uuid4()
    data = {
        "project_id": project,
        "milestone_id": str(uuid4()),
        "planned_on": "2026-11-20",
        "sponsor_responder_id": str(unit),
    }
    await place.consume("requests.project_delayed.v1", f"projects/{project}", 1, data)
    for reader in (None, unit):
        notice = (await inbox(place, reader))[0]
        assert (notice["kind"], notice["parameters"]["project_id"]) == ("project_delayed", project)
        assert "2026-11-20" in notice["text"]


async def test_the_desk_hears_of_a_term_that_passed(place: Neighbourhood) -> None:
    deliberation = str(uuid4())
    data = {"deliberation_id": deliberation, "state": "published", "carry_out_by": "2026-11-20"}
    await place.consume("requests.deliberation_overdue.v1", f"deliberations/{deliberation}", 1, data)
    assert (await inbox(place, None))[0]["parameters"] == {"deliberation_id": deliberation, "due_on": "2026-11-20"}


def test_the_hour_is_told_in_the_readers_language() -> None:
    _, text = render(NoticeKind.DELIBERATION_REMINDED, {"begins_at": BEGINS_AT}, "en")
    assert text.endswith("begins on 2026-11-28 at 15:00.")


@pytest.mark.parametrize("kind", ["article_ending", "article_ended"])
async def test_the_desk_hears_of_articles_that_end(place: Neighbourhood, kind: str) -> None:
    article = str(uuid4())
    data = {"article_id": article, "number": 1, "valid_to": "2026-12-07"}
    await place.consume(f"requests.{kind}.v1", f"articles/{article}", 1, data)
    notice = (await inbox(place, None))[0]
    assert (notice["kind"], notice["parameters"]) == (kind, {"article_id": article, "due_on": "2026-12-07"})
    assert "2026-12-07" in notice["text"]
