"""The rules by which a responder is chosen, as properties of a pure function."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.policies.schemas import PolicyRules, SkillRule
from services.dispatch.work_orders.assignment import Candidate, Ruling, Task, choose, rule_out

METRES = 150
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SKILLS = ("mediation", "law", "first_aid")

ids = st.integers(1, 12).map(lambda n: UUID(int=n))
places = st.none() | st.tuples(st.floats(109.95, 110.0), st.floats(40.60, 40.65))
skill_sets = st.frozensets(st.sampled_from(SKILLS), max_size=2)
people = st.none() | st.integers(100, 102).map(lambda n: UUID(int=n))

candidates_of = st.builds(
    Candidate,
    id=ids,
    generalist=st.booleans(),
    skills=skill_sets,
    capacity=st.integers(0, 5),
    load=st.integers(0, 6),
    on_duty=st.sampled_from((True, True, True, False)),
    absent=st.sampled_from((False, False, False, True)),
    place=places,
    last_assigned_at=st.none() | st.integers(0, 3).map(lambda days: NOW - timedelta(days=days)),
    person_id=people,
    household_id=people,
)
everybody = st.lists(candidates_of, max_size=8, unique_by=lambda candidate: candidate.id)
tasks = st.builds(
    Task,
    own_worker_id=st.none() | ids,
    place=places,
    skills=skill_sets,
    person_id=people,
    household_id=people,
    asked=st.frozensets(ids, max_size=2),
    handed_back=st.frozensets(ids, max_size=2),
)


def able(number: int, **changes: object) -> Candidate:
    return replace(Candidate(UUID(int=number), True, frozenset(), 3, 0, place=(109.97, 40.62)), **changes)


@given(tasks, everybody, st.randoms())
def test_the_same_in_whatever_order_candidates_come(task: Task, candidates: list[Candidate], random) -> None:
    shuffled = random.sample(candidates, len(candidates))
    assert choose(task, candidates, metres_per_order=METRES) == choose(task, shuffled, metres_per_order=METRES)


@given(tasks, everybody)
def test_whoever_fails_a_hard_filter_is_never_chosen(task: Task, candidates: list[Candidate]) -> None:
    decision = choose(task, candidates, metres_per_order=METRES)
    failing = {each.id: rule_out(task, each) for each in candidates}
    if decision.chosen is not None:
        assert failing[decision.chosen] in (None, Ruling.HANDED_BACK)
    else:
        assert all(ruling not in (None, Ruling.HANDED_BACK) for ruling in failing.values())


@given(tasks, everybody)
def test_who_handed_back_is_asked_only_when_nobody_else_passes(task: Task, candidates: list[Candidate]) -> None:
    decision = choose(task, candidates, metres_per_order=METRES)
    if decision.chosen in task.handed_back:
        assert all(rule_out(task, each) is not None for each in candidates)


@given(tasks, everybody, st.integers(0, 9), places)
def test_the_own_worker_comes_first_below_their_cap(
    task: Task, candidates: list[Candidate], load: int, place: tuple[float, float] | None
) -> None:
    own = Candidate(UUID(int=99), True, frozenset(SKILLS), load + 1, load, place=place, last_assigned_at=NOW)
    decision = choose(replace(task, own_worker_id=own.id), [*candidates, own], metres_per_order=METRES)
    assert decision.chosen == own.id


@given(tasks, everybody, st.integers(1, 6))
def test_more_load_never_makes_anyone_likelier(task: Task, candidates: list[Candidate], more: int) -> None:
    before = choose(task, candidates, metres_per_order=METRES).chosen
    for each in candidates:
        heavier = [replace(other, load=other.load + more) if other is each else other for other in candidates]
        after = choose(task, heavier, metres_per_order=METRES).chosen
        if after == each.id:
            assert before == each.id
        elif before != each.id:
            assert after == before


@given(tasks, everybody)
def test_everybody_is_explained_once(task: Task, candidates: list[Candidate]) -> None:
    decision = choose(task, candidates, metres_per_order=METRES)
    assert [each.responder_id for each in decision.verdicts] == sorted(each.id for each in candidates)
    chosen = [each.responder_id for each in decision.verdicts if each.ruling is Ruling.CHOSEN]
    assert chosen == ([decision.chosen] if decision.chosen else [])
    for verdict, each in zip(decision.verdicts, sorted(candidates, key=lambda each: each.id), strict=True):
        assert verdict.score_m == each.load * METRES + verdict.distance_m


def test_load_weighs_as_many_metres_as_the_policy_says() -> None:
    far = able(1, place=(109.97 + 0.0107, 40.62))  # some 900 m east
    busy = able(2, load=2)
    task = Task(place=(109.97, 40.62))
    assert choose(task, [far, busy], metres_per_order=400).chosen == busy.id
    assert choose(task, [far, busy], metres_per_order=500).chosen == far.id


def test_a_tie_goes_to_the_least_recently_assigned() -> None:
    recent, earlier, never = (able(n, last_assigned_at=at) for n, at in ((1, NOW), (2, NOW - timedelta(1)), (3, None)))
    assert choose(Task(), [recent, earlier], metres_per_order=METRES).chosen == earlier.id
    assert choose(Task(), [recent, earlier, never], metres_per_order=METRES).chosen == never.id


def test_reasons() -> None:
    task = Task(skills=frozenset({"law"}), household_id=UUID(int=100), handed_back=frozenset({UUID(int=7)}))
    lawyer = able(1, skills=frozenset({"law", "mediation"}), generalist=False)
    expected = {
        Ruling.CHOSEN: lawyer,
        Ruling.LACKS_SKILL: able(2),
        Ruling.ABSENT: replace(lawyer, id=UUID(int=3), absent=True),
        Ruling.OFF_DUTY: replace(lawyer, id=UUID(int=4), on_duty=False),
        Ruling.CONFLICT_OF_INTEREST: replace(lawyer, id=UUID(int=5), household_id=UUID(int=100)),
        Ruling.AT_CAPACITY: replace(lawyer, id=UUID(int=6), load=3),
        Ruling.HANDED_BACK: replace(lawyer, id=UUID(int=7)),
        Ruling.OUTRANKED: replace(lawyer, id=UUID(int=8), load=1),
    }
    decision = choose(task, expected.values(), metres_per_order=METRES)
    rulings = {each.responder_id: each.ruling for each in decision.verdicts}
    assert rulings == {candidate.id: ruling for ruling, candidate in expected.items()}


def test_everyday_work_is_for_generalists() -> None:
    lawyer = able(1, skills=frozenset({"law"}), generalist=False)
    assert choose(Task(), [lawyer], metres_per_order=METRES).chosen is None


def test_the_longest_category_decides_the_skills() -> None:
    rules = PolicyRules(
        required_skills=[
            SkillRule(category="rights", skills=["law"]),
            SkillRule(category="rights.noise", skills=["mediation"]),
            SkillRule(category="rights.noise.pets", skills=[]),
        ]
    )
    assert rules.skills_for("rights.labour") == {"law"}
    assert rules.skills_for("rights.noise") == {"mediation"}
    assert rules.skills_for("rights.noise.music") == {"mediation"}
    assert rules.skills_for("rights.noise.pets") == set()
    assert rules.skills_for("rightsholders") == set()
