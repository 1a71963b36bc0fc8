"""Headless Chromium at phone size."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import BrowserContext, async_playwright

PHONE = {"width": 375, "height": 812}


@asynccontextmanager
async def phone(**options) -> AsyncIterator[BrowserContext]:
    """A phone's browser. Fails, and says what to do, where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is needed: apt-get install -y chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = await browser.new_context(
            device_scale_factor=2, has_touch=True, is_mobile=True, **({"viewport": PHONE, "locale": "zh-CN"} | options)
        )
        try:
            yield context
        finally:
            await browser.close()
