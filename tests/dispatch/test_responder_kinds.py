"""Who usually answers for a category is asked first, whom a community's rules name before them, and somebody always."""

import pytest

from services.dispatch.policies.schemas import PolicyRules, SkillRule
from tests.dispatch.community import NewPlace

SHELTER = "rights_protection.domestic_violence"


@pytest.mark.parametrize("kind", ["police", "mediator", "social_worker"])
async def test_the_usual_kind_is_asked_rather_than_the_grids_worker(new_place: NewPlace, kind: str) -> None:
    place = await new_place(grids=1)
    usual = await place.register(kind, duty="standing")
    order = await place.submit(category=SHELTER, responder_kind=kind)
    assert order["responder_id"] == str(usual)


async def test_where_nobody_of_the_kind_is_there_everyday_workers_go(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit(category=SHELTER, responder_kind="police")
    assert order["responder_id"] == str(place.workers[0])


async def test_everyday_work_needs_no_kind(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit(responder_kind="grid_worker")
    assert order["responder_id"] == str(place.workers[0])


def test_a_rule_of_the_community_goes_before_the_usual_kind() -> None:
    rules = PolicyRules(
        required_skills=[SkillRule(category="rights", skills=["law"]), SkillRule(category="rights.pets", skills=[])]
    )
    assert rules.usual_skills_for("rights.wages", "police") == {"law"}
    assert rules.usual_skills_for("rights.pets", "police") == frozenset()
    assert rules.usual_skills_for("fairness", "police") == {"police"}
    assert rules.usual_skills_for("fairness", "grid_worker") == rules.usual_skills_for("fairness", None) == frozenset()
