"""Story 5, the pocket park: twelve requests cluster, a deliberation resolves, a unit builds, all twelve rate it."""

from dataclasses import dataclass, field
from datetime import timedelta

from shared.clock import china_today, utc_now
from stack.demo.people import demo_households
from stack.demo.places import demo_grids
from stack.demo.stories.actors import Actor, City, Json, StoryBroken
from stack.demo.stories.lost_elder import Tell

GRID = demo_grids()[5]
CATEGORY = "livelihood.greenery"
ASKED = 12
APART = 0.0001
"""Degrees of latitude between one request and the next: eleven metres."""
RESOLUTION = "同意把闲置空地建成口袋公园, 由园林队施工"
RESULT = "口袋公园已建成开放: 铺路、栽树、设座椅十二张"


@dataclass
class ThePocketPark:
    """What the story has seen so far; tests look at it when it is over."""

    staff: Actor
    builder: Actor
    askers: list[Actor]
    requests: list[Json] = field(default_factory=list)
    cluster: Json = field(default_factory=dict)
    seats: list[Json] = field(default_factory=list)
    refused: Json = field(default_factory=dict)
    """What the office was told when it opened the meeting with nobody there."""
    deliberation: Json = field(default_factory=dict)
    board: list[Json] = field(default_factory=list)
    """What residents read on the community's board."""
    project: Json = field(default_factory=dict)
    timelines: list[list[Json]] = field(default_factory=list)
    """The public lines of each request, as its requester read them last."""
    notices: list[list[str]] = field(default_factory=list)
    """Kinds of what each requester was told."""


async def play(city: City, tell: Tell) -> ThePocketPark:
    """Play the story; StoryBroken if the system does something else."""
    seen = ThePocketPark(
        staff=await city.with_password("staff"),
        builder=await city.with_password("greenery"),
        askers=[await city.with_phone(f"asker {number}", phone) for number, phone in enumerate(_phones(), start=1)],
    )
    await _ask(seen, tell)
    await _find_the_cluster(seen, tell)
    await _invite(seen, tell)
    await _meet(seen, tell)
    await _publish(seen, tell)
    await _build(seen, tell)
    await _inspect(seen, tell)
    await _hear_and_rate(seen, tell)
    return seen


def _phones() -> list[str]:
    people = (person for household in demo_households() for person in household.members)
    return [person.phone for person in people if person.phone and 30 <= person.age < 60][:ASKED]


async def _ask(seen: ThePocketPark, tell: Tell) -> None:
    longitude, latitude = GRID.centre
    for number, asker in enumerate(seen.askers):
        position = {"longitude": longitude, "latitude": round(latitude + number * APART, 6), "crs": "wgs84"}
        body = {
            "category": CATEGORY,
            "title": "空地想建个小公园",
            "description": "楼前空地堆着杂物, 老人孩子没处去",
            "place": {"position": position},
            "share_with_household": False,
        }
        seen.requests.append(await asker.post("/v1/service-requests", body))
    tell("十二位居民反映同一片空地 / Twelve residents ask for the same waste ground", {
        "requests": len(seen.requests), "category": CATEGORY, "grid": seen.requests[0]["grid_code"],
    })  # fmt: skip


async def _find_the_cluster(seen: ThePocketPark, tell: Tell) -> None:
    found = await seen.staff.get("/v1/request-clusters", category=CATEGORY, radius_m=100, at_least=ASKED)
    ours = {request["id"] for request in seen.requests}
    seen.cluster = next(cluster for cluster in found["items"] if ours <= set(cluster["request_ids"]))
    tell("系统发现重复诉求 / They are found to be one and the same matter", {
        "count": seen.cluster["count"], "requesters": seen.cluster["requester_count"], "centre": seen.cluster["centre"],
    })  # fmt: skip


async def _invite(seen: ThePocketPark, tell: Tell) -> None:
    proposed = await seen.staff.post(
        "/v1/deliberations",
        {
            "title": "楼前空地怎么用",
            "purpose": "十二位居民反映楼前空地闲置, 商议改造方案和资金",
            "agenda": ["改造方案", "资金和施工单位"],
            "request_ids": seen.cluster["request_ids"],
        },
    )
    path = f"/v1/deliberations/{proposed['id']}"
    people = [(await asker.get("/v1/me"))["person_id"] for asker in seen.askers[:5]]
    unit = (await seen.builder.get("/v1/me"))["responder_id"]
    seats: list[Json] = [{"person_id": people[0], "role": "chair", "capacity": "representative"}]
    seats += [{"person_id": person, "capacity": "resident"} for person in people[1:]]
    seats += [{"responder_id": unit, "capacity": "unit"}]
    await seen.staff.post(f"{path}/participants", {"participants": seats})
    begins_at = (utc_now() + timedelta(days=3)).isoformat()
    called = {"begins_at": begins_at, "venue": "党群驿家", "quorum": "two_thirds"}
    seen.deliberation = await seen.staff.post(f"{path}/schedule", called)
    seen.seats = seen.deliberation["participants"]
    for asker in seen.askers[:5]:
        await asker.eventually("/v1/notices", lambda inbox: _told(inbox, "deliberation_invited"))
        own = (await asker.get(path))["seat_id"]
        await asker.post(f"{path}/participants/{own}/reply", {"reply": "accepted"})
    tell("居民和园林队受邀议事 / Residents and the gardeners are invited", {
        "seats": len(seen.seats), "quorum": seen.deliberation["quorum"], "agenda": seen.deliberation["agenda"],
    })  # fmt: skip


def _told(inbox: Json, kind: str) -> bool:
    return any(notice["kind"] == kind for notice in inbox["items"])


async def _meet(seen: ThePocketPark, tell: Tell) -> None:
    path = f"/v1/deliberations/{seen.deliberation['id']}"
    seen.refused = (await seen.staff.try_post(f"{path}/hold")).json()
    tell("没有到够法定人数, 不能开会 / Nobody is there: the meeting cannot be opened", {"why": seen.refused["title"]})
    for seat in seen.seats:
        await seen.staff.post(f"{path}/participants/{seat['id']}/check-in")
    await seen.staff.post(f"{path}/hold")
    words = {"words": "把空地建成口袋公园", "ballot": "secret", "majority": "two_thirds"}
    motion = await seen.staff.post(f"{path}/motions", words)
    for number, voter in enumerate((*seen.askers[:5], seen.builder)):
        choice = "abstained" if number == 4 else "in_favour"
        await voter.post(f"{path}/motions/{motion['id']}/votes", {"choice": choice})
    closed = await seen.staff.post(f"{path}/motions/{motion['id']}/close")
    tell("无记名表决通过 / A secret ballot carries it", {"votes": closed["heads"], "outcome": closed["outcome"]})


async def _publish(seen: ThePocketPark, tell: Tell) -> None:
    path = f"/v1/deliberations/{seen.deliberation['id']}"
    await seen.staff.post(f"{path}/minutes", {"text": "居民代表介绍情况, 园林队说明方案, 一人担心噪音, 商定白天施工"})
    await seen.askers[0].post(f"{path}/approve-minutes")
    term = (china_today() + timedelta(days=90)).isoformat()
    await seen.staff.post(f"{path}/resolve", {"text": RESOLUTION, "carry_out_by": term})
    seen.deliberation = await seen.staff.post(f"{path}/publish")
    seen.board = (await seen.askers[-1].get("/v1/deliberations/published"))["items"]
    tell("决议上墙, 十二人都收到 / The resolution is on the board and before all twelve", {
        "resolution": seen.deliberation["resolution"], "requests": seen.deliberation["request_count"],
    })  # fmt: skip


async def _build(seen: ThePocketPark, tell: Tell) -> None:
    today = china_today()
    longitude, latitude = GRID.centre
    opened = await seen.staff.post(
        f"/v1/deliberations/{seen.deliberation['id']}/projects",
        {
            "title": "楼前口袋公园",
            "description": "清运杂物, 铺路、栽树、设座椅",
            "theme": "beauty",
            "sponsor_responder_id": (await seen.builder.get("/v1/me"))["responder_id"],
            "grid_code": GRID.code,
            "position": {"longitude": longitude, "latitude": latitude, "crs": "wgs84"},
            "start_on": today.isoformat(),
            "end_on": (today + timedelta(days=60)).isoformat(),
            "funding": [
                {"source": "unit", "amount_fen": 60_000_00},
                {"source": "community", "amount_fen": 20_000_00},
            ],
            "milestones": [
                {"title": "清运杂物", "planned_on": (today + timedelta(days=7)).isoformat()},
                {"title": "栽树设座椅", "planned_on": (today + timedelta(days=50)).isoformat()},
            ],
        },
    )
    path = f"/v1/projects/{opened['id']}"
    await seen.staff.post(f"{path}/approve")
    await seen.builder.post(f"{path}/start")
    for milestone in opened["milestones"]:
        reached = {"reached_on": today.isoformat()}
        await seen.builder.post(f"{path}/milestones/{milestone['id']}/reach", reached)
    paid = {"amount_fen": 75_000_00, "spent_on": today.isoformat(), "words": "苗木、铺装和座椅"}
    await seen.builder.post(f"{path}/spending", paid)
    seen.project = await seen.builder.post(f"{path}/complete", {"text": "已完工, 请验收"})
    tell("园林队施工, 节点和支出公开 / The gardeners build; milestones and money are open to all", {
        "state": seen.project["state"], "budget": seen.project["budget_fen"], "spent": seen.project["spent_fen"],
    })  # fmt: skip


async def _inspect(seen: ThePocketPark, tell: Tell) -> None:
    path = f"/v1/projects/{seen.project['id']}"
    chair = (await seen.askers[0].get("/v1/me"))["person_id"]
    inspectors = [
        {"person_id": chair, "capacity": "representative"},
        {"account": "staff", "capacity": "community"},
    ]
    await seen.staff.post(f"{path}/inspectors", {"inspectors": inspectors})
    (own,) = (await seen.askers[0].get(f"{path}/inspections"))["items"]
    await seen.askers[0].post(f"{path}/inspections/{own['id']}/sign", {"passed": True, "note": "座椅稳当, 路面平整"})
    left = [each for each in (await seen.staff.get(f"{path}/inspections"))["items"] if each["signed_at"] is None]
    for inspection in left:
        await seen.staff.post(f"{path}/inspections/{inspection['id']}/sign", {"passed": True})
    seen.project = await seen.staff.post(f"{path}/accept", {"text": RESULT})
    tell("居民代表签字, 验收通过 / A residents' representative signs: it is accepted", {
        "state": seen.project["state"], "inspections": seen.project["inspections"],
    })  # fmt: skip


async def _hear_and_rate(seen: ThePocketPark, tell: Tell) -> None:
    for asker, request in zip(seen.askers, seen.requests, strict=True):
        path = f"/v1/service-requests/{request['id']}"
        inbox = await asker.eventually("/v1/notices", lambda inbox, of=request["id"]: _resolved(inbox, of), limit=200)
        seen.notices.append([notice["kind"] for notice in inbox])
        seen.timelines.append((await asker.get(f"{path}/updates"))["items"])
        await asker.post(f"{path}/rating", {"score": 5, "solved": True, "satisfied": True, "commendation": "thanks"})
    seen.project = await seen.askers[-1].get(f"/v1/projects/{seen.project['id']}")
    seen.deliberation = await seen.staff.get(f"/v1/deliberations/{seen.deliberation['id']}")
    if seen.project["rating"]["count"] != ASKED:
        raise StoryBroken(f"{seen.project['rating']['count']} of {ASKED} have rated it")
    tell("十二人都收到结果并评价 / All twelve hear of it and rate it", {
        "rating": seen.project["rating"], "carried out": seen.deliberation["carried_out_at"] is not None,
    })  # fmt: skip


def _resolved(inbox: Json, request_id: str) -> list[Json] | None:
    """What was told of this request, once its result was."""
    ours = [notice for notice in inbox["items"] if notice["parameters"].get("request_id") == request_id]
    return ours if any(notice["kind"] == "request_resolved" for notice in ours) else None
