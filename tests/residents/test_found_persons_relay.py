"""Finder, family and community write to each other through the case; nobody learns a phone number."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import col

from services.residents.found_persons import timers
from services.residents.found_persons.links import address_in
from services.residents.found_persons.models import FoundPerson
from services.residents.found_persons.phones import LEAST_DIGITS, MARK, mask_numbers
from services.residents.found_persons.relay_models import FamilyLink
from services.residents.notices.models import Delivery
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.residents.cases import FINDER, HAND_OVER, a_card, act, detail_of, only_case, report
from tests.residents.neighbourhood import PERSONAL, Neighbourhood

# Numbers


@pytest.mark.parametrize(
    "number",
    [
        "13800138000",
        "138-0013-8000",
        "138 0013 8000",
        "１３８００１３８０００",
        "+86 (138) 0013—8000",
        "一三八零零一三八零零零",
        "幺三八洞洞幺三八洞洞洞",
        "壹叁捌零零壹叁捌零零零",
        "①③⑧⓪⓪①③⑧⓪⓪⓪",
        "1.3.8.0.0.1.3.8.0.0.0",
        "1\ufe0f\u20e33\ufe0f\u20e38\ufe0f\u20e30013",
        "0472-5150000",
        "5150000",
    ],
)
def test_a_phone_is_taken_out_however_it_is_written(number: str) -> None:
    assert mask_numbers(f"我的电话{number}, 请打给我") == f"我的电话{MARK}, 请打给我".replace(
        MARK, MARK if number[0] not in "+" else "+" + MARK
    )


@pytest.mark.parametrize(
    "words",
    [
        "3号楼2单元1702室",
        "14:30到15:00",
        "请拨12345或110",
        "拐弯再拐弯, 一直走, 二小东门",
        "她说了一二三四",
        "",
        "约70岁, 身高160",
    ],
)
def test_other_numbers_stay(words: str) -> None:
    assert mask_numbers(words) == words


@given(st.text(), st.integers(10**10, 10**11 - 1), st.text())
def test_no_mobile_number_gets_through(before: str, number: int, after: str) -> None:
    assert str(number) not in mask_numbers(f"{before}{number}{after}")


@given(st.text(alphabet=st.characters(exclude_categories=("Nd", "No", "Nl", "Lo"))))
def test_what_holds_no_digit_is_left_as_it_is(words: str) -> None:
    assert mask_numbers(words) == words
    assert LEAST_DIGITS > 5, "110 and 12345 stay readable"


# The thread


class Thread:
    """A case that a card reported, its elder identified and its family texted."""

    def __init__(self, place: Neighbourhood, case: dict[str, Any], made: dict[str, Any], token: str) -> None:
        self.place, self.case, self.token = place, case, token
        self.public = place.client(None)
        self.finder_path = f"/v1/public/found-reports/{made['report_id']}"
        self.finder_headers = {"Follow-Token": made["follow_token"]}
        self.family_path = f"/v1/public/family-links/{token}"

    async def finder_writes(self, words: str, status: int = 201) -> dict[str, Any]:
        return await self._post(self.finder_path, words, status, headers=self.finder_headers)

    async def family_writes(self, words: str, status: int = 201) -> dict[str, Any]:
        return await self._post(self.family_path, words, status)

    async def _post(self, path: str, words: str, status: int, **more: Any) -> dict[str, Any]:
        answer = await self.public.post(f"{path}/messages", json={"text": words}, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def finder_reads(self) -> list[tuple[str, bool, str]]:
        return _told(await self.public.get(f"{self.finder_path}/messages", headers=self.finder_headers))

    async def family_reads(self) -> list[tuple[str, bool, str]]:
        return _told(await self.public.get(f"{self.family_path}/messages"))

    async def family_sees(self) -> dict[str, Any]:
        answer = await self.public.get(self.family_path)
        assert answer.status_code == 200, answer.text
        return answer.json()


def _told(answer: httpx.Response) -> list[tuple[str, bool, str]]:
    assert answer.status_code == 200, answer.text
    return [(each["side"], each["is_mine"], each["text"]) for each in answer.json()["items"]]


async def token_of(place: Neighbourhood, delivery_id: str) -> str:
    """What a family reads in the text: the last part of the address."""
    async with place.transaction() as session:
        delivery = await session.get(Delivery, (place.code, delivery_id))
        assert delivery is not None
        address = await address_in(session, Vault(session, place.app.state.keyring), delivery, "https://example.cn/")
    assert address is not None
    assert address.startswith(f"https://example.cn/f/{place.code}.")
    return address.rpartition("/")[2]


@pytest.fixture
async def thread(place: Neighbourhood) -> Thread:
    card = await a_card(place)
    made = await report(place, card["code"], **FINDER)
    case = await only_case(place.client())
    await act(place.client(), case["id"], "identify", person_id=str(place.elder_id))
    told = await act(place.client(), case["id"], "notify-family")
    return Thread(place, case, made, await token_of(place, told["delivery_id"]))


async def test_three_sides_read_roles_and_no_numbers(thread: Thread) -> None:
    place, case_id = thread.place, thread.case["id"]
    sent = await thread.finder_writes("我们在东门, 我的电话 138-0013-8000")
    assert (sent["is_masked"], sent["text"]) == (True, f"我们在东门, 我的电话 {MARK}")
    await thread.family_writes("马上到, 请打幺三八零零幺三八零零零")
    staff = await act(place.client(sub="staff-1"), case_id, "messages", 201, text="网格员五分钟到")
    assert staff["is_masked"] is False
    texts = [f"我们在东门, 我的电话 {MARK}", f"马上到, 请打{MARK}", "网格员五分钟到"]
    sides = ["finder", "family", "community"]
    assert await thread.finder_reads() == list(zip(sides, [True, False, False], texts, strict=True))
    assert await thread.family_reads() == list(zip(sides, [False, True, False], texts, strict=True))
    answer = await place.client(sub="staff-1").get(f"/v1/found-persons/{case_id}/messages")
    assert _told(answer) == list(zip(sides, [False, False, True], texts, strict=True))
    public = await thread.public.get(f"{thread.family_path}/messages")
    for secret in (*PERSONAL, *FINDER.values(), "staff-1", str(place.elder_id)):
        assert secret not in public.text


async def test_reading_is_written_down_when_something_is_shown(thread: Thread) -> None:
    place, case_id = thread.place, thread.case["id"]
    path = f"/v1/found-persons/{case_id}/messages"
    await place.client().get(path)
    assert await place.audited(case_id) == []
    await thread.finder_writes("你好")
    seen = (await place.client().get(path)).json()["items"]
    await place.client().get(path, params={"after": seen[-1]["id"]})
    (entry,) = await place.audited(case_id)
    assert (entry.fields, entry.purpose) == (("messages",), "lost_person")


async def test_whoever_was_sent_gets_one_notice_until_they_read_it(thread: Thread) -> None:
    place, case_id = thread.place, thread.case["id"]
    await thread.finder_writes("有人来吗")
    await thread.family_writes("我来")
    desk = (await place.client().get("/v1/notices")).json()["items"]
    assert [(each["kind"], each["parameters"]) for each in desk] == [
        ("found_person_message", {"found_person_id": case_id})
    ]
    sent = thread.case["id"]
    order = {"work_order_id": sent, "responder_id": sent, "origin": {"type": "found_person", "id": case_id}}
    await place.consume("dispatch.work_order_assigned.v1", f"work-orders/{sent}", 2, order)
    await thread.finder_writes("我们去了西门")
    worker = place.worker(responder=sent)
    (notice,) = (await worker.get("/v1/notices")).json()["items"]
    assert notice["kind"] == "found_person_message"
    await worker.post(f"/v1/notices/{notice['id']}/read")
    await thread.finder_writes("还在等")
    assert len((await worker.get("/v1/notices")).json()["items"]) == 2
    assert len((await place.client().get("/v1/notices")).json()["items"]) == 1
    other = place.worker(responder=place.elder_id)
    assert (await other.get("/v1/notices")).json()["items"] == []


async def deliveries(place: Neighbourhood) -> list[str]:
    return [row.kind for row in await place.rows(select(Delivery).where(col(Delivery.community_code) == place.code))]


async def test_many_messages_are_few_texts(thread: Thread) -> None:
    place = thread.place
    for _ in range(3):
        await thread.finder_writes("在吗")
    assert await deliveries(place) == ["found_person_family"]
    async with place.transaction() as session:
        (link,) = (await session.execute(select(FamilyLink))).scalars()
        link.texted_at = utc_now() - timedelta(minutes=11)
    await thread.family_writes("在")
    assert await deliveries(place) == ["found_person_family"]
    await act(place.client(), thread.case["id"], "messages", 201, text="请看")
    await thread.finder_writes("好")
    assert await deliveries(place) == ["found_person_family", "found_person_family_news"]


async def test_the_family_reads_where_to_meet(thread: Thread) -> None:
    place, case_id = thread.place, thread.case["id"]
    view = {"state": "looked_after", "meeting_place": None, "meeting_at": None, "is_open": True}
    attempts = (await detail_of(place, thread.case))["attempts"]
    assert attempts[0]["result"] in ("message_pending", "message_sent")
    assert await thread.family_sees() == view
    assert (await detail_of(place, thread.case))["attempts"][0]["result"] == "message_delivered"
    await act(place.worker(), case_id, "arrange-meeting", place_text="二小传达室")
    await act(place.worker(), case_id, "arrange-meeting", place_text="社区服务中心")
    assert await thread.family_sees() == view | {"meeting_place": "社区服务中心"}
    await act(place.client(), case_id, "hand-over", **HAND_OVER)
    assert await thread.family_sees() == view | {"state": "safe"}
    await thread.family_writes("谢谢大家")
    await act(place.client(), case_id, "close", outcome="returned_home")
    assert await thread.family_sees() == view | {"state": "safe", "is_open": False}


async def test_the_relay_closes_with_the_case(thread: Thread) -> None:
    place, case_id = thread.place, thread.case["id"]
    await thread.finder_writes("你好")
    await act(place.client(), case_id, "unfounded", reason="went_home")
    for write in (thread.finder_writes, thread.family_writes):
        assert (await write("还在吗", 409))["code"] == "relay-closed"
    await act(place.client(), case_id, "messages", 409, text="x")
    assert await thread.finder_reads() == []
    assert await thread.family_reads() == []
    assert (await thread.family_sees())["state"] == "ended"
    await act(place.worker(), case_id, "messages", 409, text="x")
    assert (await place.worker().get(f"/v1/found-persons/{case_id}/messages")).status_code == 409
    async with place.transaction() as session:
        row = await session.get(FoundPerson, (place.code, case_id))
        assert row is not None
        row.closed_at = utc_now() - timedelta(days=181)
    async with place.app.state.database.transaction(EVERYWHERE) as session:
        await timers.forget_old_cases(session, Vault(session, place.app.state.keyring), timedelta(days=180))
    assert (await thread.public.get(thread.family_path)).status_code == 404
    assert (await place.client().get(f"/v1/found-persons/{case_id}/messages")).status_code == 410


async def test_a_family_called_by_mistake_reads_no_more(thread: Thread) -> None:
    place, case_id = thread.place, thread.case["id"]
    await thread.family_writes("她住三楼, 门没锁")
    await act(place.client(), case_id, "identify", person_id=str(place.neighbour_id))
    assert (await thread.public.get(thread.family_path)).status_code == 404
    await thread.family_writes("还有", 404)
    assert await thread.finder_reads() == []
    kept = (await place.client().get(f"/v1/found-persons/{case_id}/messages")).json()["items"]
    assert [each["text"] for each in kept] == ["她住三楼, 门没锁"]


@pytest.mark.parametrize("words", ["", " ", "a\u0000b", "长" * 501])
async def test_bad_messages_are_refused(thread: Thread, words: str) -> None:
    await thread.finder_writes(words, 422)
    await thread.family_writes(words, 422)
    assert await thread.finder_reads() == []


async def test_one_token_writes_so_often(thread: Thread) -> None:
    for _ in range(10):
        await thread.finder_writes("在吗")
    refused = await thread.public.post(
        f"{thread.finder_path}/messages", json={"text": "在吗"}, headers=thread.finder_headers
    )
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "600")
    await thread.family_writes("在")


async def test_only_a_token_lets_in(thread: Thread) -> None:
    public, place = thread.public, thread.place
    bad = ("", "x", thread.token[:-1], f"150207999999.{thread.token[13:]}", thread.finder_headers["Follow-Token"])
    for token in bad:
        for path in (f"/v1/public/family-links/{token}", f"/v1/public/family-links/{token}/messages"):
            assert (await public.get(path)).status_code == 404
        headers = {"Follow-Token": token if token != bad[-1] else thread.token}
        assert (await public.get(f"{thread.finder_path}/messages", headers=headers)).status_code == 404
    for path in ("messages", "sightings"):
        answer = await public.post(f"{thread.finder_path}/{path}", json={"text": "x", "place_text": "x"})
        assert answer.status_code in (404, 422)
    assert await deliveries(place) == ["found_person_family"]


async def test_nothing_written_rests_in_the_clear(thread: Thread) -> None:
    place = thread.place
    await thread.finder_writes("老人说要去火车站")
    await thread.family_writes("她怕狗")
    await act(place.client(), thread.case["id"], "arrange-meeting", place_text="北门水果店")
    secrets = ("老人说要去火车站", "她怕狗", "北门水果店", thread.token[13:])
    async with place.transaction() as session:
        for table in ("found_message", "found_family_link", "found_person_entry", "delivery", "notice", "outbox"):
            dump = "".join((await session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} AS t"))).scalars())
            assert dump
            for secret in secrets:
                assert secret not in dump
                assert secret.encode().hex() not in dump
