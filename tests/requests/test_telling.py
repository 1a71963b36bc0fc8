"""The one table of the README: every step, its events, and the words that reach the requester."""

from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

import services.requests
from services.requests.service_requests.models import Step, Visibility
from services.requests.service_requests.timeline import NOT_TOLD, Actor, entry_of, events_of
from services.residents.notices.consumers import REQUEST_HANDLERS
from services.residents.notices.request_news import NEWS
from tests.requests.test_clock import START, a_request

NONE = "–"


def table() -> dict[str, tuple[str, str]]:
    """Step → (events, words), as the README says."""
    readme = (Path(services.requests.__file__).parent / "README.md").read_text("utf-8")
    section = readme.partition("## Who takes which step")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"]
    return {step.strip("`"): (events, words) for step, _who, events, words in rows}


def events(step: Step, at: datetime = START) -> list[str]:
    request = a_request(at)
    request.merged_into_id = uuid4()
    entry = entry_of(request, step, Actor.service("test"), visibility=Visibility.PUBLIC, at=at)
    return [str(row["type"]) for row in events_of(request, entry)]


@pytest.mark.parametrize("step", sorted(table()))
def test_every_step_tells_what_the_table_says(step: str) -> None:
    told, words = table()[step]
    if words == NONE:
        assert step == Step.SUBMITTED or told == NONE
        return
    assert words == f"{NEWS[step].zh} · {NEWS[step].en}"
    published = events(Step(step))
    assert [name.split(".")[1] for name in published] == [
        each.strip() for each in told.partition(";")[0].partition(", when")[0].split(",")
    ]
    assert any(name in REQUEST_HANDLERS for name in published), "its requester hears of it"


def test_no_step_that_may_be_public_is_without_words() -> None:
    told = {step for step in Step if step not in NOT_TOLD}
    internal = {
        *(Step.SUBMITTED, Step.HANDED_BACK, Step.ESCALATED, Step.NOTE, Step.IDENTIFIED, Step.EXCLUDED),
        *(Step.DEADLINE_WARNED, Step.DEADLINE_BREACHED, Step.OBJECTED, Step.OBJECTION_DECIDED),
    }
    assert {step.value for step in told - internal} <= NEWS.keys()
    assert NEWS.keys() <= {step.value for step in Step}
