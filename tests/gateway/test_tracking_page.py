"""Following a request without an account, on a phone, in Chinese and in English."""

import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from services.requests.categories.service import seed_categories
from services.requests.service_requests.references import REFERENCE
from shared.http_client import Upstream
from shared.limits import RateLimit
from tests.gateway.browser import phone
from tests.gateway.conftest import NOBODY, Town, a_phone
from tests.gateway.test_public_page import SMALLEST_TARGET, _contrasts
from tests.gateway.village import HOTLINE, Village, eventually
from tests.residents.neighbourhood import sent_messages
from tests.shared.test_photos import encoded, picture

OPEN = re.compile("已提交|已派单")
"""Dispatch passes it on meanwhile, if somebody has room for it."""
NARROW = {"width": 360, "height": 740}
WORDS = "三单元门口的灯坏了两天, 老人晚上不敢出门"


async def called(town: Town, village: Village, **data: Any) -> dict[str, Any]:
    """What somebody without an account rang about, and the link that the office made for them."""
    async with town.services["requests"].state.database.transaction(village.code) as session:
        await seed_categories(session, village.code)
    caller = {"name": "王小明", "phone": a_phone()}
    body = {"category": "livelihood.street_lamp", "title": "路灯不亮", "description": WORDS, "channel": "phone"}
    async with await village.staff() as staff:
        made = await staff.post("/v1/service-requests", json=body | {"requester": caller} | data)
        assert made.status_code == 201, made.text
        link = await staff.post(f"/v1/service-requests/{made.json()['id']}/tracking-link")
        assert link.status_code == 201, link.text
    token = link.json()["url"].split("link=")[1]
    address = f"{town.url}/r/{made.json()['reference']}"
    return made.json() | {"address": address, "link": f"{address}?link={token}", "phone": caller["phone"]}


async def resolve(village: Village, request: dict[str, Any], text: str) -> None:
    """Answer it, whether or not dispatch has asked somebody meanwhile."""
    async with await village.staff() as staff:
        await staff.post(f"/v1/service-requests/{request['id']}/accept")
        answer = await staff.post(f"/v1/service-requests/{request['id']}/resolve", json={"text": text})
        assert answer.is_success, answer.text


async def sane(page: Page, width: int = 375) -> None:
    """It fits the phone, can be touched and can be read."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    for target in await page.locator("button:visible, summary:visible, a.call, a.again, .switch a").all():
        box = await target.bounding_box()
        assert box is not None and box["height"] >= SMALLEST_TARGET
    for style in await _contrasts(page):
        assert style["ratio"] >= 4.5, style


async def keep(page: Page, name: str) -> None:
    """A picture for whoever wants to look: `SCREENSHOTS=folder`."""
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_caller_follows_their_request_to_its_end(town: Town, village: Village, scripts: bool) -> None:
    request = await called(town, village)
    async with phone(java_script_enabled=scripts) as context:
        page = await context.new_page()
        await page.goto(request["link"])
        await expect(page.get_by_role("heading", level=1)).to_contain_text(OPEN)
        assert WORDS not in await page.content()
        await sane(page)
        await page.get_by_role("button", name="打开").first.click()
        await expect(page.get_by_text(WORDS)).to_be_visible()
        assert "link=" not in page.url
        await page.get_by_label("补充说明").fill("请尽快")
        await page.get_by_role("button", name="发送", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("已收到")
        await resolve(village, request, "已更换灯泡, 并检查了线路。")
        await page.goto(request["address"])
        await expect(page.get_by_text("已更换灯泡").first).to_be_visible()
        await sane(page)
        await keep(page, "tracking-zh")
        await page.get_by_role("button", name="已解决", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("已办结")
        await page.get_by_label("打分").select_option("5")
        await page.get_by_label("问题已解决").check()
        await page.get_by_role("button", name="提交评价").click()
        await expect(page.get_by_role("status")).to_contain_text("感谢")
    async with await village.staff() as staff:
        (rating,) = (await staff.get(f"/v1/service-requests/{request['id']}/rating")).json()["items"]
    assert (rating["score"], rating["solved"], rating["satisfied"]) == (5, True, False)


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
async def test_a_caller_adds_a_photo_and_takes_it_back(town: Town, village: Village, language: str) -> None:
    """On a narrow phone, without scripts."""
    request = await called(town, village)
    async with phone(java_script_enabled=False, locale=language, viewport=NARROW) as context:
        page = await context.new_page()
        await page.goto(request["link"])
        await page.get_by_role("button", name=re.compile("^(打开|Open)$")).click()
        send = page.get_by_role("button", name=re.compile("发送照片|Send the photo"))
        for content, said in ((b"no picture", "无法识别|not a photo"), (encoded(picture()), "照片已收到|was received")):
            await page.locator("#picture").set_input_files(
                {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": content}
            )
            await send.click()
            await expect(page.locator(".note").first).to_contain_text(re.compile(said))
        shown = page.locator(".photos img")
        await expect(shown).to_have_js_property("naturalWidth", 320)
        await page.locator("summary").click()
        await sane(page, NARROW["width"])
        await keep(page, f"tracking-photo-{language}")
        await page.get_by_role("button", name=re.compile("撤回这件诉求|Take it back")).click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("已撤回|Withdrawn"))
        await keep(page, f"tracking-withdrawn-{language}")
    async with phone() as another:
        page = await another.new_page()
        answer = await page.goto(f"{request['address']}/photos/{uuid4()}")
        assert answer is not None and answer.status == 404


async def test_who_asked_anonymously_opens_it_with_their_code(town: Town, village: Village) -> None:
    await called(town, village)
    body = {"category": "livelihood.street_lamp", "title": "路灯", "description": WORDS, "anonymous": True}
    async with await village.resident() as elder:
        made = (await elder.post("/v1/service-requests", json=body)).json()
    async with phone(viewport=NARROW) as context:
        page = await context.new_page()
        await page.goto(f"{town.url}/r/{made['reference']}")
        await page.locator("summary").click()
        await sane(page, NARROW["width"])
        await keep(page, "tracking-anonymous")
        await page.get_by_label("查询码").fill("0" * 26)
        await page.get_by_role("button", name="打开").first.click()
        await expect(page.get_by_role("alert")).to_contain_text("查询码不对")
        await page.locator("summary").click()
        await page.get_by_label("查询码").fill(made["follow_up_code"])
        await page.get_by_role("button", name="打开").first.click()
        await expect(page.get_by_text(WORDS)).to_be_visible()
        await page.get_by_label("补充说明").fill("请尽快")
        await page.get_by_role("button", name="发送", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("已收到")


async def test_it_speaks_english_and_changes_its_language(town: Town, village: Village) -> None:
    request = await called(town, village)
    async with phone(locale="en-GB") as context:
        page = await context.new_page()
        await page.goto(request["link"])
        await expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("Submitted|Passed on"))
        assert await page.locator("html").get_attribute("lang") == "en"
        await page.get_by_role("button", name="Open", exact=True).click()
        await expect(page.get_by_role("heading", name="What has happened")).to_be_visible()
        await sane(page)
        await keep(page, "tracking-en")
        await page.get_by_role("link", name="中文").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text(OPEN)
        assert await page.locator("html").get_attribute("lang") == "zh-CN"
        await page.get_by_label("补充说明").fill("谢谢")
        await page.get_by_role("button", name="发送", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("已收到")


async def test_not_solved_starts_it_again(town: Town, village: Village) -> None:
    request = await called(town, village)
    await resolve(village, request, "修好了")
    async with phone() as context:
        page = await context.new_page()
        await page.goto(request["link"])
        await page.get_by_role("button", name="打开").first.click()
        await page.get_by_label("还有什么问题").fill("还是不亮")
        await page.get_by_role("button", name="还没有解决").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("重新办理")


async def test_the_same_link_opens_nothing_on_another_phone(town: Town, village: Village) -> None:
    request = await called(town, village)
    async with phone() as first, phone() as second:
        page = await first.new_page()
        await page.goto(request["link"])
        await page.get_by_role("button", name="打开").first.click()
        (cookie,) = await first.cookies()
        assert cookie.get("httpOnly") and cookie.get("sameSite") == "Lax"
        assert cookie.get("path") == f"/r/{request['reference']}"
        other = await second.new_page()
        await other.goto(request["link"])
        await other.get_by_role("button", name="打开").first.click()
        await expect(other.get_by_role("alert")).to_contain_text("已使用或已过期")
        assert WORDS not in await other.content()


async def test_without_a_link_a_private_matter_shows_nothing(town: Town, village: Village) -> None:
    request = await called(town, village, category="rights_protection.wages")
    async with phone() as context:
        page = await context.new_page()
        answer = await page.goto(request["address"])
        assert answer is not None and answer.status == 200
        await expect(page.get_by_text("只有本人可以查看")).to_be_visible()
        for hidden in ("工资", "已提交", "已派单", WORDS, "办理经过"):
            assert hidden not in await page.content()
        await sane(page)
        await keep(page, "tracking-private")


async def test_a_new_link_is_asked_for_on_the_page(town: Town, village: Village) -> None:
    request = await called(town, village, category="rights_protection.wages")
    async with phone() as context:
        page = await context.new_page()
        await page.goto(request["address"])
        await page.get_by_label("后四位").fill(request["phone"][-4:])
        await page.get_by_role("button", name="发送到我的手机").click()
        await expect(page.get_by_role("status")).to_contain_text("如果号码无误")

        def links() -> list[str]:
            sent = sent_messages(town.services["requests"])
            theirs = [each["text"] for each in sent if each["to"].endswith(request["phone"])]
            return [found for each in theirs for found in re.findall(r"/r/\S+\?link=[\w-]+", each)[:1]]

        async def are_sent() -> bool:
            return len(links()) == 2

        await eventually(are_sent)
        await page.goto(f"{town.url}{links()[-1]}")
        await page.get_by_role("button", name="打开").first.click()
        await expect(page.get_by_text(WORDS)).to_be_visible()


async def test_a_reference_is_typed_as_people_type(town: Town, village: Village) -> None:
    request = await called(town, village)
    async with phone() as context:
        page = await context.new_page()
        await page.goto(f"{town.url}/r")
        await sane(page)
        await page.get_by_label("诉求编号").fill(request["reference"].lower().replace("-", " "))
        await page.get_by_role("button", name="查询诉求").click()
        await expect(page.get_by_text(request["reference"])).to_be_visible()
        assert f"/r/{request['reference']}" in page.url
        assert await page.locator("a.call").get_attribute("href") == f"tel:{HOTLINE}"


async def test_nothing_is_loaded_from_anywhere(town: Town, village: Village) -> None:
    request = await called(town, village)
    async with phone() as context:
        page = await context.new_page()
        asked, complaints = [], []
        page.on("request", lambda each: asked.append(each.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        answer = await page.goto(request["address"])
        assert answer is not None
        assert [url for url in asked if not url.startswith("data:")] == [request["address"]]
        assert complaints == []
        headers = await answer.all_headers()
        assert headers["cache-control"] == "no-store" and headers["x-robots-tag"] == "noindex"
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_guessed_references_are_slowed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town.gateway.state.limits, "unknown_codes", RateLimit("unknown", "20/hour"))
    async with town.client() as anyone:
        codes = [(await anyone.get(f"/r/{REFERENCE.new()}")).status_code for _ in range(21)]
    assert codes == [404] * 20 + [429]


async def test_without_requests_the_page_says_whom_to_call(
    town: Town, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await called(town, village)
    nowhere = Upstream("requests", NOBODY)
    monkeypatch.setitem(town.gateway.state.upstreams, "requests", nowhere)
    async with town.client() as anyone:
        page = await anyone.get(request["address"])
        assert page.status_code == 503 and "tel:" in page.text
        answer = await anyone.post(f"{request['address']}/comment", data={"key": "k" * 16, "text": "您好"})
        assert answer.status_code == 503
    await nowhere.close()


@pytest.mark.parametrize(
    "form",
    [{}, {"key": "short"}, {"key": "k" * 16, "text": ""}, {"key": "k" * 16, "text": "x" * 6000}],
    ids=["nothing", "no-key", "no-words", "too-long"],
)
async def test_a_form_that_is_none_does_nothing(town: Town, village: Village, form: dict[str, str]) -> None:
    request = await called(town, village)
    async with town.client() as anyone:
        answer: httpx.Response = await anyone.post(f"{request['address']}/comment", data=form)
    assert answer.status_code in (403, 422), answer.text
