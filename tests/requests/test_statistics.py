"""The three rates: equal to the history, reproducible, with and without exclusions, and only for who may see them."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from services.requests.service_requests.models import TimelineEntry, Visibility
from services.requests.statistics.repository import Question, add_up, count_pending
from services.requests.statistics.rollup import count_anew
from services.requests.statistics.schemas import By
from shared.clock import CHINA
from shared.db import columns_of
from shared.statements import insert_many
from tests.requests.naive_rates import History
from tests.requests.world import LAMP, World, found

RATES = "/v1/statistics/rates"
SERIES = "/v1/statistics/series"
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in China."""
WALLS = "livelihood.walls"
MARCH = "from=2026-03-01&to=2026-03-31"


async def count(world: World) -> None:
    async with world.database.transaction(world.code) as session:
        while await count_anew(session):
            pass


async def rates(world: World, query: str = MARCH, role: str = "head", **claims: Any) -> Any:
    await count(world)
    return await world.get(role, f"{RATES}?{query}", **claims)


def numbers(row: dict[str, Any], which: str = "counted") -> list[tuple[int, int]]:
    """(good, of) of the three rates."""
    return [(row[which][name]["good"], row[which][name]["of"]) for name in ("responded_in_time", "solved", "satisfied")]


async def solved_by_the_worker(world: World) -> str:
    """A request from its submission to its result, done by the worker."""
    request_id, order = (await world.submit())["id"], uuid4()
    for what in ("assigned", "acknowledged", "started"):
        await world.work_order(what, order, request_id)
    await world.work_order("completed", order, request_id, outcome="done")
    return request_id


async def test_what_a_request_adds_and_to_whom(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        request_id = await solved_by_the_worker(world)
        await world.post("resident", f"{request_id}/rating", {"score": 5, "solved": True, "satisfied": True})
        await world.submit(category=WALLS)
        clock.shift(timedelta(days=3))
        await world.sweep()
        told = await rates(world)
        assert numbers(told["total"]) == [(1, 2), (1, 1), (1, 1)]
        assert told["total"]["counted"]["responded_in_time"]["percent"] == 50.0
        by_responder = {row["key"]: numbers(row) for row in (await rates(world, f"{MARCH}&by=responder"))["items"]}
        assert by_responder == {
            str(world.responder): [(1, 1), (1, 1), (1, 1)],
            "": [(0, 1), (0, 0), (0, 0)],
        }
        by_category = {row["key"]: row for row in (await rates(world, f"{MARCH}&by=category"))["items"]}
        assert {key: numbers(row)[0] for key, row in by_category.items()} == {LAMP: (1, 1), WALLS: (0, 1)}
        assert by_category[LAMP]["name"] == "路灯照明" or by_category[LAMP]["name"]
        [by_class] = (await rates(world, f"{MARCH}&by=class"))["items"]
        assert (by_class["key"], numbers(by_class)[0]) == ("livelihood", (1, 2))


async def test_every_outcome_is_judged_for_itself_and_by_what_was_said_last(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        request_id = await solved_by_the_worker(world)
        await world.post("resident", f"{request_id}/confirm", {"satisfied": True})
        assert numbers((await rates(world))["total"])[1:] == [(1, 1), (1, 1)]
        clock.shift(timedelta(days=1))
        await world.post("resident", f"{request_id}/reopen", {"satisfied": False})
        assert numbers((await rates(world))["total"])[1:] == [(0, 1), (0, 1)]
        await world.post("staff", f"{request_id}/resolve", {"text": "换了灯泡"})
        await world.post("resident", f"{request_id}/confirm", {})
        assert numbers((await rates(world))["total"])[1:] == [(1, 2), (0, 1)]
        series = await world.get("head", f"{SERIES}?from=2026-03-02&to=2026-03-04")
        assert [(row["key"], numbers(row)[1]) for row in series["items"]] == [
            ("2026-03-02", (0, 0)),
            ("2026-03-03", (1, 2)),
            ("2026-03-04", (0, 0)),
        ]


async def test_what_was_told_is_told_again_of_an_earlier_moment(world: World) -> None:
    """The same question about the same moment has the same answer, whatever happened since."""
    told: dict[str, Any] = {}
    with time_machine.travel(MONDAY, tick=False) as clock:

        async def note() -> None:
            await world.sweep()
            clock.shift(timedelta(seconds=1))
            now = datetime.now(UTC)
            told[now.isoformat()] = {
                by: (await rates(world, f"{MARCH}&by={by}"))["items"] for by in ("category", "grid", "responder", "day")
            }
            clock.shift(timedelta(hours=5))

        request_id = await solved_by_the_worker(world)
        late = (await world.submit(category=WALLS))["id"]
        await note()
        await world.post("resident", f"{request_id}/confirm", {"satisfied": True})
        await note()
        await world.post("staff", f"{late}/transfer", {"category": LAMP, "text": "是路灯", "grid_code": world.grid})
        await note()
        await world.post("resident", f"{request_id}/reopen", {})
        await exclude(world, request_id)
        await note()
        await world.post("resident", f"{late}/withdraw", {})
        await note()
        for moment, reports in told.items():
            for by, items in reports.items():
                again = await world.get("head", f"{RATES}?{MARCH}&by={by}&as_of={moment.replace('+', '%2B')}")
                assert again["items"] == items, (moment, by)


async def exclude(world: World, request_id: str, verb: str = "exclude", **claims: Any) -> Any:
    body = {"text": "电话三次无人接听"} | ({"reason": "unreachable"} if verb == "exclude" else {})
    return await world.call("head", "POST", f"{request_id}/{verb}", body, **claims)


async def test_a_head_leaves_a_request_out_and_both_numbers_are_told(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False):
        request_id = await solved_by_the_worker(world)
        await world.post("resident", f"{request_id}/rating", {"score": 1, "solved": False, "satisfied": False})
        assert (await exclude(world, request_id)).status_code == 204
        again = await exclude(world, request_id)
        assert (again.status_code, again.json()["code"]) == (409, "already-excluded")
        total = (await rates(world))["total"]
        assert numbers(total) == [(0, 0), (0, 0), (0, 0)]
        assert numbers(total, "everything") == [(1, 1), (0, 1), (0, 1)]
        assert (await exclude(world, request_id, "include")).status_code == 204
        assert (await exclude(world, request_id, "include")).status_code == 409
        total = (await rates(world))["total"]
        assert numbers(total) == numbers(total, "everything")
        decided = (await world.get("supervisor", "/v1/statistics/exclusions"))["items"]
        assert [(each["excluded"], each["reason"]) for each in decided] == [(False, None), (True, "unreachable")]
        assert "excluded" in await world.steps("staff", request_id)
        assert "excluded" not in await world.steps("resident", request_id)
        audited = await world.sql("SELECT action FROM audit_entry WHERE community_code = :c ORDER BY 1", c=world.code)
        assert {"service_requests.exclude", "service_requests.include"} <= {row.action for row in audited}


async def test_rates_are_carried_away_as_tables_that_execute_nothing(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False):
        await solved_by_the_worker(world)
        await world.sql(
            "UPDATE category SET name_zh = '=1+1' WHERE community_code = :c AND code = :k RETURNING 1",
            c=world.code,
            k=LAMP,
        )
        await count(world)
        path = f"{RATES}?{MARCH}&by=category&format="
        answer = await world.call("staff", "GET", path + "csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        head, line, total = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert head[:5] == ["类别", "名称", "应响应", "按时响应", "响应率"]
        assert line[:5] == [LAMP, "'=1+1", "1", "1", "100.0"]
        assert total[0] == "合计"
        answer = await world.call("staff", "GET", path + "xlsx")
        rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        assert rows[0][:5] == head[:5]
        assert rows[1][:5] == [LAMP, "=1+1", 1, 1, 100], "as text, not as what it would make"


async def test_a_supervisor_sees_the_communities_of_their_area(api: FastAPI, world: World) -> None:
    with time_machine.travel(MONDAY, tick=False):
        await solved_by_the_worker(world)
        await count(world)
        area = world.code[:9]
        told = await rates(world, f"{MARCH}&by=community", "supervisor", area=area)
        mine = {row["key"]: numbers(row)[0] for row in told["items"]}
        assert mine[world.code] == (1, 1)
        assert all(key.startswith(area) for key in mine)
        narrowed = await rates(world, f"{MARCH}&scope={world.code}", "supervisor", area=area)
        assert numbers(narrowed["total"])[0] == (1, 1)
        other = await found(api)
        for scope in (other.code, "99"):
            answer = await world.call("head", "GET", f"{RATES}?scope={scope}")
            assert answer.status_code == 404
    for wrong in ("from=2026-03-02&to=2026-03-01", "from=2020-01-01&to=2026-03-01", "by=nothing"):
        assert (await world.call("head", "GET", f"{RATES}?{wrong}")).status_code == 422
    two = f"{SERIES}?grid_code={world.grid}&category={LAMP}"
    assert (await world.call("head", "GET", two)).status_code == 422


@pytest.mark.parametrize(
    "role", ["resident", "grid_worker", "responder", "staff", "head", "supervisor", "merchant", "partner", None]
)
async def test_every_role_at_every_door(world: World, role: str | None) -> None:
    reads = role in ("staff", "head", "supervisor")
    refused = 401 if role is None else 403
    for path in (RATES, SERIES, "/v1/statistics/exclusions"):
        assert (await world.call(role, "GET", path)).status_code == (200 if reads else refused)
    for verb, body in (("exclude", {"reason": "malicious", "text": "x"}), ("include", {"text": "x"})):
        answer = await world.call(role, "POST", f"{uuid4()}/{verb}", body)
        assert answer.status_code == (404 if role == "head" else refused)


# Against a reading of the history, one request at a time

WORK = ["acknowledged", "started", "progress", "note", "waiting", "resolved", "rejected", "dispatched"]
SAID = ["confirmed", "reopened", "rated", "called_back", "comment"]
MOVED = ["withdrawn", "merged", "transferred", "excluded"]
STEPS = st.fixed_dictionaries(
    {
        "step": st.sampled_from(WORK + SAID + MOVED),
        "after": st.integers(0, 40),
        "public": st.booleans(),
        "state": st.sampled_from(["submitted", "dispatched", "resolved", "confirmed"]),
        "responder": st.sampled_from([None, str(UUID(int=1)), str(UUID(int=2))]),
        "solved": st.booleans(),
        "satisfied": st.sampled_from([None, True, False]),
        "excluded": st.booleans(),
        "to": st.sampled_from([LAMP, WALLS]),
        "grid": st.sampled_from([None, "001", "002"]),
    }
)
STORIES = st.lists(st.lists(STEPS, max_size=9), min_size=1, max_size=4)


def told_of(step: dict[str, Any], code: str, place: tuple[str, str | None]) -> dict[str, Any]:
    """The detail that the product writes with such a step."""
    kind = step["step"]
    if kind == "transferred":
        grid = code + step["grid"] if step["grid"] else place[1]
        said = {"category": step["to"], "grid": grid, "category_before": place[0], "grid_before": place[1]}
    elif kind == "rated":
        said = {"score": 3, "solved": step["solved"], "satisfied": bool(step["satisfied"])}
    elif kind == "called_back":
        said = {"solved": step["satisfied"], "satisfied": step["satisfied"]}
    elif kind == "confirmed":
        said = {None: {"unreached": 3}, True: {"satisfied": step["satisfied"]}, False: {"unanswered": True}}[
            step["satisfied"] if step["public"] else True
        ]
    elif kind == "reopened":
        said = {"satisfied": step["satisfied"]}
    elif kind == "excluded":
        said = {"excluded": step["excluded"]}
    elif kind == "merged":
        said = {"role": "source" if step["solved"] else "target"}
    else:
        said = {}
    return {name: value for name, value in said.items() if value is not None}


async def live(world: World, story: list[list[dict[str, Any]]]) -> tuple[list[History], datetime]:
    """Write these histories down, counting in between as the timer may; returns them and their end."""
    histories, last = [], MONDAY
    for steps in story:
        with time_machine.travel(MONDAY, tick=False):
            made = await world.submit()
        history = History(world.code, datetime.fromisoformat(made["respond_by"]), LAMP, None)
        at, place = MONDAY, (LAMP, None)
        for number, step in enumerate(steps):
            at += timedelta(hours=step["after"])
            detail = told_of(step, world.code, place)
            place = (detail["category"], detail.get("grid")) if step["step"] == "transferred" else place
            history.steps.append(step | {"at": at, "detail": detail})
            await write_step(world, made["id"], history.steps[-1], place)
            if number % 3 == 0:
                await count(world)
        histories.append(history)
        last = max(last, at)
    return histories, last


async def write_step(world: World, request_id: str, step: dict[str, Any], place: tuple[str, str | None]) -> None:
    entry = TimelineEntry(
        community_code=world.code,
        request_id=UUID(request_id),
        step=step["step"],
        visibility=Visibility.PUBLIC if step["public"] else Visibility.INTERNAL,
        state=step["state"],
        actor="test",
        actor_role="staff",
        responder_id=UUID(step["responder"]) if step["responder"] else None,
        detail=step["detail"],
        created_at=step["at"],
    )
    async with world.database.transaction(world.code) as session:
        await insert_many(session, TimelineEntry.__table__, [columns_of(entry)])
        if step["step"] == "transferred":
            moved = (
                "UPDATE service_request SET category_code = :k, grid_code = :g WHERE community_code = :c AND id = :i"
            )
            values = {"k": place[0], "g": place[1], "c": world.code, "i": UUID(request_id)}
            await session.execute(text(moved), values)


async def counted(world: World, by: By, as_of: datetime | None) -> dict[str, dict[str, int]]:
    question = Question(world.code, datetime(2026, 1, 15).date(), datetime(2027, 3, 10).date(), by)  # noqa: DTZ001
    async with world.database.transaction(world.code) as session:
        rows = await add_up(session, question, as_of)
    found = {row.key: {name: value for name, value in row._mapping.items() if name != "key" and value} for row in rows}
    return {key: counters for key, counters in found.items() if counters}


def read_by_hand(histories: list[History], by: By, as_of: datetime) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for history in histories:
        for day, grid, responder, category, measures in history.facts(as_of):
            month = day.replace(day=1).isoformat()
            keys = {By.GRID: grid, By.RESPONDER: responder, By.CATEGORY: category, By.DAY: day.isoformat()}
            found.setdefault(keys.get(by, month), Counter()).update(measures)
    return {key: dict(counter) for key, counter in found.items()}


@settings(
    max_examples=20,
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
    phases=[Phase.explicit, Phase.generate],
)
@given(story=STORIES, cut=st.integers(0, 200))
async def test_totals_and_history_agree_with_reading_every_request(
    api: FastAPI, story: list[list[dict[str, Any]]], cut: int
) -> None:
    world = await found(api)
    histories, last = await live(world, story)
    now = last + timedelta(days=30)
    with time_machine.travel(now, tick=False):
        await world.sweep()
        await count(world)
        for by in (By.GRID, By.RESPONDER, By.CATEGORY, By.DAY, By.MONTH):
            expected = read_by_hand(histories, by, now)
            assert await counted(world, by, None) == expected, by
            assert await counted(world, by, now) == expected, by
        earlier = MONDAY.astimezone(CHINA) + timedelta(hours=cut)
        for by in (By.RESPONDER, By.DAY, By.CATEGORY):
            assert await counted(world, by, earlier) == read_by_hand(histories, by, earlier), by


async def test_what_is_still_to_be_counted_is_told(world: World) -> None:
    request_id = (await world.submit())["id"]
    async with world.database.transaction(world.code) as session:
        noted = "INSERT INTO rate_pending (community_code, request_id) VALUES (:code, :id) ON CONFLICT DO NOTHING"
        await session.execute(text(noted), {"code": world.code, "id": request_id})
        assert await count_pending(session, world.code) == 1
        assert await count_pending(session, world.code[:6]) >= 1
        assert await count_pending(session, "999999") == 0
    for path in (RATES, SERIES):
        await count(world)
        assert (await world.get("head", f"{path}?{MARCH}"))["uncounted"] == 0
