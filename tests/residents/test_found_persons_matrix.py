"""Who may do what with a case that is not theirs, and who with one that is: every route, every role."""

from typing import Any
from uuid import uuid4

import pytest

from tests.residents.cases import TO_POLICE, a_card, only_case, report
from tests.residents.neighbourhood import Neighbourhood

UNKNOWN = "01a20000-0000-7000-8000-000000000000"
"""An id that nothing has: the same in every worker, since test ids are made of it."""
ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "", None),
    ("GET", "/photos", None),
    ("GET", f"/photos/{UNKNOWN}", None),
    ("GET", "/trail", None),
    ("GET", "/messages", None),
    ("POST", "/reveal", {"fields": ["finder"]}),
    ("POST", "/record", {}),
    ("POST", "/describe", {"clothes": "灰色棉袄"}),
    ("POST", "/suggest-candidates", {}),
    ("POST", "/sightings", {"place_text": "西门"}),
    ("POST", "/messages", {"text": "马上到"}),
    ("POST", "/arrange-meeting", {"place_text": "传达室"}),
    ("POST", "/photos", None),
    ("POST", "/identify", {"person_id": UNKNOWN}),
    ("POST", "/notify-family", {}),
    ("POST", "/hand-over", TO_POLICE),
    ("POST", "/escalate-to-police", {}),
    ("POST", "/close", {"outcome": "returned_home"}),
    ("POST", "/unfounded", {}),
]
OPEN_TO_SUPERVISORS = {("GET", ""), ("GET", "/photos")}
NOT_FOR_RESPONDERS = {("POST", "/suggest-candidates")}


@pytest.fixture
async def case_id(place: Neighbourhood) -> str:
    card = await a_card(place)
    await report(place, card["code"])
    return (await only_case(place.client()))["id"]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=[f"{method}{path[:20]}" for method, path, _ in ROUTES])
async def test_every_route_knows_whose_case_it_is(
    place: Neighbourhood, case_id: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    outsiders = {
        None: (None, {}, 401),
        "resident": ("resident", {"person": place.elder_id}, 403),
        "merchant": ("merchant", {}, 403),
        "partner": ("partner", {}, 403),
        "gateway": ("gateway", {}, 403),
        "supervisor": ("supervisor", {}, 404 if (method, path) in OPEN_TO_SUPERVISORS else 403),
        "responder": (
            "responder",
            {"responder": uuid4()},
            403 if (method, path) in NOT_FOR_RESPONDERS else 404,
        ),
        "worker of another grid": ("grid_worker", {"grids": [place.other_grid]}, 404),
        "staff elsewhere": ("staff", {"area": "150207999999"}, 404),
    }
    content = {"content": b"no picture"} if path == "/photos" and method == "POST" else {"json": body}
    answers = {}
    for name, (role, claims, _) in outsiders.items():
        more = content if method == "POST" else {}
        answer = await place.client(role, **claims).request(method, f"/v1/found-persons/{case_id}{path}", **more)
        answers[name] = answer.status_code
    assert answers == {
        # What is no photo is refused as it is read, before anybody looks for the case.
        name: 422 if status == 404 and path == "/photos" and method == "POST" else status
        for name, (_, _, status) in outsiders.items()
    }
    untouched = (await place.client().get(f"/v1/found-persons/{case_id}")).json()
    assert (untouched["version"], len(untouched["timeline"])) == (1, 1)
