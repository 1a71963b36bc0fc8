"""Finder and family write to each other from their phones, and neither learns a number."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from gateway.public_page.talking import family_path
from shared.http_client import Upstream
from tests.gateway.browser import phone
from tests.gateway.conftest import NOBODY, Town
from tests.gateway.test_public_page import SMALLEST_TARGET, _contrasts, _form
from tests.gateway.village import ELDER, HOTLINE, Village, eventually
from tests.residents.neighbourhood import sent_messages

SON, SON_PHONE = "欧阳明远", "19900008765"
MEETING = "实验小学传达室"


@dataclass
class Found:
    """An open case: where its finder and its family look at it."""

    village: Village
    case_id: str
    finder: str
    family: str


async def _post(client: httpx.AsyncClient, path: str, body: Any = None) -> Any:
    answer = await client.post(path, json=body or {})
    assert answer.is_success, (path, answer.text)
    return answer.json()


@pytest.fixture
async def found(town: Town, village: Village) -> AsyncIterator[Found]:
    """A card was scanned, its elder identified, their son texted and told where to come."""
    async with town.client() as anyone, await village.staff() as staff:
        sent = await anyone.post(village.page, data=await _form(anyone, village))
        case = (await staff.get("/v1/found-persons", params={"open_only": "true"})).json()["items"][0]
        path = f"/v1/found-persons/{case['id']}"
        contacts = (await staff.get(f"/v1/people/{village.elder_id}/family-contacts")).json()
        if not contacts["items"] if isinstance(contacts, dict) else not contacts:
            contact = {"relation": "child", "name": SON, "phone": SON_PHONE}
            await _post(staff, f"/v1/people/{village.elder_id}/family-contacts", contact)
        await _post(staff, f"{path}/identify", {"person_id": str(village.elder_id)})
        told = await _post(staff, f"{path}/notify-family")
        texts = list[str]()

        async def is_texted() -> bool:
            messages = sent_messages(town.services["residents"])
            texts[:] = [each["text"] for each in messages if each["reference"] == told["delivery_id"]]
            return bool(texts)

        await eventually(is_texted)
        address = re.search(r"/f/[\w.-]+", texts[0])
        assert address is not None
        await _post(staff, f"{path}/arrange-meeting", {"place_text": MEETING})
        yield Found(village, case["id"], f"{town.url}{sent.headers['location']}", f"{town.url}{address[0]}")
        await staff.post(f"{path}/unfounded", json={})


async def _write(page: Page, words: str) -> None:
    await page.get_by_label("写留言").fill(words)
    await page.get_by_role("button", name="发送留言").click()


@pytest.mark.parametrize("scripts", [True, False])
async def test_finder_and_family_write_to_each_other(found: Found, scripts: bool) -> None:
    async with phone(java_script_enabled=scripts) as context:
        finder, family = await context.new_page(), await context.new_page()
        await family.goto(found.family)
        await expect(family.locator(".place")).to_contain_text(MEETING)
        await finder.goto(found.finder)
        await _write(finder, "我们在东门, 打我电话 138 0013 8000")
        await expect(finder.locator(".mine .said")).to_have_text("我们在东门, 打我电话 ＊＊＊")
        await family.get_by_role("link", name="刷新").click()
        await expect(family.locator(".thread li")).to_contain_text("发现人")
        await _write(family, "马上到")
        await finder.get_by_role("link", name="查看最新进展").click()
        await expect(finder.locator(".thread li")).to_have_count(2)
        for page in (finder, family):
            content = await page.content()
            for secret in (ELDER, SON, SON_PHONE, "13800138000", "138 0013 8000"):
                assert secret not in content


async def test_a_finder_says_where_they_went_and_sends_a_photo(found: Found, tmp_path: Path) -> None:
    picture = tmp_path / "elder.png"
    Image.new("RGB", (400, 300), "teal").save(picture)
    place = {"latitude": 40.625, "longitude": 109.975}
    async with phone(geolocation=place, permissions=["geolocation"]) as context:
        page = await context.new_page()
        await page.goto(found.finder)
        await page.get_by_label("现在在哪里").fill("西门水果店")
        await page.get_by_role("button", name="附上我的位置").click()
        await expect(page.locator("#located")).to_contain_text("已附上")
        await page.get_by_role("button", name="更新位置").click()
        await expect(page.locator(".done").nth(1)).to_contain_text("位置已更新")
        await page.get_by_label("照片").set_input_files(picture)
        await page.get_by_role("button", name="发送照片").click()
        await expect(page.locator(".done").nth(1)).to_contain_text("照片已发送")
    async with await found.village.staff() as staff:
        trail = (await staff.get(f"/v1/found-persons/{found.case_id}/trail")).json()["features"]
        assert (trail[-1]["properties"]["place_text"], trail[-1]["geometry"]["coordinates"]) == (
            "西门水果店",
            [109.975, 40.625],
        )
        assert [each["kind"] for each in (await staff.get(f"/v1/found-persons/{found.case_id}/photos")).json()] == [
            "found"
        ]


async def test_the_family_page_fits_a_phone_and_loads_nothing_else(found: Found) -> None:
    async with phone() as context:
        for address in (found.family, found.finder):
            page = await context.new_page()
            asked, complaints = list[str](), list[str]()
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, complaints=complaints: complaints.append(message.text))
            answer = await page.goto(address)
            assert answer is not None
            assert [url for url in asked if not url.startswith("data:")] == [address]
            assert complaints == []
            assert "no-store" in answer.headers["cache-control"]
            assert await page.evaluate("document.documentElement.scrollWidth") <= 375
            for target in await page.locator("a, button:visible, input:visible, textarea").all():
                box = await target.bounding_box()
                assert box is not None
                assert box["height"] >= SMALLEST_TARGET
            for style in await _contrasts(page):
                assert style["ratio"] >= 4.5, style
            assert await page.locator("a.call").first.get_attribute("href") is not None
            if folder := os.environ.get("SCREENSHOTS"):
                await page.screenshot(path=f"{folder}/{'family' if '/f/' in address else 'finder'}.png", full_page=True)


async def test_what_was_refused_is_kept_and_explained(town: Town, found: Found) -> None:
    async with town.client() as anyone:
        page = (await anyone.get(found.finder)).text
        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token is not None
        base, sent = found.finder.partition("?")[0], {"key": "k" * 16, "token": token[1]}
        words = '"><script>alert(1)</script>' + "长" * 500
        refused = await anyone.post(f"{base}/messages", data=sent | {"text": words})
        nowhere = await anyone.post(f"{base}/sightings", data=sent | {"place_text": " "})
        no_photo = await anyone.post(f"{base}/photos", data=sent, files={"picture": b"no picture"})
        stranger = await anyone.post(f"{base}/messages", data=sent | {"token": "x", "text": "hi"})
    answers = (refused, nowhere, no_photo, stranger)
    assert [answer.status_code for answer in answers] == [422, 422, 422, 404]
    assert "&lt;script&gt;alert" in refused.text
    assert "<script>alert" not in refused.text
    assert "请填写地点" in nowhere.text
    assert "照片无法识别" in no_photo.text


async def test_a_form_sent_twice_is_one_message(town: Town, found: Found) -> None:
    form = {"key": "a" * 16, "text": "我在路上"}
    async with town.client() as anyone:
        for _ in range(2):
            assert (await anyone.post(f"{found.family}/messages", data=form)).status_code == 303
        shown = await anyone.get(f"{family_path(found.family.rpartition('/')[2])}/messages")
    assert [each["text"] for each in shown.json()["items"]] == ["我在路上"]


async def test_an_ended_or_unknown_page_says_whom_to_call(town: Town, found: Found) -> None:
    async with town.client() as anyone, await found.village.staff() as staff:
        await staff.post(f"/v1/found-persons/{found.case_id}/unfounded", json={"reason": "went_home"})
        ended = await anyone.get(found.family)
        late = await anyone.post(f"{found.family}/messages", data={"key": "a" * 16, "text": "在吗"})
        unknown = await anyone.get(found.family[:-1])
        nonsense = await anyone.get(f"{town.url}/f/nonsense")
    assert (ended.status_code, late.status_code, unknown.status_code, nonsense.status_code) == (200, 422, 404, 404)
    for page in (ended, late, unknown):
        assert f'href="tel:{HOTLINE}"' in page.text
        assert 'href="tel:110"' in page.text
    assert "<form" not in ended.text
    assert MEETING not in ended.text
    assert 'href="tel:12345"' in nonsense.text


async def test_while_residents_is_away_the_family_still_knows_whom_to_call(town: Town, found: Found) -> None:
    upstreams = town.gateway.state.upstreams
    before, upstreams["residents"] = upstreams["residents"], Upstream("residents", NOBODY)
    async with town.client() as anyone:
        shown = await anyone.get(found.family)
        sent = await anyone.post(f"{found.family}/messages", data={"key": "a" * 16, "text": "在吗"})
    await upstreams["residents"].close()
    upstreams["residents"] = before
    for page in (shown, sent):
        assert page.status_code == 503
        assert f'href="tel:{HOTLINE}"' in page.text
