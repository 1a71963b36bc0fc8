"""A lost elder comes home: the case from the report to the handover."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from services.residents.found_persons.models import FoundReport
from services.residents.notices.models import Delivery
from tests.residents.cases import (
    FINDER,
    HAND_OVER,
    TO_POLICE,
    a_card,
    act,
    only_case,
    open_case,
    report,
)
from tests.residents.neighbourhood import CONTACTS, ELDER_CAUTIONS, ELDER_NAME, PERSONAL, ROOM, Neighbourhood

# The story


async def test_from_a_scan_to_the_handover(place: Neighbourhood) -> None:
    card = await a_card(place)
    made = await report(
        place, card["code"], **FINDER, position={"longitude": 109.97, "latitude": 40.62, "crs": "gcj02"}
    )
    assert made["state"] == "received"
    worker = place.worker(responder=uuid4())
    case = await only_case(worker)
    assert (case["state"], case["grid_code"], case["presumed_person_id"]) == (
        "reported",
        place.grid,
        str(place.elder_id),
    )
    event = {"found_person_id": case["id"], "card_id": card["id"], "grid_code": place.grid, "urgency": "urgent"}
    assert await place.events("found_person_reported") == [event]

    seen = await act(worker, case["id"], "reveal", fields=["name", "cautions", "family_contacts", "address", "finder"])
    assert (seen["name"], seen["cautions"]) == (ELDER_NAME, ELDER_CAUTIONS)
    assert [contact["phone"] for contact in seen["family_contacts"]] == [phone for *_, phone in CONTACTS]
    assert seen["address"] == f"丰景苑 3 2 {ROOM}"
    assert seen["finder"][0]["finder_phone"] == "+8619900004321"
    assert seen["finder"][0]["longitude"] != 109.97  # shifted to WGS 84
    assert "notes" not in seen

    await act(worker, case["id"], "identify", person_id=str(place.elder_id))
    told = await act(worker, case["id"], "notify-family", way="call", result="reached")
    assert told["found_person"]["state"] == "family_notified"
    await act(worker, case["id"], "hand-over", **HAND_OVER)
    closed = await act(worker, case["id"], "close", outcome="returned_home")
    assert (closed["state"], closed["outcome"]) == ("closed", "returned_home")
    for kind in ("found_person_identified", "found_person_handed_over", "found_person_closed"):
        assert len(await place.events(kind, found_person_id=case["id"])) == 1
    followed = await place.client(None).get(
        f"/v1/public/found-reports/{made['report_id']}", headers={"Follow-Token": made["follow_token"]}
    )
    assert followed.json() == {"report_id": made["report_id"], "state": "safe"}


async def test_the_finder_learns_three_words_and_no_name(place: Neighbourhood) -> None:
    card = await a_card(place)
    public = place.client(None)
    made = await report(place, card["code"], **FINDER)
    path = f"/v1/public/found-reports/{made['report_id']}"
    answers = [str(made)]

    async def state() -> str:
        answer = await public.get(path, params={"token": made["follow_token"]})
        answers.append(answer.text)
        return answer.json()["state"]

    case = await only_case(place.client())
    responder, order = uuid4(), uuid4()
    assigned = {
        "work_order_id": order,
        "responder_id": responder,
        "tier": "first",
        "origin": {"type": "found_person", "id": case["id"]},
    }
    subject = f"work-orders/{order}"
    await place.consume("dispatch.work_order_assigned.v1", subject, 2, assigned)
    assert await state() == "received"
    moving = {"work_order_id": order, "responder_id": responder}
    await place.consume("dispatch.work_order_acknowledged.v1", subject, 3, moving)
    assert await state() == "on_the_way"
    sent = place.client("responder", responder=responder)
    await act(sent, case["id"], "identify", person_id=str(place.elder_id))
    assert await state() == "on_the_way"
    await act(sent, case["id"], "hand-over", **TO_POLICE)
    assert await state() == "safe"
    for secret in (*PERSONAL, str(place.elder_id), str(place.household_id), "欧阳"):
        assert secret not in str(answers)


async def test_a_report_is_followed_with_its_own_token_only(place: Neighbourhood) -> None:
    card = await a_card(place)
    one, two = [await report(place, card["code"]) for _ in range(2)]
    public = place.client(None)
    path = f"/v1/public/found-reports/{one['report_id']}"
    for token in (two["follow_token"], "", "x", one["follow_token"][:-1], "١" * 12 + ".x", f"150207999999.{'a' * 32}"):
        assert (await public.get(path, params={"token": token})).status_code == 404
    assert (await public.get(path)).status_code == 404
    assert (await public.get(path, params={"token": one["follow_token"]})).status_code == 200


async def test_two_finders_of_one_card_are_one_case(place: Neighbourhood) -> None:
    card = await a_card(place)
    await asyncio.gather(*(report(place, card["code"], note=f"第{number}人") for number in range(4)))
    case = await only_case(place.client())
    assert len(await place.events("found_person_reported")) == 1
    detail = (await place.client().get(f"/v1/found-persons/{case['id']}")).json()
    assert len(detail["reports"]) == 4
    assert sorted(entry["kind"] for entry in detail["timeline"]) == ["reported"] + ["reported_again"] * 3
    await act(place.client(), case["id"], "unfounded")
    await report(place, card["code"])
    assert len((await place.client().get("/v1/found-persons")).json()["items"]) == 2


async def test_a_repeated_report_is_one_report(place: Neighbourhood) -> None:
    card = await a_card(place)
    key = {"Idempotency-Key": f'"{uuid4()}"'}
    path = f"/v1/public/contact-cards/{card['code']}/found-reports"
    one, two = [await place.client(None).post(path, json=FINDER, headers=key) for _ in range(2)]
    assert one.json() == two.json()
    assert len(await place.rows(select(FoundReport).where(FoundReport.community_code == place.code))) == 1


@pytest.mark.parametrize(("verb", "status"), [("report-lost", 201), ("replace", 201), ("revoke", 410)])
async def test_which_cards_report(place: Neighbourhood, verb: str, status: int) -> None:
    card = await a_card(place)
    await place.client().post(f"/v1/contact-cards/{card['id']}/{verb}")
    path = f"/v1/public/contact-cards/{card['code']}/found-reports"
    assert (await place.client(None).post(path, json={})).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"finder_phone": "12"},
        {"position": {"longitude": 109.9, "latitude": 40.6}},
        {"position": {"longitude": 200, "latitude": 40.6, "crs": "wgs84"}},
        {"note": "a\u0000b"},
        {"place_text": ""},
        {"elder_name": "x"},
    ],
)
async def test_a_bad_report_changes_nothing(place: Neighbourhood, body: dict[str, Any]) -> None:
    card = await a_card(place)
    response = await place.client(None).post(f"/v1/public/contact-cards/{card['code']}/found-reports", json=body)
    assert response.status_code == 422
    assert (await place.client().get("/v1/found-persons")).json()["items"] == []


# Without a card


async def test_a_case_without_a_card_is_searched_by_staff(place: Neighbourhood) -> None:
    case = await open_case(place, **FINDER)
    assert (case["grid_code"], case["card_id"]) == (None, None)
    refused = await act(place.client(), case["id"], "reveal", 409, fields=["name"])
    assert refused["code"] == "person-not-identified"
    await act(place.client(), case["id"], "identify", person_id=str(place.elder_id))
    assert (await act(place.client(), case["id"], "reveal", fields=["name"]))["name"] == ELDER_NAME


async def test_the_grid_of_a_case_is_that_of_its_address(place: Neighbourhood) -> None:
    async with place.transaction() as session:
        statement = "INSERT INTO grid_address VALUES (:code, '丰景苑', '3', '', :grid)"
        await session.execute(text(statement), {"code": place.code, "grid": place.other_grid})
    case = await open_case(place, address={"compound": "丰景苑", "building": "3", "unit": "9"})
    assert case["grid_code"] == place.other_grid
    assert (await place.worker(place.other_grid).get(f"/v1/found-persons/{case['id']}")).status_code == 200


async def test_somebody_taken_for_another_is_identified_anew(place: Neighbourhood) -> None:
    case = await open_case(place)
    staff = place.client()
    await act(staff, case["id"], "identify", person_id=str(place.neighbour_id))
    missing = await act(staff, case["id"], "notify-family", 409)
    assert missing["code"] == "no-family-contact"
    await act(staff, case["id"], "identify", person_id=str(place.elder_id))
    assert len(await place.events("found_person_identified")) == 2
    assert (await act(staff, case["id"], "notify-family"))["contact"]["id"] == str(place.contact_ids[0])


async def test_who_cannot_be_identified_goes_to_an_authority(place: Neighbourhood) -> None:
    case = await open_case(place)
    staff = place.client()
    assert (await act(staff, case["id"], "hand-over", 409, **HAND_OVER))["state"] == "reported"
    await act(staff, case["id"], "escalate-to-police", note="警号 0417 接警")
    again = await act(staff, case["id"], "escalate-to-police", 409)
    assert again["code"] == "police-called-already"
    await act(staff, case["id"], "hand-over", **TO_POLICE)
    await act(staff, case["id"], "close", outcome="with_police")


@pytest.mark.parametrize(
    "change", [{"identity_checked": False}, {"relation": None}, {"receiver_kind": "police"}, {"witness_name": None}]
)
async def test_a_handover_needs_a_checked_receiver_and_a_witness(place: Neighbourhood, change: dict[str, Any]) -> None:
    case = await open_case(place)
    await act(place.client(), case["id"], "hand-over", 422, **(HAND_OVER | change))


# The family


async def test_contacts_are_called_in_order(place: Neighbourhood) -> None:
    case = await open_case(place)
    staff = place.client()
    await act(staff, case["id"], "identify", person_id=str(place.elder_id))
    first = await act(staff, case["id"], "notify-family", way="call", result="no_answer", note="无人接听")
    assert first["contact"] == {
        "id": str(place.contact_ids[0]),
        "relation": "child",
        "name": "欧阳*",
        "phone": "199****5678",
        "is_tried": True,
    }
    assert (first["found_person"]["state"], first["next_contact_id"]) == ("identified", str(place.contact_ids[1]))
    second = await act(staff, case["id"], "notify-family")
    assert (second["found_person"]["state"], second["next_contact_id"]) == ("family_notified", None)
    third = await act(staff, case["id"], "notify-family", 409)
    assert third["code"] == "all-contacts-called"
    again = await act(staff, case["id"], "notify-family", contact_id=str(place.contact_ids[0]))
    assert again["delivery_id"] is not None
    await act(staff, case["id"], "notify-family", 404, contact_id=str(uuid4()))
    deliveries = await place.rows(select(Delivery).where(Delivery.community_code == place.code))
    assert {row.recipient_id for row in deliveries} == set(place.contact_ids)
    detail = (await staff.get(f"/v1/found-persons/{case['id']}")).json()
    assert [contact["is_tried"] for contact in detail["family_contacts"]] == [True, True]
