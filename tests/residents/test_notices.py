"""Notices: progress and result always come back, in the reader's language, and reach the phone at least once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from services.dispatch.events import (
    WorkOrderLeftToHead,
    WorkOrderObjected,
    WorkOrderObjectionOverdue,
    WorkOrderReminded,
)
from services.residents.notices import deliveries, service
from services.residents.notices.models import Delivery, DeliveryState, Notice, NoticeKind
from services.residents.notices.templates import render
from shared.clock import utc_now
from shared.errors import language_of
from shared.sender import SendFailed
from shared.vault import Vault
from tests.residents.neighbourhood import CONTACTS, ELDER_PHONE, PERSONAL, Neighbourhood, sent_messages

KINDS = (
    *("request_accepted", "request_progressed", "request_resolved", "request_confirmed", "request_reopened"),
    *("request_withdrawn", "request_merged", "request_unmerged", "request_transferred"),
)


async def hear(place: Neighbourhood, kind: str, person_id: UUID | None, **more: Any) -> str:
    request_id = str(uuid4())
    data = {
        "request_id": request_id,
        "state": "resolved",
        "requester_person_id": person_id,
        "household_id": None,
        "grid_code": place.grid,
        "category": "livelihood.street_lamp",
        "urgency": "normal",
    }
    await place.consume(f"requests.{kind}.v1", f"service-requests/{request_id}", 2, data | more)
    return request_id


async def inbox(place: Neighbourhood, person_id: UUID | None = None, **params: Any) -> list[dict[str, Any]]:
    client = place.client() if person_id is None else place.resident(person_id)
    return (await client.get("/v1/notices", params=params)).json()["items"]


class Phones:
    """A messaging gateway in memory: notes what it took, and fails as often as it is told."""

    def __init__(self, *failures: bool) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.failures = list(failures)

    async def send(self, to: str, text: str, *, kind: str, reference: str) -> None:
        if self.failures:
            raise SendFailed("told to", retryable=self.failures.pop(0))
        self.taken.append((to, text, reference))

    async def close(self) -> None:
        return None


async def queued(place: Neighbourhood, contact: int = 0) -> UUID:
    """A delivery that only this test's sweep will take: it becomes due for it alone."""
    async with place.transaction() as session:
        kind = NoticeKind.FOUND_PERSON_FAMILY
        delivery = await service.message_contact(session, place.code, place.contact_ids[contact], kind, {})
        delivery.state = DeliveryState.SENT  # hidden from the running application's own timer until `send_one`
        return delivery.id


async def send_one(place: Neighbourhood, delivery_id: UUID, phones: Phones) -> Delivery:
    """Make it due and sweep, in one transaction, so that the running application cannot be first."""
    async with place.transaction() as session:
        row = await session.get(Delivery, (place.code, delivery_id))
        assert row is not None
        row.state, row.due_at = DeliveryState.PENDING, utc_now() - timedelta(seconds=1)
        await session.flush()
        await deliveries.send_due(session, Vault(session, place.app.state.keyring), phones, "https://example.cn")
        await session.flush()
        outcome, row.state = row.state, DeliveryState.SENT
    row.state = outcome
    return row


@pytest.mark.parametrize("kind", KINDS)
async def test_every_step_of_a_request_comes_back(place: Neighbourhood, kind: str) -> None:
    request_id = await hear(place, kind, place.elder_id)
    (notice,) = await inbox(place, place.elder_id)
    assert (notice["kind"], notice["parameters"]["request_id"], notice["read_at"]) == (kind, request_id, None)
    assert "民生实事" in notice["text"]
    assert await inbox(place, place.neighbour_id) == []
    assert await inbox(place) == []


async def test_the_reader_chooses_the_language(place: Neighbourhood) -> None:
    await hear(place, "request_resolved", place.elder_id)
    answer = await place.resident().get("/v1/notices", headers={"Accept-Language": "en-GB, zh;q=0.5"})
    assert answer.headers["content-language"] == "en"
    assert "livelihood" in answer.json()["items"][0]["text"]


async def test_the_household_hears_where_nobody_asked_for_themself(place: Neighbourhood) -> None:
    await hear(place, "request_resolved", None, household_id=place.household_id)
    assert len(await inbox(place, place.elder_id)) == 1
    await hear(place, "request_resolved", None)
    assert len(await inbox(place, place.elder_id)) == 1
    await place.erase(place.elder_id)
    await hear(place, "request_resolved", None, household_id=place.household_id)
    everything = await place.rows(select(Notice).where(Notice.community_code == place.code))
    assert len(everything) == 1


async def test_reading_is_noted_once(place: Neighbourhood) -> None:
    await hear(place, "request_accepted", place.elder_id)
    (notice,) = await inbox(place, place.elder_id)
    resident, path = place.resident(), f"/v1/notices/{notice['id']}"
    assert (await resident.get(path)).headers["etag"] == '"1"'
    first, second = [(await resident.post(f"{path}/read")).json() for _ in range(2)]
    assert first["read_at"] is not None
    assert first == second
    assert first["version"] == 2
    assert await inbox(place, place.elder_id, unread=True) == []
    assert len(await inbox(place, place.elder_id)) == 1


async def test_pages_are_newest_first(place: Neighbourhood) -> None:
    ids = [await hear(place, "request_progressed", place.elder_id) for _ in range(5)]
    resident, seen, cursor = place.resident(), [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await resident.get("/v1/notices", params=params)).json()
        seen += [notice["parameters"]["request_id"] for notice in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


async def test_an_inbox_is_its_owners(place: Neighbourhood) -> None:
    await hear(place, "request_accepted", place.elder_id)
    (notice,) = await inbox(place, place.elder_id)
    path = f"/v1/notices/{notice['id']}"
    expected = {
        place.resident(place.neighbour_id): 404,
        place.client("staff"): 404,
        place.client("resident", area="150207999999", person=place.elder_id): 404,
        place.client("resident"): 404,
        place.worker(): 404,
        place.worker(responder=uuid4()): 404,
        place.client("responder", responder=uuid4()): 404,
        place.client("supervisor"): 403,
        place.client(None): 401,
    }
    for client, status in expected.items():
        assert (await client.get(path)).status_code == status
        assert (await client.post(f"{path}/read")).status_code == status


async def test_the_desk_reads_its_own(place: Neighbourhood) -> None:
    async with place.transaction() as session:
        await service.notify_desk(session, place.code, NoticeKind.FOUND_PERSON_OVERDUE, {"step": "hand_over"})
    (notice,) = await inbox(place)
    assert "交接" in notice["text"]
    assert await inbox(place, place.elder_id) == []


OBJECTED = WorkOrderObjected(
    work_order_id=uuid4(),
    request_id=uuid4(),
    responder_id=uuid4(),
    reason="other_unit",
    category="livelihood.street_lamp",
    to="staff",
)
OVERDUE = WorkOrderObjectionOverdue(
    work_order_id=uuid4(), request_id=uuid4(), category="livelihood.street_lamp", to="head"
)
LEFT = WorkOrderLeftToHead(work_order_id=uuid4(), request_id=uuid4(), category="rights_protection.children")
LATE = WorkOrderReminded(
    work_order_id=uuid4(),
    request_id=uuid4(),
    category="rights_protection.children",
    deadline="resolution",
    percent=100,
    due_at=utc_now(),
    responder_ids=[],
    to_duty_desk=False,
    to_head=True,
)


@pytest.mark.parametrize(
    ("event", "kind", "readers"),
    [
        (OBJECTED, "objection_raised", {"staff", "head"}),
        (OBJECTED.model_copy(update={"to": "head"}), "objection_raised", {"head"}),
        (OVERDUE, "objection_overdue", {"head"}),
        (LEFT, "work_left_to_head", {"head"}),
        (LATE, "request_overdue", {"head"}),
    ],
    ids=["objection", "confidential objection", "late objection", "nobody to ask", "confidential and late"],
)
async def test_whoever_must_decide_is_told(place: Neighbourhood, event: Any, kind: str, readers: set[str]) -> None:
    """As dispatch sends it. What the head alone may know, staff neither list nor open."""
    data = event.model_dump(mode="json")
    await place.consume(event.type, f"work-orders/{event.work_order_id}", 2, data)
    head, staff = place.client("head"), place.client("staff")
    (notice,) = (await head.get("/v1/notices")).json()["items"]
    assert (notice["kind"], notice["parameters"]["request_id"]) == (kind, str(event.request_id))
    assert "{" not in notice["text"] + notice["title"]
    told = [each["id"] for each in (await staff.get("/v1/notices")).json()["items"]]
    assert told == ([notice["id"]] if "staff" in readers else [])
    assert (await staff.get(f"/v1/notices/{notice['id']}")).status_code == (200 if "staff" in readers else 404)
    assert (await place.worker(responder=uuid4()).get("/v1/notices")).json()["items"] == []


# Phones


async def test_the_running_service_sends_to_the_right_phone(place: Neighbourhood) -> None:
    await hear(place, "request_resolved", place.elder_id)
    (row,) = await place.rows(select(Delivery).where(Delivery.community_code == place.code))
    message = await until(lambda: next((m for m in sent_messages(place.app) if m["reference"] == str(row.id)), None))
    assert message["to"] == ELDER_PHONE
    for secret in PERSONAL:
        assert secret not in message["text"]


async def until(look: Any, seconds: float = 10) -> Any:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(seconds):
        while (found := look()) is None:  # noqa: ASYNC110 - a file tells nobody that it grew
            await asyncio.sleep(0.02)
    return found


async def test_a_text_that_failed_is_sent_again_under_the_same_reference(place: Neighbourhood) -> None:
    delivery_id = await queued(place)
    phones = Phones(True, True)
    for attempt in (1, 2):
        row = await send_one(place, delivery_id, phones)
        assert (row.state, row.attempts) == (DeliveryState.PENDING, attempt)
        assert row.due_at > utc_now()
    row = await send_one(place, delivery_id, phones)
    assert (row.state, row.attempts) == (DeliveryState.SENT, 3)
    assert [(to, reference) for to, _, reference in phones.taken] == [(CONTACTS[0][2], str(delivery_id))]


async def test_a_text_that_is_refused_for_good_is_not_repeated(place: Neighbourhood) -> None:
    row = await send_one(place, await queued(place), Phones(False))
    assert row.state is DeliveryState.FAILED


async def test_after_a_day_a_text_is_given_up(place: Neighbourhood) -> None:
    delivery_id = await queued(place)
    async with place.transaction() as session:
        row = await session.get(Delivery, (place.code, delivery_id))
        assert row is not None
        row.created_at -= timedelta(days=1)
    assert (await send_one(place, delivery_id, Phones(True))).state is DeliveryState.FAILED


async def test_nobody_is_written_to_after_erasure(place: Neighbourhood) -> None:
    delivery_id = await queued(place)
    await place.erase(place.elder_id)
    phones = Phones()
    assert (await send_one(place, delivery_id, phones)).state is DeliveryState.UNDELIVERABLE
    assert phones.taken == []


async def test_who_has_no_phone_still_has_an_inbox(place: Neighbourhood) -> None:
    await hear(place, "request_resolved", place.neighbour_id)
    assert len(await inbox(place, place.neighbour_id)) == 1


# Words


@given(
    kind=st.sampled_from(NoticeKind),
    parameters=st.dictionaries(st.sampled_from(["category", "step", "state", "request_id"]), st.text(max_size=20)),
    accept=st.sampled_from(["", "en", "zh-CN", "fr", "en;q=0.1, zh"]),
)
def test_any_notice_can_be_read_and_says_nothing_it_was_given(
    kind: NoticeKind, parameters: dict[str, str], accept: str
) -> None:
    title, text = render(kind, parameters, language_of(accept))
    empty_title, empty_text = render(kind, {}, language_of(accept))
    assert title == empty_title
    assert "{" not in text
    assert len(text) <= len(empty_text) + 80, "words of its own, never what it was given"


@pytest.mark.parametrize(
    ("percent", "kind", "to_desk"),
    [(80, "request_due_soon", False), (100, "request_overdue", True)],
    ids=["four fifths", "missed"],
)
async def test_whoever_holds_the_work_hears_that_its_time_runs_out(
    place: Neighbourhood, percent: int, kind: str, to_desk: bool
) -> None:
    holder, request_id = uuid4(), str(uuid4())
    reminded = {
        "work_order_id": str(uuid4()),
        "request_id": request_id,
        "category": "livelihood.street_lamp",
        "deadline": "first_response",
        "percent": percent,
        "due_at": "2026-12-01T10:00:00+08:00",
        "responder_ids": [str(holder)],
        "to_duty_desk": to_desk,
    }
    await place.consume("dispatch.work_order_reminded.v1", f"work-orders/{uuid4()}", 2, reminded)
    worker = place.client("responder", responder=holder)
    [notice] = (await worker.get("/v1/notices")).json()["items"]
    assert (notice["kind"], notice["parameters"]["request_id"]) == (kind, request_id)
    assert "首次回应" in notice["text"]
    at_the_desk = [each["parameters"]["request_id"] for each in await inbox(place) if each["kind"] == kind]
    assert (request_id in at_the_desk) is to_desk


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        ("rejected", "request_rejected", "不予受理"),
        ("waiting", "request_waiting", "需要您补充情况"),
        ("split", "request_progressed", "另一事项"),
        ("never_heard_of", "request_progressed", "有新进展"),
    ],
)
async def test_the_step_picks_the_words(place: Neighbourhood, step: str, kind: str, words: str) -> None:
    request_id = await hear(place, "request_progressed", place.elder_id, step=step)
    notice = (await inbox(place, place.elder_id))[0]
    assert (notice["kind"], notice["parameters"]["request_id"]) == (kind, request_id)
    assert words in notice["text"]


@pytest.mark.parametrize(("kind", "step"), [("request_progressed", "progress"), ("request_noted", "comment")])
async def test_an_account_hears_of_what_it_follows_and_no_other_does(
    place: Neighbourhood, kind: str, step: str
) -> None:
    follower, other = f"staff-{uuid4()}", f"staff-{uuid4()}"
    request_id = await hear(place, kind, None, step=step, watcher_accounts=[follower])

    async def told(role: str, account: str) -> list[str]:
        client = place.client(role, sub=account, responder=uuid4())
        items = (await client.get("/v1/notices")).json()["items"]
        return [each["kind"] for each in items if each["parameters"].get("request_id") == request_id]

    for role in ("staff", "head", "grid_worker", "responder"):
        assert await told(role, follower) == ["request_followed"]
        assert await told(role, other) == []


async def test_who_follows_a_request_hears_of_it_once_in_other_words(place: Neighbourhood) -> None:
    follower = uuid4()
    told = {"step": "resolved", "follower_person_ids": [str(follower), str(place.elder_id)]}
    await hear(place, "request_resolved", place.elder_id, **told)
    (heard,) = await inbox(place, follower)
    assert (heard["kind"], "您关注的诉求" in heard["text"]) == ("request_followed", True)
    assert [notice["kind"] for notice in await inbox(place, place.elder_id)] == ["request_resolved"]
