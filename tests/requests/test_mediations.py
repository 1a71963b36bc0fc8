"""A mediation from the first question to the follow-up visit."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from shared.clock import china_today, utc_now
from tests.requests.mediating import SECRETS, URL, Mediating
from tests.requests.world import World


@pytest.fixture
def noise(world: World) -> Mediating:
    return Mediating(world)


async def code_of(response: Any) -> str:
    return response.json()["code"]


@pytest.mark.parametrize("moment", ["2026-11-23T03:20:09.5Z", "2026-11-23T05:00:00.5Z", "2026-11-21T15:59:59.5Z"])
async def test_its_term_stands_in_place_of_the_promise(noise: Mediating, world: World, moment: str) -> None:
    """Both parties gave it a month, and the requester was told; without an agreement what was left is left still, to
    the instant: in the office's hours, at its lunch and at the weekend."""
    with time_machine.travel(moment, tick=False):
        await noise.open()
        before = await world.get("resident", noise.request_id or "")
        await noise.accept()
        term = await world.get("resident", noise.request_id or "")
        limit = (await noise.read())["limit_on"]
        assert before["resolve_by"] < term["resolve_by"] >= limit
        lines = (await world.get("resident", f"{noise.request_id}/updates"))["items"]
        assert limit in lines[-1]["text"]
        due = "SELECT next_due_at FROM service_request WHERE id = :id"
        rows = await world.sql(due, id=noise.request_id)
        assert [row.next_due_at for row in rows] == [None], "nothing is late meanwhile"
        left = {"party_id": noise.party_ids[0]}
        await noise.do("applicant", "/withdraw", left)
        after = await world.get("resident", noise.request_id or "")
        assert after["resolve_by"] == before["resolve_by"]


async def test_it_ends_with_an_agreement_that_holds(noise: Mediating, world: World) -> None:
    assert (await noise.agree())["state"] == "agreed"
    request = await world.get("resident", noise.request_id or "")
    assert request["state"] == "resolved"
    told = (await world.get("resident", f"{noise.request_id}/updates"))["items"]
    assert [entry["step"] for entry in told] == ["submitted", "accepted", "progress", "progress", "resolved"]
    assert "调解协议" in told[-1]["text"]
    assert (await noise.keep())["state"] == "fulfilled"
    closed = await noise.do("judicial", "/follow-up", {"holds": True, "note": "回访记录: 都好"})
    assert (closed["state"], closed["failure"]) == ("closed", None)
    seen = await noise.read()
    assert [entry["step"] for entry in seen["record"]] == [
        "opened",
        "mediator_accepted",
        "mediator_accepted",
        "consented",
        "consented",
        "accepted",
        "session_scheduled",
        "session_held",
        "agreement_proposed",
        "agreement_confirmed",
        "agreement_confirmed",
        "agreed",
        "term_settled",
        "term_settled",
        "fulfilled",
        "closed",
    ]
    assert all(secret in str(seen) for secret in SECRETS if secret != "孙大海")
    assert await noise.told() == [
        "opened", "accepted", "session_scheduled", "agreement_proposed", "agreed", "fulfilled", "closed",
    ]  # fmt: skip


async def test_parties_see_each_other_masked_and_mediators_can_reach_them(noise: Mediating, world: World) -> None:
    await noise.open()
    for who in ("applicant", "police", "head"):
        names = [(party["name"], party["phone"]) for party in (await noise.read(who))["parties"]]
        assert names == [("李*", "199****1111"), ("孙*", None)]
    assert [party["mine"] for party in (await noise.read("respondent"))["parties"]] == [False, True]
    assert [party["person_id"] for party in (await noise.read("respondent"))["parties"]] == [None, None]
    shown = (await noise.do("police", "/reveal"))["parties"]
    assert [(party["name"], party["phone"]) for party in shown] == [("李四", "+8619900001111"), ("孙大海", None)]
    rows = await world.sql("SELECT action, purpose, subject_type FROM audit_entry WHERE action LIKE 'mediations.%'")
    assert {row.purpose for row in rows} == {"mediation"}
    assert {(row.action, row.subject_type) for row in rows} == {
        (action, subject) for action in ("mediations.read", "mediations.reveal") for subject in ("mediation", "person")
    }
    assert (await noise.call("applicant", "/reveal")).status_code == 403


async def test_it_begins_when_every_party_wants_it_and_lasts_a_month(noise: Mediating) -> None:
    with time_machine.travel("2026-01-31T03:00:00Z", tick=False):
        await noise.open()
        one = await noise.do("applicant", f"/parties/{noise.party_ids[0]}/consent", {"willing": True})
        assert one["state"] == "opened"
        again = await noise.do("applicant", f"/parties/{noise.party_ids[0]}/consent", {"willing": True})
        assert again["state"] == "opened", "saying yes twice is saying it once"
        both = await noise.do("respondent", f"/parties/{noise.party_ids[1]}/consent", {"willing": True})
        assert (both["state"], both["limit_on"]) == ("accepted", "2026-02-28")


async def test_nobody_is_mediated_against_their_will(noise: Mediating, world: World) -> None:
    await noise.open()
    ended = await noise.do("respondent", f"/parties/{noise.party_ids[1]}/consent", {"willing": False})
    assert (ended["state"], ended["failure"]) == ("failed", "not_willing")
    told = (await world.get("resident", f"{noise.request_id}/updates"))["items"]
    assert told[-1]["step"] == "progress" and "仲裁" in told[-1]["text"]
    assert (await world.get("head", noise.request_id or ""))["state"] == "accepted"


async def test_nobody_speaks_for_another(noise: Mediating) -> None:
    await noise.open()
    first, second = noise.party_ids
    assert (await noise.call("applicant", f"/parties/{second}/consent", {"willing": True})).status_code == 403
    by_hand = {"willing": True, "how": "phone"}
    assert (await noise.call("applicant", f"/parties/{first}/consent", by_hand)).status_code == 422
    assert (await noise.call("police", f"/parties/{second}/consent", by_hand)).status_code == 403, "not taken on yet"
    await noise.do("police", "/accept", {"no_conflict_of_interest": True})
    assert (await noise.call("police", f"/parties/{second}/consent", {"willing": True})).status_code == 422
    assert (await noise.do("police", f"/parties/{second}/consent", by_hand))["state"] == "opened"
    assert (await noise.call("police", f"/parties/{uuid4()}/consent", by_hand)).status_code == 404


async def test_an_agreement_takes_every_partys_own_yes_to_the_same_text(noise: Mediating) -> None:
    await noise.open()
    await noise.accept()
    early = await noise.call("applicant", f"/parties/{noise.party_ids[0]}/confirm-agreement", {"number": 1})
    assert await code_of(early) == "wrong-state"
    await noise.meet()
    nothing = await noise.call("applicant", f"/parties/{noise.party_ids[0]}/confirm-agreement", {"number": 1})
    assert await code_of(nothing) == "nothing-proposed"
    await noise.propose()
    await noise.do("applicant", f"/parties/{noise.party_ids[0]}/confirm-agreement", {"number": 1})
    await noise.propose()
    stale = await noise.call("respondent", f"/parties/{noise.party_ids[1]}/confirm-agreement", {"number": 1})
    assert await code_of(stale) == "proposal-outdated"
    second = await noise.do("respondent", f"/parties/{noise.party_ids[1]}/confirm-agreement", {"number": 2})
    assert second["state"] == "in_session", "the first party has not seen the new text"
    by_phone = {"number": 2, "how": "phone"}
    assert (await noise.call("police", f"/parties/{noise.party_ids[0]}/confirm-agreement", by_phone)).status_code == 422
    signed = {"number": 2, "how": "signed"}
    done = await noise.do("police", f"/parties/{noise.party_ids[0]}/confirm-agreement", signed)
    assert done["state"] == "agreed"
    assert len((await noise.read())["terms"]) == 2


async def test_a_mediator_with_an_interest_stands_back_and_reads_no_more(noise: Mediating, world: World) -> None:
    await noise.open()
    is_party = await world.call(
        "responder", "POST", f"{URL}/{noise.id}/accept", {"no_conflict_of_interest": True},
        responder=noise.police, person=noise.neighbour,
    )  # fmt: skip
    assert await code_of(is_party) == "conflict-of-interest"
    assert (await noise.call("police", "/accept", {"no_conflict_of_interest": False})).status_code == 422
    assert (await noise.call("police", "/decline", {"reason": "relieved"})).status_code == 422
    left = await noise.do("police", "/decline", {"reason": "conflict_of_interest"})
    assert set(left) == {"id", "community_code", "kind", "state", "created_at", "version"}
    assert (await noise.call("police", "", method="GET")).status_code == 404
    assert (await world.call("responder", "GET", noise.request_id or "", responder=noise.police)).status_code == 404
    again = await noise.call("head", "/mediators", {"responder_id": str(noise.police), "role": "police"})
    assert await code_of(again) == "mediator-left"


async def test_a_party_may_refuse_a_mediator(noise: Mediating) -> None:
    await noise.open()
    own = {"party_id": noise.party_ids[1]}
    assert (await noise.call("respondent", f"/mediators/{uuid4()}/refuse", own)).status_code == 404
    assert (
        await noise.call("applicant", f"/mediators/{noise.police}/refuse", {"party_id": noise.party_ids[1]})
    ).status_code == 403
    await noise.do("respondent", f"/mediators/{noise.police}/refuse", own)
    endings = {each["responder_id"]: each["ending"] for each in (await noise.read())["mediators"]}
    assert endings == {str(noise.police): "refused_by_party", str(noise.judicial): None}
    assert (await noise.call("police", "", method="GET")).status_code == 404
    await noise.do("head", f"/mediators/{noise.judicial}/relieve")
    for who, party in zip(("applicant", "respondent"), noise.party_ids, strict=True):
        await noise.do(who, f"/parties/{party}/consent", {"willing": True})
    soon = {"starts_at": (utc_now() + timedelta(days=1)).isoformat()}
    assert await code_of(await noise.call("head", "/sessions", soon)) == "no-mediator"


async def test_more_time_takes_both_parties(noise: Mediating) -> None:
    await noise.open()
    accepted = await noise.accept()
    until = str(china_today() + timedelta(days=60))
    first, second = (f"/parties/{party}/agree-to-extension" for party in noise.party_ids)
    assert await code_of(await noise.call("applicant", first, {"number": 1})) == "nothing-proposed"
    assert (await noise.call("judicial", "/extend", {"until": accepted["limit_on"]})).status_code == 422
    await noise.do("judicial", "/extend", {"until": until})
    assert (await noise.do("applicant", first, {"number": 1}))["limit_on"] == accepted["limit_on"]
    assert await code_of(await noise.call("respondent", second, {"number": 2})) == "proposal-outdated"
    assert (await noise.do("respondent", second, {"number": 1}))["limit_on"] == until
    seen = await noise.read()
    assert (seen["extension_count"], seen["proposed_limit_on"]) == (1, None)
    assert await code_of(await noise.call("respondent", second, {"number": 1})) == "nothing-proposed"


async def test_when_the_time_is_over_it_has_failed(noise: Mediating) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        await noise.open()
        await noise.accept()
        clock.shift(timedelta(days=25))
        await noise.sweep()
        assert (await noise.read())["state"] == "accepted"
        assert (await noise.told())[-1] == "limit_near"
        clock.shift(timedelta(days=10))
        await noise.sweep()
        seen = await noise.read()
        assert (seen["state"], seen["failure"], seen["record"][-1]["by"]) == ("failed", "expired", "system")
        before = await noise.told()
        clock.shift(timedelta(days=100))
        await noise.sweep()
        assert await noise.told() == before


async def test_everybody_is_reminded_in_time_and_of_nothing_that_is_done(noise: Mediating) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        await noise.open()
        await noise.accept()
        starts_at = utc_now() + timedelta(days=4)
        for _ in range(2):
            meeting = await noise.do("judicial", "/sessions", {"starts_at": starts_at.isoformat()})
        await noise.do("judicial", f"/sessions/{meeting['id']}/cancel")
        clock.shift(timedelta(days=3, hours=1))
        await noise.sweep()
        assert (await noise.told()).count("session_near") == 1
        await noise.meet()
        await noise.propose()
        await noise.confirm()
        kept = (await noise.read())["terms"][0]
        await noise.do("police", f"/terms/{kept['id']}/settle", {"kept": True, "on": str(china_today())})
        clock.shift(timedelta(days=8))
        await noise.sweep()
        reminded = [step for step in await noise.told() if step.startswith("term_")]
        assert reminded == ["term_near", "term_overdue"], "of the one that is open"
        clock.shift(timedelta(days=30))
        await noise.sweep()
        assert (await noise.told())[-1] == "follow_up_due"


async def test_what_is_broken_may_be_kept_later_and_kept_is_kept(noise: Mediating) -> None:
    await noise.agree()
    today = str(china_today())
    first, second = ((f"/terms/{term['id']}/settle") for term in (await noise.read())["terms"])
    await noise.do("police", first, {"kept": False, "on": today})
    assert (await noise.call("applicant", first, {"kept": True, "on": today})).status_code == 403
    yesterday = str(china_today() - timedelta(days=1))
    assert (await noise.call("police", second, {"kept": True, "on": yesterday})).status_code == 422
    assert (await noise.do("police", second, {"kept": True, "on": today}))["state"] == "agreed"
    assert await code_of(await noise.call("police", second, {"kept": False, "on": today})) == "term-settled"
    assert (await noise.do("police", first, {"kept": True, "on": today}))["state"] == "fulfilled"


async def test_a_broken_agreement_or_a_new_quarrel_is_a_failure(noise: Mediating, world: World) -> None:
    await noise.agree()
    assert (await noise.call("police", "/fail", {"reason": "no_agreement"})).status_code == 422
    ended = await noise.do("police", "/fail", {"reason": "broken", "note": "又打牌"})
    assert (ended["state"], ended["failure"]) == ("failed", "broken")
    other = Mediating(world, neighbour=noise.neighbour)
    await other.agree()
    await other.keep()
    ended = await other.do("police", "/follow-up", {"holds": False, "note": "又吵起来"})
    assert (ended["state"], ended["failure"]) == ("failed", "broken")
    assert (await other.read("applicant"))["closing_note"] is None
    assert (await other.read("police"))["closing_note"] == "又吵起来"


async def test_the_court_is_asked_within_thirty_days_once(noise: Mediating) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        await noise.agree()
        decide = {"confirmed": True, "on": str(china_today())}
        assert await code_of(await noise.call("police", "/decide-confirmation", decide)) == "confirmation-not-applied"
        clock.shift(timedelta(days=31))
        late = await noise.call("police", "/apply-for-confirmation", {"on": str(china_today())})
        assert await code_of(late) == "too-late-to-confirm"
        in_time = {"on": str(china_today() - timedelta(days=1))}
        await noise.do("police", "/apply-for-confirmation", in_time)
        assert (await noise.call("police", "/apply-for-confirmation", in_time)).status_code == 409
        await noise.do("police", "/decide-confirmation", {"confirmed": True, "on": str(china_today())})
        assert (await noise.read())["confirmation"] == "confirmed"


async def test_a_party_may_leave_until_there_is_an_agreement(noise: Mediating, world: World) -> None:
    await noise.open()
    await noise.accept()
    gone = {"party_id": noise.party_ids[1]}
    assert (await noise.call("applicant", "/withdraw", gone)).status_code == 403
    assert (await noise.do("respondent", "/withdraw", gone))["state"] == "withdrawn"
    assert "撤回" in (await world.get("resident", f"{noise.request_id}/updates"))["items"][-1]["text"]
    bound = Mediating(world)
    await bound.agree()
    refused = await bound.call("respondent", "/withdraw", {"party_id": bound.party_ids[1]})
    assert await code_of(refused) == "wrong-state"


async def test_a_request_has_one_mediation_at_a_time_and_only_an_open_one(noise: Mediating, world: World) -> None:
    await noise.open()
    parties = [{"side": "applicant", "name": "甲某"}, {"side": "respondent", "name": "乙某"}]
    data = {"kind": "other", "request_id": noise.request_id, "parties": parties}
    assert await code_of(await world.call("head", "POST", URL, data)) == "under-mediation"
    assert (await world.call("staff", "POST", URL, data)).status_code == 404, "to staff it is gone"
    await noise.do("respondent", "/withdraw", {"party_id": noise.party_ids[1]})
    await world.post("head", URL, data)
    taken_back = (await world.submit())["id"]
    await world.post("resident", f"{taken_back}/withdraw", {})
    assert await code_of(await world.call("head", "POST", URL, data | {"request_id": taken_back})) == "request-closed"


async def test_who_is_no_resident_of_record_takes_part_by_name(noise: Mediating, world: World) -> None:
    parties = [
        {"side": "applicant", "person_id": str(world.person)},
        {"side": "respondent", "name": "孙大海", "phone": "19900002222"},
    ]
    await noise.open(from_request=False, parties=parties)
    await noise.do("police", "/accept", {"no_conflict_of_interest": True})
    await noise.do("applicant", f"/parties/{noise.party_ids[0]}/consent", {"willing": True})
    by_phone = {"willing": True, "how": "phone"}
    assert (await noise.do("police", f"/parties/{noise.party_ids[1]}/consent", by_phone))["state"] == "accepted"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"parties": [{"side": "applicant", "name": "甲某"}, {"side": "applicant", "name": "乙某"}]}, "/parties"),
        ({"parties": [{"side": "applicant", "name": "甲某"}]}, "/parties"),
        ({"parties": [{"side": "applicant", "name": "甲某"}, {"side": "respondent"}]}, "/parties/1"),
        ({"kind": "gossip"}, "/kind"),
        ({"matter": "\x00"}, "/matter"),
    ],
    ids=["one side", "one party", "nobody", "no such kind", "control character"],
)
async def test_what_is_wrong_is_said(world: World, change: dict[str, Any], pointer: str) -> None:
    parties = [{"side": "applicant", "name": "甲某"}, {"side": "respondent", "name": "乙某"}]
    refused = await world.call("staff", "POST", URL, {"kind": "debt", "parties": parties} | change)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert refused.json()["errors"][0]["detail"] != "格式或类型不对", "it says what would do"


async def test_heads_and_supervisors_count(noise: Mediating, world: World) -> None:
    await noise.agree()
    await noise.keep()
    failed = Mediating(world)
    await failed.open()
    await failed.accept()
    await failed.do("police", "/fail", {"reason": "no_agreement"})
    untouched = Mediating(world)
    await untouched.open(kind="family", from_request=False)
    days = f"since_on={china_today()}&until_on={china_today()}"
    for role, area in (("head", world.code), ("supervisor", world.code[:6])):
        path = f"{URL}/statistics?{days}&community_code={world.code}"
        counted = await world.get(role, path, area=area)
        assert [(row["kind"], row["opened"], row["success_rate"]) for row in counted["kinds"]] == [
            ("family", 1, None),
            ("neighbour", 2, 0.5),
        ]
        total = counted["total"]
        assert (total["opened"], total["agreed"], total["fulfilled"], total["failed"]) == (3, 1, 1, 1)
    assert (
        await world.call("head", "GET", f"{URL}/statistics?since_on=2026-02-01&until_on=2026-01-01")
    ).status_code == 422


async def test_erasing_a_party_makes_what_was_said_unreadable(noise: Mediating, world: World) -> None:
    await noise.agree()
    person = noise.neighbour
    await world.deliver("residents.person_erased.v1", {"person_id": str(person)}, subject=f"people/{person}")
    seen = await noise.read()
    texts = [seen["matter"], seen["agreement"], *(row["minutes"] for row in seen["sessions"])]
    texts += [row["text"] for row in seen["terms"]]
    assert texts == [None] * len(texts)
    assert [(party["name"], party["person_id"]) for party in seen["parties"]] == [
        ("李*", str(world.person)),
        (None, None),
    ]
    assert (await noise.call("respondent", "", method="GET")).status_code == 404
    stored = await world.sql("SELECT matter, agreement FROM mediation UNION ALL SELECT text, null FROM mediation_term")
    assert {tuple(row) for row in stored} == {(None, None)}
    assert seen["state"] == "agreed"


async def test_a_party_is_whoever_their_record_turns_out_to_be(noise: Mediating, world: World) -> None:
    await noise.open()
    kept, merge = uuid4(), uuid4()
    data = {"merge_id": str(merge), "person_id": str(kept), "merged_person_id": str(noise.neighbour)}
    await world.deliver("residents.person_merged.v1", data, subject=f"people/{kept}")
    assert (await noise.call("respondent", "", method="GET")).status_code == 404
    before, noise.neighbour = noise.neighbour, kept
    assert (await noise.read("respondent"))["parties"][1]["mine"] is True
    await world.deliver("residents.person_merge_undone.v1", data, subject=f"people/{kept}")
    noise.neighbour = before
    assert (await noise.read("respondent"))["parties"][1]["mine"] is True
