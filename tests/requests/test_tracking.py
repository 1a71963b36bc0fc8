"""Following a request without an account: by reference what is public, by a one-time link what the requester may."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.requests.service_requests.references import REFERENCE
from services.requests.tracking.timers import forget_old, send_due
from shared.clock import utc_now
from shared.sender import SendFailed
from shared.spoken_codes import ALPHABET
from shared.vault import Vault
from tests.principals import a_community
from tests.requests.world import World
from tests.shared.test_photos import encoded, picture, with_location

PHONE = "13800138000"
WORDS = "李阿姨家门口的灯不亮"
PUBLIC = "/v1/public/tracked-requests"


async def called(world: World, **data: Any) -> dict[str, Any]:
    """A request that somebody rang about; they have no account."""
    caller = {"name": "李四", "phone": PHONE}
    return await world.submit("staff", channel="phone", requester=caller, description=WORDS, **data)


async def ask(
    world: World, method: str, reference: str, verb: str = "", browser: str = "", **body: Any
) -> httpx.Response:
    headers = {"Tracking-Session": browser} if browser else {}
    path = f"{PUBLIC}/{reference}" + (f"/{verb}" if verb else "")
    return await world.http.request(method, path, json=body if method == "POST" else None, headers=headers)


async def opened(world: World, request: dict[str, Any]) -> str:
    """The secret of a browser that opened a link handed out by the office."""
    link = await world.post("staff", f"{request['id']}/tracking-link")
    answer = await ask(world, "POST", request["reference"], "open", token=link["url"].split("link=")[1])
    assert answer.status_code == 200, answer.text
    return answer.json()["session"]


async def seen(world: World, request: dict[str, Any], browser: str = "") -> dict[str, Any]:
    answer = await ask(world, "GET", request["reference"], browser=browser)
    assert answer.status_code == 200, answer.text
    return answer.json()


class Phone:
    """What was sent to phones."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str, str]] = []
        self.is_down = False

    async def send(self, to: str, text: str, *, kind: str, reference: str) -> None:
        if self.is_down:
            raise SendFailed("down", retryable=True)
        self.texts.append((to, text, kind))

    async def close(self) -> None: ...


async def send(world: World, phone: Phone) -> None:
    async with world.database.transaction(world.code) as session:
        vault = Vault(session, world.app.state.keyring)
        await send_due(session, vault, phone, world.app.state.settings.public_url)


# References


def test_a_reference_is_short_and_one_slip_is_noticed() -> None:
    reference = REFERENCE.new()
    assert len(reference) == 10 and set(reference) <= set(ALPHABET)
    assert REFERENCE.read(REFERENCE.grouped(reference).lower()) == reference


@given(st.lists(st.integers(0, 31), min_size=9, max_size=9), st.integers(0, 9), st.integers(1, 31))
def test_every_single_wrong_symbol_is_recognised(values: list[int], place: int, shift: int) -> None:
    code = REFERENCE.with_check_symbol(values)
    wrong = ALPHABET[(ALPHABET.index(code[place]) + shift) % 32]
    assert REFERENCE.read(code) == code
    assert REFERENCE.read(code[:place] + wrong + code[place + 1 :]) is None


async def test_the_database_makes_the_same_references(world: World) -> None:
    made = [row.code for row in await world.sql("SELECT new_reference() AS code FROM generate_series(1, 200)")]
    assert [REFERENCE.read(code) for code in made] == made and len(set(made)) == 200


async def test_every_answer_names_the_reference(world: World) -> None:
    request = await world.submit()
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", request["reference"])
    assert (await world.get("staff", request["id"]))["reference"] == request["reference"]
    assert (await world.get("staff", ""))["items"][0]["reference"] == request["reference"]


# Without a link


async def test_a_public_matter_shows_states_and_dates_and_no_words(world: World) -> None:
    request = await called(world)
    await world.post("staff", f"{request['id']}/accept")
    await world.post("staff", f"{request['id']}/updates", {"kind": "progress", "text": "已联系李阿姨"})
    await world.post("staff", f"{request['id']}/updates", {"kind": "note", "text": "内部"})
    page = await seen(world, request)
    assert (page["is_shown"], page["is_holder"], page["state"]) == (True, False, "accepted")
    assert [line["step"] for line in page["lines"]] == ["submitted", "accepted", "progress"]
    assert page["resolve_by"] and page["category"]["en"] and page["may"] == []
    shown = str(page)
    assert "李" not in shown and PHONE not in shown and "内部" not in shown


async def test_what_the_office_released_is_shown_to_everybody(world: World) -> None:
    request = await called(world)
    await world.post("staff", f"{request['id']}/updates", {"kind": "progress", "text": "电工周五来"})
    told = (await world.get("staff", f"{request['id']}/updates"))["items"][-1]["id"]
    body = {"title": "3号楼门口路灯", "description": "灯不亮", "update_ids": [told]}
    await world.post("staff", f"{request['id']}/release-text", body)
    page = await seen(world, request)
    assert (page["title"], page["description"]) == ("3号楼门口路灯", "灯不亮")
    assert [line["text"] for line in page["lines"]] == [None, "电工周五来"]


@pytest.mark.parametrize("category", ["rights_protection.wages", "rights_protection.domestic_violence"])
async def test_of_anything_else_nothing_is_shown_without_a_link(world: World, category: str) -> None:
    request = await called(world, category=category)
    page = await seen(world, request)
    assert page["is_shown"] is False
    known = {"reference", "community_code", "is_shown", "is_holder", "photos", "lines", "may"}
    assert {name for name, value in page.items() if value is not None} == known
    assert page["photos"] == page["lines"] == page["may"] == []
    assert (await seen(world, request, await opened(world, request)))["description"] == WORDS


@pytest.mark.parametrize("reference", ["", "0", "ZZZZZ-ZZZZZ", "AAAAAAAAAA", "..", "😀"], ids=range(6))
async def test_an_unknown_reference_is_not_there(world: World, reference: str) -> None:
    answer = await ask(world, "GET", reference or REFERENCE.new())
    assert answer.status_code == 404


# The link


async def test_a_link_opens_once_and_the_browser_may_come_back(world: World) -> None:
    request = await called(world)
    link = await world.post("staff", f"{request['id']}/tracking-link")
    assert link["url"].startswith(f"http://127.0.0.1:8365/r/{request['reference']}?link=")
    token = link["url"].split("link=")[1]
    first = await ask(world, "POST", request["reference"], "open", token=token)
    again = await ask(world, "POST", request["reference"], "open", token=token)
    assert (first.status_code, again.status_code, again.json()["code"]) == (200, 410, "link-spent")
    for _ in range(2):
        page = await seen(world, request, first.json()["session"])
        assert page["is_holder"] and page["description"] == WORDS and page["may"] == ["comment", "photo", "withdraw"]


async def test_links_and_browsers_are_kept_as_digests_only(world: World) -> None:
    request = await world.submit("staff", channel="visit")
    link = await world.post("staff", f"{request['id']}/tracking-link")
    token = link["url"].split("link=")[1]
    browser = (await ask(world, "POST", request["reference"], "open", token=token)).json()["session"]
    (row,) = await world.sql(
        "SELECT tracking_link::text AS row FROM tracking_link WHERE community_code = :c", c=world.code
    )
    for secret in (token, browser):
        assert secret not in row.row and secret.encode().hex() not in row.row
    assert link["state"] == "handed_out"


async def test_a_link_expires_and_so_does_the_browser(world: World) -> None:
    request = await called(world)
    token = (await world.post("staff", f"{request['id']}/tracking-link"))["url"].split("link=")[1]
    browser = await opened(world, request)
    with time_machine.travel(utc_now() + timedelta(days=31), tick=False):
        assert (await ask(world, "POST", request["reference"], "open", token=token)).status_code == 410
        assert (await seen(world, request, browser))["is_holder"] is False
        async with world.database.transaction(world.code) as session:
            assert await forget_old(session) == 2


async def test_a_link_of_one_request_opens_no_other(world: World) -> None:
    request, other = await called(world), await called(world)
    token = (await world.post("staff", f"{request['id']}/tracking-link"))["url"].split("link=")[1]
    assert (await ask(world, "POST", other["reference"], "open", token=token)).status_code == 410
    browser = await opened(world, request)
    assert (await seen(world, other, browser))["is_holder"] is False
    assert (await ask(world, "POST", other["reference"], "comment", browser, text="x")).status_code == 403


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("resident", {}, 403),
        ("grid_worker", {}, 404),
        ("responder", {}, 403),
        ("staff", {}, 201),
        ("head", {}, 201),
        ("staff", {"area": a_community()}, 404),
        ("supervisor", {}, 403),
        ("partner", {}, 403),
        (None, {}, 401),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_who_may_hand_out_links(world: World, role: str | None, claims: dict[str, Any], status: int) -> None:
    request = await called(world)
    assert (await world.call(role, "POST", f"{request['id']}/tracking-link", **claims)).status_code == status
    records = "SELECT actor FROM audit_entry WHERE community_code = :code AND action = 'service_requests.tracking_link'"
    assert len(await world.sql(records, code=world.code)) == (status == 201)


# What its holder may say


async def test_a_holder_answers_confirms_and_rates(world: World) -> None:
    request = await called(world)
    browser, reference = await opened(world, request), request["reference"]
    order = uuid4()
    for what in ("created", "assigned", "acknowledged"):
        await world.work_order(what, order, request["id"])
    await world.post("staff", f"{request['id']}/wait-for-requester", {"text": "几单元?"})
    page = await seen(world, request, browser)
    assert (page["question"], page["may"]) == ("几单元?", ["answer", "photo", "withdraw"])
    assert (await ask(world, "POST", reference, "comment", browser, text="三单元")).status_code == 204
    assert (await seen(world, request, browser))["question"] is None
    assert (await ask(world, "POST", reference, "confirm", browser)).status_code == 409
    await world.post("staff", f"{request['id']}/resolve", {"text": "换了灯泡"})
    page = await seen(world, request, browser)
    assert (page["answer"], page["may"]) == ("换了灯泡", ["confirm", "reopen", "rate"])
    assert (await ask(world, "POST", reference, "confirm", browser, text="谢谢")).status_code == 204
    rating = {"score": 5, "solved": True, "satisfied": True, "text": "很快"}
    assert (await ask(world, "POST", reference, "rating", browser, **rating)).status_code == 204
    assert (await ask(world, "POST", reference, "rating", browser, **rating)).status_code == 409
    assert (await seen(world, request, browser))["may"] == ["reopen"]
    lines = (await world.get("staff", f"{request['id']}/updates"))["items"]
    assert [(line["step"], line["by"]) for line in lines][-4:] == [
        ("answered", "resident"),
        ("resolved", "staff"),
        ("confirmed", "resident"),
        ("rated", "resident"),
    ]
    assert [line["text"] for line in lines if line["step"] == "answered"] == ["三单元"]


async def test_a_holder_says_that_it_is_not_solved(world: World) -> None:
    request = await called(world)
    browser = await opened(world, request)
    await world.post("staff", f"{request['id']}/accept")
    await world.post("staff", f"{request['id']}/resolve", {"text": "修好了"})
    assert (await ask(world, "POST", request["reference"], "reopen", browser, text="还是不亮")).status_code == 204
    assert (await world.get("staff", request["id"]))["state"] == "reopened"


async def photograph(world: World, reference: str, picture: bytes, browser: str = "") -> httpx.Response:
    headers = {"Tracking-Session": browser, "Content-Type": "image/jpeg"}
    return await world.http.post(f"{PUBLIC}/{reference}/photos", content=picture, headers=headers)


async def look(world: World, request: dict[str, Any], photo_id: str, browser: str = "") -> httpx.Response:
    path = f"{PUBLIC}/{request['reference']}/photos/{photo_id}?size=thumbnail"
    return await world.http.get(path, headers={"Tracking-Session": browser})


async def test_a_holder_adds_a_photo_and_everybody_sees_what_the_office_released(world: World) -> None:
    a_photo = encoded(picture(), exif=with_location())
    request = await called(world)
    browser = await opened(world, request)
    assert (await photograph(world, request["reference"], a_photo)).status_code == 403
    assert (await photograph(world, request["reference"], b"no picture", browser)).json()["code"] == "photo-unreadable"
    sent = await photograph(world, request["reference"], a_photo, browser)
    assert sent.status_code == 201
    (photo,) = (await seen(world, request, browser))["photos"]
    assert photo == sent.json()
    looked = await look(world, request, photo["id"], browser)
    assert looked.headers["content-type"] == "image/jpeg"
    assert not Image.open(BytesIO(looked.content)).getexif(), "neither where nor with what it was taken"
    assert (await world.steps("staff", request["id"]))[-1] == "attached"
    assert (await seen(world, request))["photos"] == []
    assert (await look(world, request, photo["id"])).status_code == 404
    released = {"title": "路灯", "attachment_ids": [photo["id"]]}
    await world.post("staff", f"{request['id']}/release-text", released)
    assert (await seen(world, request))["photos"] == [photo]
    assert (await look(world, request, photo["id"])).status_code == 200


async def test_a_holder_takes_it_back(world: World) -> None:
    request = await called(world)
    browser = await opened(world, request)
    assert "withdraw" in (await seen(world, request, browser))["may"]
    assert (await ask(world, "POST", request["reference"], "withdraw", browser, text="已经修好")).status_code == 204
    page = await seen(world, request, browser)
    assert (page["state"], page["may"]) == ("withdrawn", [])
    assert (await ask(world, "POST", request["reference"], "withdraw", browser)).status_code == 409


async def test_who_was_answered_with_another_reads_the_answer_and_may_say_that_it_is_not_solved(world: World) -> None:
    """But never a word of the other requester's, and of a private matter none of the office's."""
    private = {"category": "fairness.neighbour_noise"}
    other, request = await called(world, **private), await called(world, **private)
    browser = await opened(world, request)
    await world.post("staff", f"{request['id']}/merge", {"into": other["id"], "text": "同一件事"})
    await world.post("staff", f"{other['id']}/accept")
    page = await seen(world, request, browser)
    assert (page["merged_into"], page["may"]) == (other["reference"], [])
    await world.post("staff", f"{other['id']}/resolve", {"text": "已劝说王家"})
    theirs = await opened(world, other)
    assert (await ask(world, "POST", other["reference"], "confirm", theirs, text="谢谢, 王家安静了")).status_code == 204
    page = await seen(world, request, browser)
    assert [line["step"] for line in page["lines"]] == ["submitted", "merged", "accepted", "resolved", "confirmed"]
    assert "王" not in str(page) and [line["mine"] for line in page["lines"]][-1] is False
    assert page["may"] == ["reopen", "rate"]
    rating = {"score": 2, "solved": False, "satisfied": False, "commendation": None}
    assert (await ask(world, "POST", request["reference"], "rating", browser, **rating)).status_code == 204
    assert (await ask(world, "POST", request["reference"], "reopen", browser, text="还是很吵")).status_code == 204
    page = await seen(world, request, browser)
    assert (page["state"], page["merged_into"]) == ("reopened", None)
    assert (await world.get("head", other["id"]))["state"] == "confirmed"


@pytest.mark.parametrize("verb", ["comment", "confirm", "reopen", "rating", "withdraw"])
@pytest.mark.parametrize("browser", ["", "guessed-guessed-guessed-guessed"])
async def test_nobody_else_says_anything(world: World, verb: str, browser: str) -> None:
    request = await called(world)
    body = {"comment": {"text": "x"}, "rating": {"score": 1, "solved": False, "satisfied": False}}.get(verb, {})
    answer = await ask(world, "POST", request["reference"], verb, browser, **body)
    assert (answer.status_code, answer.json()["code"]) == (403, "link-needed")


# Sending


async def test_a_caller_gets_the_link_on_their_phone_and_nothing_of_it_stays(world: World) -> None:
    request, phone = await called(world), Phone()
    link = await world.post("staff", f"{request['id']}/tracking-link")
    assert link["state"] == "pending"
    phone.is_down = True
    await send(world, phone)
    phone.is_down = False
    await send(world, phone)
    assert phone.texts == []
    with time_machine.travel(utc_now() + timedelta(seconds=6), tick=False):
        await send(world, phone)
    ((to, text, kind),) = phone.texts
    assert to.endswith(PHONE) and kind == "tracking-link" and link["url"] in text and "灯" not in text
    assert await world.sql("SELECT state, token_sealed FROM tracking_link WHERE community_code = :c", c=world.code) == [
        ("sent", None)
    ]


async def test_a_new_link_is_asked_for_by_the_end_of_the_phone(world: World) -> None:
    request, phone = await called(world), Phone()
    answers = [
        await ask(world, "POST", request["reference"], "ask-for-link", phone_end=end) for end in ("0000", "8000")
    ]
    assert [(each.status_code, each.text) for each in answers] == [(202, "null")] * 2
    await send(world, phone)
    ((to, _text, _kind),) = phone.texts
    assert to.endswith(PHONE)


async def test_only_so_many_links_a_day(world: World) -> None:
    request, phone = await called(world), Phone()
    for _ in range(5):
        answer = await ask(world, "POST", request["reference"], "ask-for-link", phone_end="8000")
        assert answer.status_code == 202
    await send(world, phone)
    assert len(phone.texts) == 3


async def test_erasing_the_requester_closes_their_browsers(world: World) -> None:
    request = await world.submit(description=WORDS)
    browser, phone = await opened(world, request), Phone()
    assert (await seen(world, request, browser))["description"] == WORDS
    erased = {"person_id": str(world.person)}
    await world.deliver("residents.person_erased.v1", erased, subject=f"people/{world.person}")
    page = await seen(world, request, browser)
    assert page["is_holder"] is False and page["description"] is None
    await send(world, phone)
    assert phone.texts == []
