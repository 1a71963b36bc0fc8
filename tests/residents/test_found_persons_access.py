"""Who may look into a case, what they are shown, and what time does to it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.residents.found_persons import timers
from services.residents.found_persons.consumers import UnknownCase
from services.residents.found_persons.models import FoundPerson
from shared.audit import verify
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.residents.cases import (
    EVERY_FIELD,
    FINDER,
    HAND_OVER,
    TO_POLICE,
    a_card,
    act,
    detail_of,
    only_case,
    open_case,
    report,
)
from tests.residents.neighbourhood import PERSONAL, Neighbourhood

# Who may open a case


async def test_who_opens_a_case(place: Neighbourhood) -> None:
    card = await a_card(place)
    await report(place, card["code"])
    case = await only_case(place.client())
    expected = {
        place.client("head"): 200,
        place.worker(): 200,
        place.worker(place.other_grid): 404,
        place.client("responder", responder=uuid4()): 404,
        place.client("responder"): 404,
        place.client("supervisor", area=place.code[:9]): 404,
        place.client("staff", area="150207999999"): 404,
        place.resident(): 403,
        place.client("merchant"): 403,
        place.client("gateway"): 403,
        place.client(None): 401,
    }
    for client, status in expected.items():
        assert (await client.get(f"/v1/found-persons/{case['id']}")).status_code == status
        reveal = await client.post(f"/v1/found-persons/{case['id']}/reveal", json={"fields": ["name"]})
        assert (reveal.status_code == 200) == (status == 200)
        listed = (await client.get("/v1/found-persons")).json().get("items") or []
        assert (case["id"] in {each["id"] for each in listed}) == (status == 200)


async def test_the_first_asked_stays_in_until_another_accepts(place: Neighbourhood) -> None:
    case = await open_case(place)
    first, backup, order = uuid4(), uuid4(), uuid4()
    subject, origin = f"work-orders/{order}", {"type": "found_person", "id": case["id"]}

    async def hear(event: str, version: int, responder: Any) -> None:
        data = {"work_order_id": order, "responder_id": responder, "tier": "first", "origin": origin}
        await place.consume(f"dispatch.work_order_{event}.v1", subject, version, data)

    async def may_open() -> tuple[bool, bool]:
        clients = (place.client("responder", responder=each) for each in (first, backup))
        answers = [await client.get(f"/v1/found-persons/{case['id']}") for client in clients]
        return answers[0].status_code == 200, answers[1].status_code == 200

    await hear("assigned", 2, first)
    assert await may_open() == (True, False)
    await hear("assigned", 3, backup)
    assert await may_open() == (True, True)
    await hear("acknowledged", 4, backup)
    assert await may_open() == (False, True)
    await hear("started", 5, backup)
    await hear("assigned", 2, first)  # old news, delivered again
    assert await may_open() == (False, True)
    await hear("handed_back", 6, backup)
    assert await may_open() == (False, False)
    await hear("assigned", 7, first)
    assert await may_open() == (True, False)
    kinds = [entry["kind"] for entry in (await detail_of(place, case))["timeline"]]
    assert kinds == ["reported", "assigned", "assigned", "accepted", "handed_back", "assigned"]


async def test_work_orders_of_other_origin_are_passed_over(place: Neighbourhood) -> None:
    data = {"work_order_id": uuid4(), "responder_id": uuid4(), "tier": "first"}
    for origin in (None, {"type": "mediation", "id": uuid4()}):
        await place.consume("dispatch.work_order_assigned.v1", "work-orders/x", 2, data | {"origin": origin})
    for event in ("acknowledged", "started", "handed_back"):
        await place.consume(f"dispatch.work_order_{event}.v1", "work-orders/x", 3, data)
    unknown = {"origin": {"type": "found_person", "id": uuid4()}}
    with pytest.raises(UnknownCase):
        await place.consume("dispatch.work_order_assigned.v1", "work-orders/x", 2, data | unknown)


async def test_a_worker_identifies_only_whom_they_may_know(place: Neighbourhood) -> None:
    worker = place.worker(place.other_grid, sub="w")
    body = {"channel": "staff", "place_text": "市场"}
    case = (await worker.post("/v1/found-persons", json=body)).json()
    await act(worker, case["id"], "identify", 404, person_id=str(place.elder_id))
    await act(worker, case["id"], "identify", person_id=str(place.neighbour_id))
    card = await a_card(place, household_id=str(place.household_id))
    await report(place, card["code"])
    other = (await place.worker().get("/v1/found-persons")).json()["items"][0]
    order = uuid4()
    assigned = {
        "work_order_id": order,
        "responder_id": order,
        "origin": {"type": "found_person", "id": other["id"]},
    }
    await place.consume("dispatch.work_order_assigned.v1", f"work-orders/{order}", 2, assigned)
    sent = place.client("responder", responder=order)
    detail = (await sent.get(f"/v1/found-persons/{other['id']}")).json()
    assert detail["candidates"] == [{"id": str(place.elder_id), "name": "欧阳*"}]
    await act(sent, other["id"], "identify", 404, person_id=str(place.neighbour_id))
    await act(sent, other["id"], "identify", person_id=str(place.elder_id))


async def test_a_supervisor_sees_escalated_cases_without_people(place: Neighbourhood) -> None:
    card = await a_card(place)
    await report(place, card["code"])
    case = await only_case(place.client())
    supervisor = place.client("supervisor", area=place.code[:9])
    await act(place.client(), case["id"], "escalate-to-police")
    detail = (await supervisor.get(f"/v1/found-persons/{case['id']}")).json()
    assert (detail["person"], detail["candidates"], detail["family_contacts"]) == (None, [], [])
    await act(supervisor, case["id"], "reveal", 403, fields=["name"])
    await act(supervisor, case["id"], "unfounded", 403)


async def test_reveals_are_in_the_log_of_person_and_case(place: Neighbourhood) -> None:
    card = await a_card(place)
    await report(place, card["code"], **FINDER)
    case = await only_case(place.client())
    worker = place.worker(sub="worker-9")
    await act(worker, case["id"], "reveal", fields=EVERY_FIELD)
    (person,), (found,) = await place.audited(place.elder_id), await place.audited(case["id"])
    assert (person.actor, person.role, person.purpose) == ("worker-9", "grid_worker", "lost_person")
    assert person.fields == ("address", "cautions", "family_contacts", "name")
    assert found.fields == ("description", "finder", "notes")
    async with place.transaction() as session:
        assert await verify(session, place.app.state.audit_signer.public_key, community_code=place.code) == []


async def test_a_closed_case_opens_for_staff_only(place: Neighbourhood) -> None:
    card = await a_card(place)
    await report(place, card["code"], **FINDER)
    case = await only_case(place.client())
    await act(place.client(), case["id"], "unfounded", note="老人在晨练")
    await act(place.worker(), case["id"], "reveal", 409, fields=["name"])
    seen = await act(place.client(), case["id"], "reveal", fields=["notes"])
    assert list(seen["notes"].values()) == [{"note": "老人在晨练"}]


async def test_nothing_that_was_written_rests_in_the_clear(place: Neighbourhood) -> None:
    card = await a_card(place)
    await report(place, card["code"], **FINDER)
    case = await only_case(place.client())
    staff = place.client()
    await act(staff, case["id"], "identify", person_id=str(place.elder_id), note="核对了照片")
    await act(staff, case["id"], "notify-family", note="短信")
    await act(staff, case["id"], "reveal", fields=EVERY_FIELD)
    await act(staff, case["id"], "hand-over", **HAND_OVER, note="签字")
    written = (*FINDER.values(), "+8619900004321", "核对了照片", "签字", *HAND_OVER.values(), *PERSONAL)
    secrets = [word for word in written if isinstance(word, str) and word != "child"]
    tables = ("found_person", "found_report", "found_person_entry", "outbox", "delivery", "audit_entry")
    async with place.transaction() as session:
        for table in tables:
            rows = await session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} AS t"))
            dump = "".join(rows.scalars())
            assert dump
            for secret in secrets:
                assert secret not in dump
                assert secret.encode().hex() not in dump


# Time


async def age(place: Neighbourhood, case: dict[str, Any], **columns: Any) -> None:
    async with place.transaction() as session:
        row = await session.get(FoundPerson, (place.code, case["id"]))
        assert row is not None
        row.sqlmodel_update(columns)


async def sweep(place: Neighbourhood) -> None:
    """Whoever sweeps first, this test or the running application, it is done when this returns."""
    async with place.app.state.database.transaction(EVERYWHERE) as session:
        await timers.escalate_overdue(session)


async def test_time_runs_out_once(place: Neighbourhood) -> None:
    case = await open_case(place)
    await sweep(place)
    assert (await detail_of(place, case))["escalated_at"] is None
    await age(place, case, due_at=utc_now() - timedelta(seconds=1))
    await asyncio.gather(sweep(place), sweep(place))
    await sweep(place)
    detail = await detail_of(place, case)
    assert detail["escalated_at"] is not None
    assert [entry["kind"] for entry in detail["timeline"]] == ["reported", "escalated"]
    notices = (await place.client().get("/v1/notices")).json()["items"]
    assert [notice["parameters"] for notice in notices] == [{"found_person_id": case["id"], "step": "identify"}]
    assert "确认身份" in notices[0]["text"]


async def test_an_identified_case_has_until_the_handover(place: Neighbourhood) -> None:
    case = await open_case(place)
    identified = await act(place.client(), case["id"], "identify", person_id=str(place.elder_id))
    assert case["due_at"] < identified["due_at"] == identified["hand_over_by"]
    await age(place, case, due_at=utc_now() - timedelta(seconds=1))
    await act(place.client(), case["id"], "hand-over", **TO_POLICE)
    await sweep(place)
    assert (await detail_of(place, case))["escalated_at"] is None


async def test_what_was_written_ends_with_its_retention(place: Neighbourhood) -> None:
    card = await a_card(place)
    made = await report(place, card["code"], **FINDER)
    case = await only_case(place.client())
    await act(place.client(), case["id"], "unfounded", note="老人在晨练")
    database, keyring = place.app.state.database, place.app.state.keyring

    async def forget() -> None:
        async with database.transaction(EVERYWHERE) as session:
            await timers.forget_old_cases(session, Vault(session, keyring), timedelta(days=180))

    await forget()
    await act(place.client(), case["id"], "reveal", fields=["finder"])
    await age(place, case, closed_at=utc_now() - timedelta(days=181))
    await forget()
    gone = await act(place.client(), case["id"], "reveal", 410, fields=["finder"])
    assert gone["code"] == "case-forgotten"
    path = f"/v1/public/found-reports/{made['report_id']}"
    assert (await place.client(None).get(path, params={"token": made["follow_token"]})).status_code == 404
    assert (await place.client().get(f"/v1/found-persons/{case['id']}")).status_code == 200


async def test_a_closed_case_of_an_erased_person_is_forgotten_at_once(place: Neighbourhood) -> None:
    case = await open_case(place, **FINDER)
    staff = place.client()
    await act(staff, case["id"], "identify", person_id=str(place.elder_id))
    await act(staff, case["id"], "hand-over", **TO_POLICE)
    await act(staff, case["id"], "close", outcome="with_police")
    await place.erase(place.elder_id)
    async with place.app.state.database.transaction(EVERYWHERE) as session:
        vault = Vault(session, place.app.state.keyring)
        await timers.forget_old_cases(session, vault, timedelta(days=180))
    await act(staff, case["id"], "reveal", 410, fields=["finder"])
    await act(staff, case["id"], "reveal", 409, fields=["name"])
