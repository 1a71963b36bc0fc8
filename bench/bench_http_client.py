"""Calls between services: the kit's client beside bare aiohttp, and a pass-through beside the direct call."""

import os

import aiohttp

from bench.applications import UPSTREAM_VARIABLE
from bench.result import Result, rates
from bench.serving import serving
from shared.http_client import Upstream


async def run() -> list[Result]:
    with serving("bench.applications:bare") as bare, serving("bench.applications:wrapped") as service:
        os.environ[UPSTREAM_VARIABLE] = service
        with serving("bench.applications:passing") as gateway:
            return await _client(bare) + await _pass_through(service, gateway)


async def _client(url: str) -> list[Result]:
    upstream = Upstream("bench", url)
    async with aiohttp.ClientSession() as session:

        async def bare() -> None:
            async with session.get(f"{url}/v1/items/5") as answer:
                await answer.read()

        rate, forward, request = await rates(
            bare, lambda: upstream.forward("GET", "/v1/items/5"), lambda: upstream.get("/v1/items/5")
        )
    await upstream.close()
    return [
        Result("Upstream.forward", forward, "/s", "bare aiohttp", rate, aim=0.7),
        Result("Upstream.get (httpx API)", request, "/s", "bare aiohttp", rate),
    ]


async def _pass_through(service: str, gateway: str) -> list[Result]:
    async with aiohttp.ClientSession() as session:

        def ask(url: str):
            async def once() -> None:
                async with session.get(f"{url}/v1/items/5") as answer:
                    await answer.read()

            return once

        direct, through = await rates(ask(service), ask(gateway))
    return [Result("a read passed through the kit's proxy", through, "/s", "the service itself", direct)]
