"""Every role at every door of deliberations and projects, and never another community's."""

from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Role
from tests.principals import a_community
from tests.requests.deliberating import URL as DELIBERATIONS
from tests.requests.deliberating import in_days, resolved
from tests.requests.test_projects import URL as PROJECTS
from tests.requests.test_projects import day, plan, planned
from tests.requests.world import World

TEXT = {"text": "好"}
SEAT = {"participants": [{"account": "x", "capacity": "office"}]}
READ_DELIBERATIONS = {("GET", path) for path in ("", "/published", "/{id}", "/{id}/photos", "/{id}/photos/{any}")}
TAKE_PART: dict[tuple[str, str], Any] = {
    ("GET", "/{id}/minutes"): None,
    ("POST", "/{id}/minutes"): TEXT,
    ("POST", "/{id}/approve-minutes"): {},
    ("POST", "/{id}/participants/{any}/reply"): {"reply": "accepted"},
    ("POST", "/{id}/participants/{any}/check-in"): None,
    ("POST", "/{id}/motions"): {"words": "同意"},
    ("POST", "/{id}/motions/{any}/votes"): {"choice": "in_favour"},
    ("GET", "/{id}/motions/{any}/votes"): None,
    ("POST", "/{id}/photos/{any}/withdraw"): None,
    ("POST", "/{id}/motions/{any}/close"): None,
}
MANAGE_DELIBERATIONS: dict[tuple[str, str], Any] = {
    ("POST", ""): {"title": "议", "purpose": "议"},
    ("PATCH", "/{id}"): {"title": "议"},
    ("POST", "/{id}/requests"): {"request_ids": [str(uuid4())]},
    ("POST", "/{id}/schedule"): {"begins_at": in_days(1), "venue": "驿家"},
    ("POST", "/{id}/hold"): None,
    ("POST", "/{id}/cancel"): TEXT,
    ("POST", "/{id}/resolve"): TEXT,
    ("POST", "/{id}/reject"): TEXT,
    ("POST", "/{id}/publish"): None,
    ("POST", "/{id}/carry-out"): None,
    ("POST", "/{id}/participants"): SEAT,
    ("POST", "/{id}/participants/{any}/disinvite"): None,
}
READ_PROJECTS = {("GET", path) for path in ("", "/map", "/{id}", "/{id}/spending", "/{id}/updates", "/{id}/photos")}
WORK: dict[tuple[str, str], Any] = {
    ("POST", "/{id}/start"): None,
    ("POST", "/{id}/complete"): TEXT,
    ("POST", "/{id}/spending"): {"amount_fen": 1, "spent_on": day(0), "words": "苗木"},
    ("POST", "/{id}/milestones/{any}/reach"): {"reached_on": day(0)},
    ("POST", "/{id}/updates"): {"words": "开工", "progress": 1},
}
INSPECT: dict[tuple[str, str], Any] = {
    ("GET", "/{id}/inspections"): None,
    ("POST", "/{id}/inspections/{any}/sign"): {"passed": True},
}
MANAGE_PROJECTS: dict[tuple[str, str], Any] = {
    ("PATCH", "/{id}"): {"title": "园"},
    ("POST", "/{id}/requests"): {"request_ids": [str(uuid4())]},
    ("POST", "/{id}/funding"): {"source": "unit", "amount_fen": 1},
    ("POST", "/{id}/milestones"): {"title": "铺路", "planned_on": day(1)},
    ("PATCH", "/{id}/milestones/{any}"): {"title": "铺路"},
    ("POST", "/{id}/approve"): None,
    ("POST", "/{id}/inspectors"): {"inspectors": [{"account": "x", "capacity": "expert"}]},
    ("POST", "/{id}/rework"): TEXT,
    ("POST", "/{id}/accept"): TEXT,
    ("POST", "/{id}/close"): None,
    ("POST", "/{id}/suspend"): TEXT,
    ("POST", "/{id}/resume"): None,
    ("POST", "/{id}/cancel"): TEXT,
}
OFFICE, WORKERS = {Role.STAFF, Role.HEAD}, {Role.GRID_WORKER, Role.RESPONDER}
READERS = OFFICE | WORKERS | {Role.RESIDENT, Role.SUPERVISOR}
DOORS = [
    (DELIBERATIONS, dict.fromkeys(READ_DELIBERATIONS), READERS),
    (DELIBERATIONS, TAKE_PART, OFFICE | WORKERS | {Role.RESIDENT}),
    (DELIBERATIONS, MANAGE_DELIBERATIONS, OFFICE),
    (PROJECTS, dict.fromkeys(READ_PROJECTS), READERS),
    (PROJECTS, WORK, OFFICE | WORKERS),
    (PROJECTS, INSPECT, OFFICE | WORKERS | {Role.RESIDENT}),
    (PROJECTS, MANAGE_PROJECTS, OFFICE),
]
TAG = {"If-Match": '"1"'}


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_at_every_door(world: World, role: Role) -> None:
    """Who may not is told so; who may is answered, if only that there is nothing of theirs."""
    for url, doors, allowed in DOORS:
        for (method, path), body in doors.items():
            filled = url + path.format(id=uuid4(), any=uuid4())
            answer = await world.call(role, method, filled, body, headers=TAG if method == "PATCH" else None)
            expected = (200, 201, 404, 422) if role in allowed else (403,)
            assert answer.status_code in expected, (method, path, answer.text)


async def test_without_a_token_every_door_is_shut(world: World) -> None:
    for url, doors, _ in DOORS:
        for (method, path), body in doors.items():
            filled = url + path.format(id=uuid4(), any=uuid4())
            assert (await world.call(None, method, filled, body)).status_code == 401


@pytest.mark.parametrize("role", sorted(READERS))
async def test_another_community_sees_and_changes_nothing(world: World, role: Role) -> None:
    table = await resolved(world, {})
    await table.post("publish")
    project = await planned(world)
    await project.post("approve")
    elsewhere = {"area": a_community()}
    for url, doors, allowed in DOORS:
        own = table.id if url == DELIBERATIONS else project.made["id"]
        for (method, path), body in doors.items():
            if "{id}" not in path or role not in allowed:
                continue
            filled = url + path.format(id=own, any=uuid4())
            answer = await world.call(
                role, method, filled, body, headers=TAG if method == "PATCH" else None, **elsewhere
            )
            assert answer.status_code == 404, (method, path, answer.text)
        listed = (await world.get(role, url, **elsewhere))["items"]
        assert listed == []


async def test_a_project_of_another_communitys_deliberation_is_not_opened(world: World) -> None:
    table = await resolved(world, {})
    answer = await world.call("staff", "POST", f"{table.path}/projects", plan(world), area=a_community())
    assert answer.status_code == 404
