"""Story 4, the noise upstairs: a complaint becomes a mediation, the agreement is kept, and no outsider ever sees it."""

from dataclasses import dataclass, field
from datetime import timedelta

from shared.clock import china_today, utc_now
from stack.demo.accounts import DAUGHTER_PHONE
from stack.demo.stories.actors import Actor, City, Json, StoryBroken
from stack.demo.stories.lost_elder import Tell

NOISE = "fairness.neighbour_noise"
SAID = ("楼上每晚跳绳", "双方都希望和好", "晚上九点以后不在家里跳绳", "有事先敲门商量", "两家都说现在很好")
"""What is said in the mediation; the test looks for it wherever outsiders read."""
OUTSIDERS = ("staff", "worker01", "worker02", "supervisor", "shop01")
MEDIATORS = (("police", "police"), ("judicial", "judicial_office"))


@dataclass
class TheNoiseUpstairs:
    """What the story has seen so far; tests look at it when it is over."""

    complainant: Actor
    neighbour: Actor
    police: Actor
    judicial: Actor
    staff: Actor
    head: Actor
    outsiders: list[Actor]
    request: Json = field(default_factory=dict)
    parties: Json = field(default_factory=dict)
    mediation: Json = field(default_factory=dict)
    """As the head read it last."""
    states: list[str] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)
    """Of each outsider: what they were answered for the mediation and for the request."""
    overheard: str = ""
    """Everything that outsiders were answered."""
    notices: list[str] = field(default_factory=list)
    """Kinds of what the neighbour was told."""
    told: list[Json] = field(default_factory=list)
    """The request's public timeline."""
    counted: Json = field(default_factory=dict)


async def play(city: City, tell: Tell) -> TheNoiseUpstairs:
    """Play the story; StoryBroken if the system does something else."""
    seen, person_ids = await _gather(city)
    await _complain(seen, tell)
    await _open(seen, person_ids, tell)
    await _consent(seen, tell)
    await _meet(seen, tell)
    await _agree(seen, tell)
    await _keep(seen, tell)
    await _look_from_outside(seen, tell)
    return seen


async def _gather(city: City) -> tuple[TheNoiseUpstairs, tuple[str, str]]:
    staff = await city.with_password("staff")
    complainant = await city.with_phone("daughter", DAUGHTER_PHONE)
    me = await complainant.get("/v1/me")
    home = await staff.get(f"/v1/households/{me['household_id']}")
    person_id, phone = await _somebody_upstairs(staff, home)
    seen = TheNoiseUpstairs(
        complainant=complainant,
        neighbour=await city.with_phone("neighbour", phone),
        police=await city.with_password("police"),
        judicial=await city.with_password("judicial"),
        staff=staff,
        head=await city.with_password("head"),
        outsiders=[await city.with_password(name) for name in OUTSIDERS],
    )
    return seen, (me["person_id"], person_id)


async def _somebody_upstairs(staff: Actor, home: Json) -> tuple[str, str]:
    """A grown-up of the same building, and their phone, which staff look up for the purpose of mediation."""
    listed = await staff.get("/v1/households", grid_code=home["grid_code"], limit=200)
    for household in listed["items"]:
        if household["building"] != home["building"] or household["id"] == home["id"]:
            continue
        for person in (await staff.get("/v1/people", household_id=household["id"]))["items"]:
            if (person["age"] or 0) >= 18 and person["phone"]:
                shown = await staff.post(
                    f"/v1/people/{person['id']}/reveal", {"purpose": "mediation", "fields": ["phone"]}
                )
                return person["id"], shown["phone"]
    raise StoryBroken("nobody else in the building has a phone")


async def _complain(seen: TheNoiseUpstairs, tell: Tell) -> None:
    body = {"category": NOISE, "title": "楼上噪音", "description": SAID[0], "attributes": {"source": "neighbour"}}
    seen.request = await seen.complainant.post("/v1/service-requests", body)
    tell("居民反映楼上噪音 / A resident complains of noise upstairs", {"state": seen.request["state"]})


async def _open(seen: TheNoiseUpstairs, person_ids: tuple[str, str], tell: Tell) -> None:
    me = [await mediator.get("/v1/me") for mediator in (seen.police, seen.judicial)]
    opened = await seen.staff.post(
        "/v1/mediations",
        {
            "kind": "neighbour",
            "request_id": seen.request["id"],
            "matter": SAID[0],
            "parties": [
                {"side": side, "person_id": person_id}
                for side, person_id in zip(("applicant", "respondent"), person_ids, strict=True)
            ],
            "mediators": [
                {"responder_id": each["responder_id"], "role": role}
                for each, (_, role) in zip(me, MEDIATORS, strict=True)
            ],
        },
    )
    await _look(seen, opened["id"])
    tell("转入调解, 邀请民警和司法所; 登记人从此看不到内容 / It goes into mediation; staff see it no more", {
        "state": opened["state"], "staff_may_read": False,
    })  # fmt: skip


async def _consent(seen: TheNoiseUpstairs, tell: Tell) -> None:
    for mediator in (seen.police, seen.judicial):
        await mediator.post(_path(seen, "/accept"), {"no_conflict_of_interest": True})
    for party, actor in _parties(seen):
        await actor.post(_path(seen, f"/parties/{party}/consent"), {"willing": True})
    await _look(seen)
    tell("调解员声明无利害关系, 双方自愿, 期限一个月 / Both want it; a month begins", {
        "state": seen.mediation["state"], "limit_on": seen.mediation["limit_on"],
    })  # fmt: skip


async def _meet(seen: TheNoiseUpstairs, tell: Tell) -> None:
    when = {"starts_at": (utc_now() + timedelta(days=2)).isoformat(), "place": "社区调解室"}
    meeting = await seen.judicial.post(_path(seen, "/sessions"), when)
    came = {
        "party_ids": [party["id"] for party in seen.mediation["parties"]],
        "responder_ids": [each["responder_id"] for each in seen.mediation["mediators"]],
    }
    await seen.judicial.post(_path(seen, f"/sessions/{meeting['id']}/hold"), {"minutes": SAID[1]} | came)
    await _look(seen)
    tell("开调解会, 笔录加密保存 / They meet; the minutes are sealed", {"state": seen.mediation["state"]})


async def _agree(seen: TheNoiseUpstairs, tell: Tell) -> None:
    promises = zip(_parties(seen), (SAID[3], SAID[2]), strict=True)
    today = str(china_today())
    terms = [{"party_id": party, "text": text, "due_on": today} for (party, _), text in promises]
    await seen.judicial.post(_path(seen, "/agreement"), {"text": "；".join(SAID[2:4]), "terms": terms})
    for party, actor in _parties(seen):
        number = (await actor.get(_path(seen)))["agreement_count"]
        await actor.post(_path(seen, f"/parties/{party}/confirm-agreement"), {"number": number})
    await _look(seen)
    tell("双方各自确认协议, 诉求随之办结 / Each confirms the agreement; the request is resolved", {
        "state": seen.mediation["state"], "terms": len(seen.mediation["terms"]),
    })  # fmt: skip


async def _keep(seen: TheNoiseUpstairs, tell: Tell) -> None:
    for term in seen.mediation["terms"]:
        await seen.police.post(_path(seen, f"/terms/{term['id']}/settle"), {"kept": True, "on": str(china_today())})
    await _look(seen)
    await seen.police.post(_path(seen, "/follow-up"), {"holds": True, "note": SAID[4]})
    await _look(seen)
    path = f"/v1/service-requests/{seen.request['id']}"
    seen.request = await seen.complainant.post(f"{path}/confirm", {"satisfied": True})
    seen.told = (await seen.complainant.get(f"{path}/updates"))["items"]
    inbox = await seen.neighbour.eventually(
        "/v1/notices",
        lambda answer: any(each["kind"] == "mediation_ended" for each in answer["items"]) and answer["items"],
    )
    seen.notices = [each["kind"] for each in inbox if each["kind"].startswith("mediation_")]
    tell("协议履行, 回访确认和好 / The agreement is kept; the follow-up confirms it", {
        "mediation": seen.mediation["state"], "request": seen.request["state"],
    })  # fmt: skip


async def _look_from_outside(seen: TheNoiseUpstairs, tell: Tell) -> None:
    request = f"/v1/service-requests/{seen.request['id']}"
    paths = (_path(seen), request, f"{request}/updates")
    for outsider in seen.outsiders:
        answers = [await outsider.fetch(path) for path in (*paths, "/v1/mediations", "/v1/service-requests")]
        seen.refused[outsider.name] = [answer.status_code for answer in answers[: len(paths)]]
        seen.overheard += "".join(answer.text for answer in answers)
    days = {"since_on": str(china_today() - timedelta(days=1)), "until_on": str(china_today())}
    seen.counted = await seen.outsiders[OUTSIDERS.index("supervisor")].get("/v1/mediations/statistics", **days)
    tell("旁人什么也看不到; 督导只见数字 / Outsiders see nothing; the supervisor sees numbers", {
        "refused": seen.refused, "counted": seen.counted["total"],
    })  # fmt: skip


async def _look(seen: TheNoiseUpstairs, mediation_id: str | None = None) -> None:
    """The head reads it, and remembers the state."""
    seen.mediation = await seen.head.get(f"/v1/mediations/{mediation_id or seen.mediation['id']}")
    seen.states.append(seen.mediation["state"])


def _path(seen: TheNoiseUpstairs, rest: str = "") -> str:
    return f"/v1/mediations/{seen.mediation['id']}{rest}"


def _parties(seen: TheNoiseUpstairs) -> list[tuple[str, Actor]]:
    by_side = {party["side"]: party["id"] for party in seen.mediation["parties"]}
    return [(by_side["applicant"], seen.complainant), (by_side["respondent"], seen.neighbour)]
