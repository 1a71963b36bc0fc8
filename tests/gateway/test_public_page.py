"""What a finder sees on a phone after scanning a card."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Page, expect

from shared.http_client import Upstream
from tests.gateway.browser import phone
from tests.gateway.conftest import NOBODY, Town, a_phone
from tests.gateway.village import ELDER, HOTLINE, TEAM, WORKER_PHONE, Village, add_team, eventually, settle

SMALLEST_TARGET = 44
"""CSS pixels: WCAG 2.2, 2.5.5."""


async def _open_cases(village: Village) -> list[dict]:
    async with await village.staff() as staff:
        return (await staff.get("/v1/found-persons", params={"open_only": "true"})).json()["items"]


async def _close_cases(village: Village) -> None:
    async with await village.staff() as staff:
        for case in await _open_cases(village):
            answer = await staff.post(f"/v1/found-persons/{case['id']}/unfounded", json={})
            assert answer.is_success, answer.text


@pytest.fixture(autouse=True)
async def _no_open_case(village: Village):
    yield
    await _close_cases(village)


async def _fill_in(page: Page) -> None:
    await page.get_by_label("地点").fill("实验小学东门")
    await page.get_by_label("您的电话").fill("19900004321")
    await page.get_by_role("button", name="发送报告").click()


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_finder_reports_with_and_without_scripts(village: Village, scripts: bool):
    async with phone(java_script_enabled=scripts) as context:
        page = await context.new_page()
        await page.goto(village.page)
        await _fill_in(page)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("谢谢您")
        await expect(page.get_by_role("status")).to_contain_text("已收到")
        await page.get_by_role("link", name="查看最新进展").click()
        await expect(page.get_by_role("status")).to_contain_text("已收到")
        assert ELDER not in await page.content()
    assert len(await _open_cases(village)) == 1


async def test_the_position_is_sent_only_when_asked_for(village: Village):
    place = {"latitude": 40.625, "longitude": 109.975}
    async with phone(geolocation=place, permissions=["geolocation"]) as context:
        page = await context.new_page()
        await page.goto(village.page)
        assert await page.locator("[name=longitude]").input_value() == ""
        await page.get_by_role("button", name="附上我的位置").click()
        await expect(page.locator("#located")).to_contain_text("已附上")
        assert await page.locator("[name=longitude]").input_value() == "109.975000"
        await page.get_by_role("button", name="发送报告").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("谢谢您")


async def test_nothing_is_loaded_from_anywhere_and_the_policy_is_kept(village: Village):
    async with phone() as context:
        page = await context.new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        answer = await page.goto(village.page)
        assert answer is not None
        assert [url for url in asked if not url.startswith("data:")] == [village.page]
        assert complaints == []
        assert len(await answer.body()) <= 20 * 1024
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_phone_and_can_be_used(village: Village, scheme: str):
    async with phone(color_scheme=scheme) as context:
        page = await context.new_page()
        await page.goto(village.page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375
        for target in await page.locator("a, button:visible, input:visible, textarea").all():
            box = await target.bounding_box()
            assert box is not None
            assert box["height"] >= SMALLEST_TARGET
        first = page.locator("a.call").first
        assert (await first.get_attribute("href") or "").endswith(WORKER_PHONE)
        assert [await each.get_attribute("href") for each in await page.locator("a.call").all()][1:] == [
            f"tel:{HOTLINE}",
            "tel:110",
        ]
        for name in ("place_text", "finder_phone", "note"):
            assert await page.locator(f"label[for={name}]").count() == 1
        for style in await _contrasts(page):
            assert style["ratio"] >= 4.5, style


async def test_a_team_card_shows_whom_to_call_for_what(town: Town):
    village = await settle(town, a_phone())
    phones = await add_team(village)
    async with await village.staff() as staff:
        body = {"household_id": str(village.household_id), "kind": "team"}
        card = (await staff.post("/v1/contact-cards", json=body)).json()
    async with phone() as context:
        page = await context.new_page()
        await page.goto(f"{town.url}/c/{card['code']}")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("您的网格服务团队")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375
        numbers = [await each.get_attribute("href") or "" for each in await page.locator("a.call").all()]
        team = [phones[role] for role, _, _ in TEAM]
        assert [each[-11:] for each in numbers[:-2]] == [WORKER_PHONE, *team]
        assert numbers[-2:] == [f"tel:{HOTLINE}", "tel:110"]
        for target in await page.locator("a.call").all():
            box = await target.bounding_box()
            assert box is not None
            assert box["height"] >= SMALLEST_TARGET
        for style in await _contrasts(page):
            assert style["ratio"] >= 4.5, style


async def _contrasts(page: Page) -> list[dict]:
    """The contrast of every text with what is behind it (WCAG 2.2, 1.4.3)."""
    return await page.evaluate(
        """() => {
        const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
        const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255;
            return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
        return [...document.querySelectorAll("main *")]
            .filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
            .map((e) => { const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
                return { text: e.textContent.trim().slice(0, 30),
                    ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }; });
    }"""
    )


async def _form(client: httpx.AsyncClient, village: Village) -> dict[str, str]:
    page = (await client.get(village.page)).text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    return {"key": key[1], "place_text": "东门", "finder_phone": "", "note": "", "longitude": "", "latitude": ""}


async def test_a_form_sent_twice_is_one_report(town: Town, village: Village):
    async with town.client() as anyone:
        form = await _form(anyone, village)
        answers = await asyncio.gather(*(anyone.post(village.page, data=form) for _ in range(3)))
        last = await anyone.post(village.page, data=form)
    places = {answer.headers["location"] for answer in [*answers, last] if answer.status_code == 303}
    assert len(places) == 1
    assert last.status_code == 303


async def test_a_refused_form_keeps_what_was_written_and_says_what_is_wrong(town: Town, village: Village):
    async with town.client() as anyone:
        form = await _form(anyone, village) | {"finder_phone": "12", "place_text": '"><script>alert(1)</script>'}
        answer = await anyone.post(village.page, data=form)
    assert answer.status_code == 422
    assert 'id="finder_phone-bad"' in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text
    assert await _open_cases(village) == []


async def test_while_residents_is_away_the_page_still_says_whom_to_call(town: Town, village: Village):
    upstreams = town.gateway.state.upstreams
    async with town.client() as anyone:
        form = await _form(anyone, village)
        before, upstreams["residents"] = upstreams["residents"], Upstream("residents", NOBODY)
        shown, sent = await anyone.get(village.page), await anyone.post(village.page, data=form)
        await upstreams["residents"].close()
        upstreams["residents"] = before
    assert (shown.status_code, sent.status_code) == (503, 503)
    for answer in (shown, sent):
        assert 'href="tel:12345"' in answer.text
        assert 'href="tel:110"' in answer.text


async def test_replaced_and_revoked_cards_still_say_whom_to_call(town: Town, village: Village):
    async with await village.staff() as staff:
        person = {"person_id": str(village.elder_id)}
        old = (await staff.post("/v1/contact-cards", json=person)).json()
        new = (await staff.post(f"/v1/contact-cards/{old['id']}/replace")).json()
    async with town.client() as anyone:
        replaced = await anyone.get(f"/c/{old['code']}")
        assert replaced.status_code == 200
        assert "挂失或更换" in replaced.text
        assert "<form" in replaced.text
        async with await village.staff() as staff:
            assert (await staff.post(f"/v1/contact-cards/{new['id']}/revoke")).is_success
        revoked = await anyone.get(f"/c/{new['code']}")
    assert "已停用" in revoked.text
    assert "<form" not in revoked.text
    for page in (replaced, revoked):
        assert f'href="tel:{HOTLINE}"' in page.text


async def test_a_followed_report_moves_on(town: Town, village: Village):
    async with town.client() as anyone, await village.worker() as worker:
        sent = await anyone.post(village.page, data=await _form(anyone, village))
        follow = sent.headers["location"]
        orders: list[dict] = []

        async def has_order() -> bool:
            found = (await worker.get("/v1/work-orders", params={"mine": "true", "state": "assigned"})).json()["items"]
            orders[:] = found
            return bool(found)

        await eventually(has_order)
        assert "已收到" in (await anyone.get(follow)).text
        assert (await anyone.get(follow + "x")).status_code == 404
        assert (await anyone.get(follow.partition("?")[0])).status_code == 404


async def test_the_documentation_page_works_on_a_phone(town: Town):
    async with phone() as context:
        page = await context.new_page()
        complaints: list[str] = []
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        await page.goto(f"{town.url}/docs")
        await expect(page.locator(".opblock-tag").first).to_be_visible()
        await page.locator(".opblock-tag", has_text="contact cards").first.click()
        await expect(page.locator(".opblock").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375
        assert all(url.startswith((town.url, "data:")) for url in asked)
        assert complaints == []
