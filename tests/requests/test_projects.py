"""A project from its plan to its acceptance: nobody spends what is not there, and whoever asked is answered."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from PIL import Image

from services.requests.projects.service import APPROVED, RESUMED, STARTED
from services.requests.projects.timers import warn_of_delays
from shared.clock import china_today, utc_now
from tests.principals import bearer
from tests.requests.deliberating import asked, resolved
from tests.requests.world import World

URL = "/v1/projects"
HERE = {"longitude": 109.84, "latitude": 40.65, "crs": "wgs84"}


def day(ahead: int) -> str:
    return (china_today() + timedelta(days=ahead)).isoformat()


def plan(world: World, **more: Any) -> dict[str, Any]:
    return {
        "title": "口袋公园",
        "description": "空地铺路、种树、设座椅",
        "theme": "beauty",
        "sponsor_responder_id": str(world.responder),
        "place": "3号楼南侧",
        "position": HERE,
        "start_on": day(0),
        "end_on": day(60),
        "funding": [{"source": "unit", "amount_fen": 800_000_00}, {"source": "community", "amount_fen": 200_000_00}],
        "milestones": [{"title": "铺路", "planned_on": day(20)}, {"title": "种树", "planned_on": day(40)}],
    } | more


class Project:
    """A project of a world, and the verbs that lead it on."""

    def __init__(self, world: World, made: dict[str, Any]) -> None:
        self.world, self.made, self.path = world, made, f"{URL}/{made['id']}"
        self.representative = uuid4()

    async def post(self, verb: str, json: Any = None, *, role: str = "staff", **claims: Any) -> dict[str, Any]:
        return await self.world.post(role, f"{self.path}/{verb}", json, **claims)

    async def refused(self, verb: str, json: Any = None, *, role: str = "staff", **claims: Any) -> tuple[int, str]:
        answer = await self.world.call(role, "POST", f"{self.path}/{verb}", json, **claims)
        return answer.status_code, answer.json().get("code", "")

    async def read(self, role: str = "staff", **claims: Any) -> dict[str, Any]:
        return await self.world.get(role, self.path, **claims)

    async def build(self) -> dict[str, Any]:
        """Approved by the office, then built and handed in by the unit."""
        await self.post("approve")
        await self.post("start", role="responder")
        for milestone in self.made["milestones"]:
            await self.post(f"milestones/{milestone['id']}/reach", {"reached_on": day(0)}, role="responder")
        return await self.post("complete", {"text": "已建成"}, role="responder")

    async def inspect(self, *, passed: bool = True) -> None:
        """By a representative of the residents, who signs, and by the community, on paper."""
        inspectors = [
            {"person_id": str(self.representative), "capacity": "representative"},
            {"account": f"head-{self.world.code}", "capacity": "community"},
        ]
        await self.post("inspectors", {"inspectors": inspectors})
        named = (await self.world.get("staff", f"{self.path}/inspections"))["items"][-2:]
        by_capacity = {each["capacity"]: each["id"] for each in named}
        sign = {"passed": passed, "note": "座椅很稳"}
        path = f"inspections/{by_capacity['representative']}/sign"
        await self.post(path, sign, role="resident", person=self.representative)
        await self.post(f"inspections/{by_capacity['community']}/sign", {"passed": True})

    async def event_names(self) -> list[str]:
        rows = [row for row in await self.world.published() if row.subject == self.path.removeprefix("/v1/")]
        return [row.type.split(".")[1] for row in rows]


async def planned(world: World, **more: Any) -> Project:
    return Project(world, await world.post("staff", URL, plan(world, **more)))


async def test_whoever_asked_is_answered_by_its_acceptance_and_rates_it(world: World) -> None:
    requests = await asked(world, 4)
    ids = list(requests)
    await world.post("staff", f"{ids[0]}/accept")
    await world.post("resident", f"{ids[3]}/withdraw", {}, person=requests[ids[3]], household=None)
    table = await resolved(world, requests)
    await table.post("publish")
    project = Project(world, await world.post("staff", f"{table.path}/projects", plan(world)))
    assert project.made["request_count"] == 4
    await project.build()
    await project.inspect()
    accepted = await project.post("accept", {"text": "口袋公园已建成开放"})
    assert (accepted["state"], accepted["inspections"]) == ("accepted", {"named": 2, "passed": 2, "failed": 0})
    for request_id in ids[:3]:
        own = {"person": requests[request_id], "household": None}
        lines = (await world.get("resident", f"{request_id}/updates", **own))["items"]
        assert (lines[-1]["step"], lines[-1]["text"]) == ("resolved", "口袋公园已建成开放")
        assert lines[-1]["detail"] == {"type": "project", "id": project.made["id"], "state": "accepted"}
        assert (await world.get("resident", request_id, **own))["state"] == "resolved"
        assert (await world.event_names(request_id))[-1] == "request_resolved"
        await world.post("resident", f"{request_id}/rating", {"score": 4, "solved": True, "satisfied": True}, **own)
    assert (await world.get("staff", ids[3]))["state"] == "withdrawn"
    rating = (await project.read("resident", person=uuid4()))["rating"]
    assert rating == {"count": 3, "average": 4.0, "solved": 3, "satisfied": 3, "pennants": 0}
    assert (await table.read())["carried_out_at"] is not None
    assert await project.event_names() == [
        "project_approved", "project_started", "project_completed", "project_inspection_asked", "project_accepted",
    ]  # fmt: skip
    assert (await project.post("close"))["state"] == "closed"


async def test_what_is_solved_already_is_told_and_stays(world: World) -> None:
    requests = await asked(world, 1)
    ((request_id, person),) = requests.items()
    await world.post("staff", f"{request_id}/accept")
    await world.post("staff", f"{request_id}/resolve", {"text": "先放了长椅"})
    project = await planned(world, request_ids=[request_id])
    await project.build()
    await project.inspect()
    await project.post("accept", {"text": "建好了"})
    lines = (await world.get("resident", f"{request_id}/updates", person=person, household=None))["items"]
    assert [line["step"] for line in lines[-3:]] == ["linked", "linked", "linked"]
    assert lines[-1]["text"] == "建好了"


async def test_only_what_was_resolved_opens_projects(world: World) -> None:
    table = await resolved(world)
    other = await world.post("staff", "/v1/deliberations", {"title": "议", "purpose": "议"})
    refused = await world.call("staff", "POST", f"/v1/deliberations/{other['id']}/projects", plan(world))
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong-state")
    made = await world.post("staff", f"{table.path}/projects", plan(world, request_ids=[]))
    assert (made["deliberation_id"], made["request_count"]) == (table.id, 0)


async def test_residents_read_what_is_approved_and_the_builder_what_is_planned(world: World) -> None:
    project = await planned(world)
    for role, seen in (("resident", 404), ("grid_worker", 200), ("responder", 200), ("supervisor", 200)):
        claims = {"area": world.code[:6]} if role == "supervisor" else {}
        assert (await world.call(role, "GET", project.path, **claims)).status_code == seen
    assert (await world.call("responder", "GET", project.path, responder=uuid4())).status_code == 404
    assert (await world.get("resident", URL))["items"] == []
    await project.post("approve")
    shown = await project.read("resident")
    assert (shown["budget_fen"], shown["request_ids"]) == (1_000_000_00, None)
    assert [item["id"] for item in (await world.get("resident", f"{URL}?theme=beauty"))["items"]] == [shown["id"]]
    (feature,) = (await world.get("resident", f"{URL}/map"))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [109.84, 40.65]}
    assert feature["properties"]["title"] == "口袋公园"


async def test_only_the_office_and_the_builder_work_on_it(world: World) -> None:
    project = await planned(world)
    assert await project.refused("start", role="responder") == (409, "wrong-state")
    await project.post("approve")
    other = {"role": "responder", "responder": uuid4()}
    update = {"words": "开工", "progress": 10}
    assert await project.refused("start", **other) == (403, "forbidden")
    assert await project.refused("updates", update, **other) == (403, "forbidden")
    assert await project.refused("approve", role="responder") == (403, "forbidden")
    await project.post("start", role="responder")
    await project.post("updates", update, role="responder")
    told = (await world.get("resident", f"{project.path}/updates"))["items"]
    assert [(each["words"], each["progress"]) for each in told] == [("开工", 10), (STARTED, 0), (APPROVED, 0)]
    assert (await project.read("resident"))["progress"] == 10


async def test_money_is_spent_within_the_budget(world: World) -> None:
    project = await planned(world, funding=[])
    assert await project.refused("approve") == (409, "unfunded")
    await project.post("funding", {"source": "government", "amount_fen": 1_000})
    await project.post("approve")

    def line(amount: int) -> dict[str, Any]:
        return {"amount_fen": amount, "spent_on": day(0), "words": "苗木"}

    await project.post("spending", line(900), role="responder")
    assert await project.refused("spending", line(101)) == (409, "budget-exceeded")
    assert await project.refused("spending", line(-901)) == (409, "nothing-spent")
    assert await project.refused("spending", line(0)) == (422, "validation")
    await project.post("spending", line(-400))
    shown = await project.read("resident")
    assert (shown["budget_fen"], shown["spent_fen"]) == (1_000, 500)
    spent = (await world.get("resident", f"{project.path}/spending"))["items"]
    assert [each["amount_fen"] for each in spent] == [-400, 900]


async def test_it_is_handed_in_with_every_milestone_reached(world: World) -> None:
    project = await planned(world)
    await project.post("approve")
    await project.post("start")
    assert await project.refused("complete", {"text": "好了"}) == (409, "milestones-open")
    first, second = project.made["milestones"]
    reach = f"milestones/{first['id']}/reach"
    assert await project.refused(reach, {"reached_on": day(1)}) == (422, "validation")
    assert (await project.post(reach, {"reached_on": day(0)}))["is_late"] is False
    assert await project.refused(reach, {"reached_on": day(0)}) == (409, "milestone-reached")
    path = f"{project.path}/milestones/{second['id']}"
    assert (await world.call("staff", "PATCH", path, {"planned_on": day(50)})).status_code == 428
    tag = {"If-Match": f'"{second["version"]}"'}
    moved = await world.call("staff", "PATCH", path, {"planned_on": day(50)}, headers=tag)
    assert moved.json()["planned_on"] == day(50)
    assert (await world.call("staff", "PATCH", path, {"title": "x"}, headers=tag)).status_code == 412


async def test_a_delay_is_told_once_for_each_plan_and_only_of_what_is_under_way(world: World) -> None:
    project = await planned(world, milestones=[{"title": "铺路", "planned_on": day(2)}])

    async def warn(days: int) -> int:
        with time_machine.travel(utc_now() + timedelta(days=days)):
            async with world.database.transaction(world.code) as session:
                return await warn_of_delays(session)

    assert await warn(3) == 0
    await project.post("approve")
    assert [await warn(2), await warn(3), await warn(4)] == [0, 1, 0]
    milestone = project.made["milestones"][0]
    tag = {"If-Match": f'"{milestone["version"]}"'}
    path = f"{project.path}/milestones/{milestone['id']}"
    await world.call("staff", "PATCH", path, {"planned_on": day(10)}, headers=tag)
    assert [await warn(10), await warn(11)] == [0, 1]
    assert (await project.event_names()).count("project_delayed") == 2
    await project.post("cancel", {"text": "规划调整"})
    assert await warn(30) == 0


async def test_acceptance_needs_the_community_and_the_residents_and_everybody(world: World) -> None:
    project = await planned(world)
    await project.build()
    text = {"text": "通过"}
    assert await project.refused("accept", text) == (409, "not-accepted")
    community = {"account": "somebody", "capacity": "community"}
    await project.post("inspectors", {"inspectors": [community]})
    assert await project.refused("inspectors", {"inspectors": [community]}) == (409, "inspector-named")
    one = (await world.get("staff", f"{project.path}/inspections"))["items"][0]
    await project.post(f"inspections/{one['id']}/sign", {"passed": True})
    assert await project.refused(f"inspections/{one['id']}/sign", {"passed": False}) == (409, "already-signed")
    assert await project.refused("accept", text) == (409, "not-accepted")


async def test_what_fails_is_built_again_and_inspected_anew(world: World) -> None:
    project = await planned(world)
    await project.build()
    await project.inspect(passed=False)
    assert await project.refused("accept", {"text": "通过"}) == (409, "not-accepted")
    again = await project.post("rework", {"text": "座椅松动, 返工"})
    assert (again["state"], again["round"], again["inspections"]["named"]) == ("in_progress", 2, 0)
    await project.post("complete", {"text": "已修好"})
    await project.inspect()
    assert (await project.post("accept", {"text": "通过"}))["state"] == "accepted"
    assert len((await world.get("staff", f"{project.path}/inspections"))["items"]) == 4


async def test_inspectors_sign_for_themselves_and_read_their_own(world: World) -> None:
    project = await planned(world)
    await project.build()
    await project.inspect()
    own = {"person": project.representative, "household": None}
    (seen,) = (await world.get("resident", f"{project.path}/inspections", **own))["items"]
    assert (seen["note"], seen["passed"]) == ("座椅很稳", True)
    assert (await world.get("resident", f"{project.path}/inspections"))["items"] == []
    stored = await world.sql("SELECT note_sealed FROM project_inspection WHERE note_sealed IS NOT NULL")
    assert "座椅".encode() not in bytes(stored[0].note_sealed)
    await project.post("rework", {"text": "再看看"})
    await project.post("complete", {"text": "好了"})
    third = {"person_id": str(uuid4()), "capacity": "requester"}
    await project.post("inspectors", {"inspectors": [third]})
    asked_to = (await world.get("staff", f"{project.path}/inspections"))["items"][-1]
    path = f"inspections/{asked_to['id']}/sign"
    assert await project.refused(path, {"passed": True}, role="resident", **own) == (403, "forbidden")


async def test_an_erased_inspector_is_forgotten_and_their_vote_stays(world: World) -> None:
    project = await planned(world)
    await project.build()
    await project.inspect()
    gone = str(project.representative)
    await world.deliver("residents.person_erased.v1", {"person_id": gone}, subject=f"people/{gone}")
    items = (await world.get("staff", f"{project.path}/inspections"))["items"]
    assert [(each["person_id"], each["note"], each["passed"]) for each in items] == [
        (None, None, True), (None, None, True),
    ]  # fmt: skip
    assert (await project.post("accept", {"text": "通过"}))["state"] == "accepted"


async def test_what_stops_goes_on_where_it_stood(world: World) -> None:
    project = await planned(world)
    await project.post("approve")
    assert (await project.post("suspend", {"text": "等雨停"}))["state"] == "suspended"
    assert await project.refused("start") == (409, "wrong-state")
    assert (await project.post("resume"))["state"] == "approved"
    await project.post("start")
    await project.post("suspend", {"text": "冬季停工"})
    assert (await project.post("resume"))["state"] == "in_progress"
    told = (await world.get("resident", f"{project.path}/updates"))["items"]
    turns = [RESUMED, "冬季停工", STARTED, RESUMED, "等雨停", APPROVED]
    assert [each["words"] for each in told] == turns, "every turn is written down"


async def test_giving_up_is_told_to_whoever_asked(world: World) -> None:
    requests = await asked(world, 2)
    project = await planned(world, request_ids=list(requests))
    await project.post("cancel", {"text": "地下有管线, 不能施工"})
    for request_id, person in requests.items():
        line = (await world.get("resident", f"{request_id}/updates", person=person, household=None))["items"][-1]
        assert (line["text"], line["detail"]["state"]) == ("地下有管线, 不能施工", "cancelled")
        assert (await world.get("staff", request_id))["state"] == "submitted"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"end_on": day(-1)}, ""),
        ({"grid_code": "150207999999001"}, "/grid_code"),
        ({"request_ids": [str(UUID(int=1))]}, "/request_ids"),
    ],
    ids=["ends before it starts", "another community's grid", "unknown request"],
)
async def test_a_plan_that_does_not_fit_is_refused(world: World, more: dict[str, Any], pointer: str) -> None:
    answer = await world.call("staff", "POST", URL, plan(world, **more))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await world.get("staff", URL))["items"] == []


async def test_photos_show_before_during_and_after(world: World) -> None:
    project = await planned(world)
    await project.post("approve")
    buffer = BytesIO()
    Image.new("RGB", (40, 30), "green").save(buffer, "PNG")
    token = bearer("responder", **world.claims("responder"))
    for stage in ("before", "after"):
        url = f"{project.path}/photos?stage={stage}"
        sent = await world.http.post(url, content=buffer.getvalue(), headers=token | {"Content-Type": "image/png"})
        assert sent.status_code == 201, sent.text
    photos = (await world.get("resident", f"{project.path}/photos"))["items"]
    assert [photo["stage"] for photo in photos] == ["before", "after"]
    picture = await world.call("resident", "GET", f"{project.path}/photos/{photos[0]['id']}")
    assert (picture.headers["content-type"], picture.content[:2]) == ("image/jpeg", b"\xff\xd8")


async def test_a_photo_is_taken_back_by_whoever_sent_it_or_the_office(world: World) -> None:
    project = await planned(world)
    await project.post("approve")
    buffer = BytesIO()
    Image.new("RGB", (40, 30), "green").save(buffer, "PNG")
    sent: dict[str, list[str]] = {"responder": [], "staff": []}
    for role in ("responder", "responder", "staff"):
        headers = bearer(role, **world.claims(role)) | {"Content-Type": "image/png"}
        answer = await world.http.post(
            f"{project.path}/photos?stage=during", content=buffer.getvalue(), headers=headers
        )
        sent[role].append(answer.json()["id"])
    (by_unit, with_a_face), (by_office,) = sent["responder"], sent["staff"]

    async def withdraw(role: str, photo_id: str, **claims: Any) -> int:
        return (await world.call(role, "POST", f"{project.path}/photos/{photo_id}/withdraw", **claims)).status_code

    assert await withdraw("resident", by_unit) == 403
    assert await withdraw("responder", by_unit, responder=uuid4()) == 403
    assert await withdraw("responder", by_office) == 403
    assert await withdraw("responder", by_unit) == 204
    assert await withdraw("staff", with_a_face) == 204
    assert await withdraw("staff", with_a_face) == 404, "it is gone"
    left = (await world.get("resident", f"{project.path}/photos"))["items"]
    assert [photo["id"] for photo in left] == [by_office]
    for gone in (by_unit, with_a_face):
        assert (await world.call("resident", "GET", f"{project.path}/photos/{gone}")).status_code == 404


async def test_a_plan_changes_under_its_version(world: World) -> None:
    project = await planned(world)
    tag = {"If-Match": f'"{project.made["version"]}"'}
    body = {"title": "更大的公园", "position": None, "sponsor_responder_id": None}
    changed = await world.call("staff", "PATCH", project.path, body, headers=tag)
    shown = changed.json()
    assert (shown["title"], shown["longitude"], shown["sponsor_responder_id"]) == ("更大的公园", None, None)
    assert (await world.call("staff", "PATCH", project.path, body, headers=tag)).status_code == 412
    late = {"If-Match": f'"{shown["version"]}"'}
    wrong = await world.call("staff", "PATCH", project.path, {"end_on": day(-9)}, headers=late)
    assert wrong.status_code == 422
