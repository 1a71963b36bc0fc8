"""Story 6, the visit: a yellow household is visited, two needs are written down and both are tracked to their end."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.clock import CHINA
from stack.demo.places import demo_grids
from stack.demo.stories.actors import Actor, City, Json, StoryBroken
from stack.demo.stories.lost_elder import Tell

GRID = demo_grids()[2]
WORKER = "worker03"
NEEDS = (
    ("public_services.elder_care", "希望每周有人送一次菜上门"),
    ("livelihood.water_heating", "厨房水管漏水, 已经用盆接了两天"),
)


@dataclass
class TheVisit:
    """What the story has seen so far; tests look at it when it is over."""

    worker: Actor
    staff: Actor
    due: list[Json] = field(default_factory=list)
    """The yellow households of the worker's grid."""
    household: Json = field(default_factory=dict)
    person: Json = field(default_factory=dict)
    card_before: Json = field(default_factory=dict)
    card_after: Json = field(default_factory=dict)
    contact_card: Json = field(default_factory=dict)
    requests: list[Json] = field(default_factory=list)
    replay: Json = field(default_factory=dict)


async def play(city: City, tell: Tell) -> TheVisit:
    """Play the story; StoryBroken if the system does something else."""
    seen = TheVisit(worker=await city.with_password(WORKER), staff=await city.with_password("staff"))
    await _choose(seen, tell)
    await _explain(seen, tell)
    await _write_down(seen, tell)
    await _find_out(seen, tell)
    await _work(seen, tell)
    await _call_back(seen, tell)
    return seen


async def _choose(seen: TheVisit, tell: Tell) -> None:
    scheme = (await seen.worker.get("/v1/colour-schemes", limit=1))["items"][0]
    yellow = next(colour for colour in scheme["colours"] if colour["code"] == "yellow")
    tell("户卡方案: 黄户多久走访一次 / How often a yellow household is visited", {
        "meaning": yellow["meaning"]["zh"], "visit_interval_days": yellow["visit_interval_days"],
    })  # fmt: skip
    listed = await seen.worker.get("/v1/households", colour="yellow", grid_code=GRID.code, limit=200)
    seen.due = listed["items"]
    seen.household = seen.due[0]
    seen.card_before = await seen.worker.get(f"/v1/households/{seen.household['id']}/card")
    people = await seen.worker.get("/v1/people", household_id=seen.household["id"])
    seen.person = max(people["items"], key=lambda person: person["age"] or 0)
    tell("本网格的黄户, 今天走访第一户 / The grid's yellow households; today the first", {
        "households": len(seen.due), "building": seen.household["building"], "why": seen.card_before["facts"],
    })  # fmt: skip


async def _explain(seen: TheVisit, tell: Tell) -> None:
    cards = await seen.worker.get("/v1/contact-cards", household_id=seen.household["id"])
    issued = next((card for card in cards["items"] if card["state"] in ("issued", "delivered")), None)
    if issued is None:
        raise StoryBroken("the household has no contact card")
    if issued["state"] == "issued":
        issued = await seen.worker.post(f"/v1/contact-cards/{issued['id']}/deliver", {"is_explained": True})
    seen.contact_card = issued
    tell("自我介绍, 送上联系卡并讲解 / The contact card is handed over and explained", {"state": issued["state"]})


async def _write_down(seen: TheVisit, tell: Tell) -> None:
    address = {name: seen.household[name] for name in ("compound", "building", "unit")}
    for category, description in NEEDS:
        request = await seen.worker.post(
            "/v1/service-requests",
            {
                "category": category,
                "description": description,
                "channel": "visit",
                "household_id": seen.household["id"],
                "requester_person_id": seen.person["id"],
                "place": {"address": address},
            },
        )
        seen.requests.append(request)
        tell("记下一件需求 / A need is written down", {"category": request["category"], "state": request["state"]})


async def _find_out(seen: TheVisit, tell: Tell) -> None:
    """What the worker learns at the table changes the colour at once, and with it the interval."""
    await seen.worker.post(f"/v1/people/{seen.person['id']}/tags", {"kind": "dementia", "evidence": "医院诊断书"})
    path = f"/v1/households/{seen.household['id']}/card"
    seen.card_after = await seen.worker.get(path)
    changes = (await seen.worker.get(f"{path}/history"))["items"]
    changed_on = datetime.fromisoformat(changes[0]["began_at"]).astimezone(CHINA).date()
    seen.replay = await seen.worker.get(f"{path}/replay", on=changed_on)
    tell("得知老人确诊认知症: 户卡当即变色 / A diagnosis: the card changes colour at once", {
        "from": seen.card_before["colour"], "to": seen.card_after["colour"], "why": seen.card_after["facts"],
        "visit_interval_days": seen.card_after["visit_interval_days"],
    })  # fmt: skip


async def _work(seen: TheVisit, tell: Tell) -> None:
    for request in seen.requests:
        order = await seen.worker.eventually(
            "/v1/work-orders",
            lambda answer, of=request["id"]: next((o for o in answer["items"] if o["request_id"] == of), None),
            mine=True,
            state="assigned",
        )
        path = f"/v1/work-orders/{order['id']}"
        for verb, body in (("acknowledge", None), ("start", None), ("complete", {"outcome": "done", "note": "已办好"})):
            order = await seen.worker.post(f"{path}/{verb}", body)
        tell("接单、办理、办结 / Taken up, worked, done", {"category": order["category"], "state": order["state"]})


async def _call_back(seen: TheVisit, tell: Tell) -> None:
    for number, request in enumerate(seen.requests):
        path = f"/v1/service-requests/{request['id']}"
        await seen.staff.eventually(path, lambda answer: answer["state"] == "resolved")
        seen.requests[number] = await seen.staff.post(f"{path}/confirm", {"how": "phone", "satisfied": True})
        tell("电话回访, 确认办结 / Called back and confirmed", {"state": seen.requests[number]["state"]})
