"""Story 1, the lost elder: a guard scans a card, the grid worker comes, the family is told, everybody is thanked."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.clock import utc_now
from stack.demo.accounts import DAUGHTER_PHONE
from stack.demo.places import demo_grids
from stack.demo.stories.actors import Actor, City, Json

Tell = Callable[[str, Json | None], None]
"""Told each step in words, with what the API answered."""

GRID = demo_grids()[0]
HAND_OVER_PHOTO = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000080000000808020000004b6d29dc0000001449444154789c"
    "6364686860c00698b08a0e5a0900cc88011050900dca0000000049454e44ae426082"
)
"""What the worker's phone takes; a few pixels stand for it."""


@dataclass
class LostElder:
    """What the story has seen so far; tests look at it when it is over."""

    guard: Actor
    worker: Actor
    daughter: Actor
    staff: Actor
    card: Json = field(default_factory=dict)
    public_answers: list[str] = field(default_factory=list)
    """Everything that the guard ever received, to be searched for personal data."""
    report: Json = field(default_factory=dict)
    order: Json = field(default_factory=dict)
    reported_at: datetime = field(default_factory=utc_now)
    alerted_after: float = 0.0
    case_id: str = ""
    person_id: str = ""
    revealed: Json = field(default_factory=dict)
    text_id: str = ""
    thread: list[tuple[str, str]] = field(default_factory=list)
    counted: Json = field(default_factory=dict)
    request: Json = field(default_factory=dict)


async def play(city: City, tell: Tell) -> LostElder:
    """Play the story; StoryBroken if the system does something else."""
    seen = await _gather(city, tell)
    await _report(seen, tell)
    await _alerted(seen, tell)
    await _moved(seen, tell)
    await _identified(seen, tell)
    await _family_told(seen, tell)
    await _talked(city, seen, tell)
    await _handed_over(seen, tell)
    await _thanked(seen, tell)
    await _counted(seen, tell)
    return seen


async def _gather(city: City, tell: Tell) -> LostElder:
    seen = LostElder(
        guard=city.stranger("guard"),
        worker=await city.with_password("worker01"),
        daughter=await city.with_phone("daughter", DAUGHTER_PHONE),
        staff=await city.with_password("staff"),
    )
    me = await seen.daughter.get("/v1/me")
    cards = await seen.staff.get("/v1/contact-cards", household_id=me["household_id"])
    seen.card = next(card for card in cards["items"] if card["state"] in ("issued", "delivered"))
    if seen.card["state"] == "issued":
        path = f"/v1/contact-cards/{seen.card['id']}/deliver"
        seen.card = await seen.worker.post(path, {"is_explained": True})
    tell("社区给每户发了民情联系卡 / Every household was given its contact card", {"card": seen.card["state"]})
    return seen


async def _report(seen: LostElder, tell: Tell) -> None:
    code = seen.card["code"]
    public = await seen.guard.fetch(f"/v1/public/contact-cards/{code}")
    page = await seen.guard.fetch(f"/c/{code}")
    seen.public_answers += [public.text, page.text]
    tell("学校保安扫了老人手里的卡 / A guard scans the card in the elder's hand", public.json())
    began, seen.reported_at = time.monotonic(), utc_now()
    seen.report = await seen.guard.post(
        f"/v1/public/contact-cards/{code}/found-reports",
        {
            "place_text": "实验小学东门保安室",
            "position": {"longitude": GRID.centre[0], "latitude": GRID.centre[1], "crs": "wgs84"},
            "note": "老人不记得家在哪里",
        },
    )
    seen.public_answers.append(str(seen.report))
    tell("保安报告老人在哪里 / The guard reports where she is", {"state": seen.report["state"]})
    seen.alerted_after = -began


async def _alerted(seen: LostElder, tell: Tell) -> None:
    def of_this_report(answer: Json) -> Json | None:
        for order in answer["items"]:
            is_of_a_case = (order["origin"] or {}).get("type") == "found_person"
            if is_of_a_case and datetime.fromisoformat(order["created_at"]) >= seen.reported_at:
                return order
        return None

    seen.order = await seen.worker.eventually("/v1/work-orders", of_this_report, mine=True, state="assigned")
    seen.alerted_after += time.monotonic()
    tell(
        f"网格员 {seen.alerted_after:.2f} 秒后收到派单 / The grid worker has the work order",
        {"state": seen.order["state"], "category": seen.order["category"], "tier": seen.order["tier"]},
    )
    seen.order = await seen.worker.post(f"/v1/work-orders/{seen.order['id']}/acknowledge")
    seen.case_id = seen.order["origin"]["id"]
    today = await seen.worker.get("/v1/worker/today")
    tell(
        "网格员的今日屏 / The worker's screen of the day",
        {name: len(part or []) for name, part in today.items() if isinstance(part, list)},
    )
    follow = f"/v1/public/found-reports/{seen.report['report_id']}"
    view = await seen.guard.eventually(
        follow,
        lambda answer: answer["state"] == "on_the_way" and answer,
        every=0.25,  # a phone's page asks rarely, and public reads are limited
        token=seen.report["follow_token"],
    )
    seen.public_answers.append(str(view))
    tell("保安看到有人正在赶来 / The guard sees that help is on the way", view)


async def _moved(seen: LostElder, tell: Tell) -> None:
    follow = {"Follow-Token": seen.report["follow_token"]}
    path = f"/v1/public/found-reports/{seen.report['report_id']}/sightings"
    seen.public_answers.append(str(await seen.guard.post(path, {"place_text": "校内传达室, 暖和一些"}, **follow)))
    trail = await seen.worker.get(f"/v1/found-persons/{seen.case_id}/trail")
    tell(
        "她们挪到了传达室, 网格员看到行踪 / They moved; the worker sees where to",
        {"points": [point["properties"]["place_text"] for point in trail["features"]]},
    )


async def _identified(seen: LostElder, tell: Tell) -> None:
    """She remembers a surname at most: it is found by pinyin and building, and the search is put on record."""
    found = await seen.worker.post(
        "/v1/people/search",
        {"purpose": "lost_person", "name": "shan", "compound": GRID.compound, "building": "1号楼", "age_from": 75},
    )
    tell("只记得姓, 按拼音和楼号查找 / Only a surname: found by pinyin and building", {"found": found["items"]})
    me = await seen.daughter.get("/v1/me")
    seen.person_id = next(row["id"] for row in found["items"] if row["household_id"] == me["household_id"])
    case = await seen.worker.post(f"/v1/found-persons/{seen.case_id}/identify", {"person_id": seen.person_id})
    await seen.worker.post(f"/v1/work-orders/{seen.order['id']}/start")
    seen.revealed = await seen.worker.post(
        f"/v1/found-persons/{seen.case_id}/reveal", {"fields": ["name", "cautions", "family_contacts", "finder"]}
    )
    contact = seen.revealed["family_contacts"][0]
    tell(
        "认出老人, 看到注意事项和家属电话(已记入审计) / Identified; cautions and the family's phone, on record",
        {"state": case["state"], "cautions": seen.revealed["cautions"], "call": contact["relation"]},
    )


async def _family_told(seen: LostElder, tell: Tell) -> None:
    told = await seen.worker.post(f"/v1/found-persons/{seen.case_id}/notify-family", {})
    called = await seen.worker.post(
        f"/v1/found-persons/{seen.case_id}/notify-family",
        {"way": "call", "contact_id": told["contact"]["id"], "result": "reached"},
    )
    seen.text_id = told["delivery_id"]
    tell("按顺序通知家属 / The family is told, in order of call", {"state": called["found_person"]["state"]})


async def _talked(city: City, seen: LostElder, tell: Tell) -> None:
    """Guard and daughter write to each other; the number that one of them gives does not arrive."""
    await seen.worker.post(f"/v1/found-persons/{seen.case_id}/arrange-meeting", {"place_text": "实验小学东门传达室"})
    text = await city.read_text(seen.text_id)
    link = f"/v1/public/family-links/{text.partition('/f/')[2].split()[0]}"
    family = city.stranger("family")
    view = await family.get(link)
    report = f"/v1/public/found-reports/{seen.report['report_id']}"
    follow = {"Follow-Token": seen.report["follow_token"]}
    asked = await seen.guard.post(f"{report}/messages", {"text": "老人在喝热水, 我的电话 199 0000 4321"}, **follow)
    await family.post(f"{link}/messages", {"text": "谢谢您! 我十分钟到"})
    thread = await seen.guard.get(f"{report}/messages", token=seen.report["follow_token"])
    seen.public_answers += [str(view), str(asked), str(thread)]
    seen.thread = [(message["side"], message["text"]) for message in thread["items"]]
    tell(
        "保安和女儿互相留言, 互不知道电话 / Guard and daughter write; neither learns a number",
        {"meet": view["meeting_place"], "messages": [f"{side}: {words}" for side, words in seen.thread]},
    )


async def _handed_over(seen: LostElder, tell: Tell) -> None:
    proof = await seen.worker.send(
        f"/v1/found-persons/{seen.case_id}/photos?kind=hand_over", HAND_OVER_PHOTO, "image/png"
    )
    case = await seen.worker.post(
        f"/v1/found-persons/{seen.case_id}/hand-over",
        {
            "photo_id": proof["id"],
            "identity_document": "identity_card",
            "receiver_name": seen.revealed["family_contacts"][0]["name"],
            "relation": "child",
            "identity_checked": True,
            "witness_name": "学校保安",
            "place": "实验小学东门",
        },
    )
    await seen.worker.post(f"/v1/found-persons/{seen.case_id}/close", {"outcome": "returned_home"})
    await seen.worker.post(f"/v1/work-orders/{seen.order['id']}/complete", {"outcome": "done", "note": "平安回家"})
    view = await seen.guard.get(
        f"/v1/public/found-reports/{seen.report['report_id']}", token=seen.report["follow_token"]
    )
    seen.public_answers.append(str(view))
    tell("见证下交接, 平安回家 / Handed over before a witness", {"case": case["state"], "guard sees": view["state"]})


async def _thanked(seen: LostElder, tell: Tell) -> None:
    path = f"/v1/service-requests/{seen.order['request_id']}"
    await seen.daughter.eventually(path, lambda request: request["state"] == "resolved")
    await seen.daughter.post(f"{path}/confirm", {"satisfied": True})
    rating = await seen.daughter.post(
        f"{path}/rating",
        {"score": 5, "solved": True, "satisfied": True, "commendation": "pennant", "text": "为民服务暖人心"},
    )
    seen.request = await seen.daughter.get(path)
    tell("家属确认并送来锦旗 / The family confirms, and leaves a pennant", {
        "request": seen.request["state"], "score": rating["score"], "commendation": rating["commendation"],
    })  # fmt: skip


async def _counted(seen: LostElder, tell: Tell) -> None:
    seen.counted = (await seen.staff.get("/v1/found-persons/statistics"))["total"]
    tell(
        "统计: 多久确认, 多久回家 / How long it took, in the statistics",
        {"cases": seen.counted["cases"], "minutes": seen.counted["minutes_to_handed_over"]},
    )
