"""Lost updates are refused."""

import asyncio
from uuid import uuid4

import pytest

from tests.principals import a_community
from tests.shared.kit_app import KitApp


async def test_a_change_names_the_version_it_changes(kit_app: KitApp) -> None:
    async with kit_app.client(area=a_community()) as client:
        url = f"/v1/things/{(await client.post('/v1/things', json={'name': 'a'})).json()['id']}"
        change = {"name": "b"}
        missing = await client.patch(url, json=change)
        assert (missing.status_code, missing.json()["code"]) == (428, "precondition-required")
        read = await client.get(url)
        assert (read.headers["etag"], read.headers["cache-control"]) == ('"1"', "private, no-cache")
        assert (await client.patch(url, json=change, headers={"If-Match": read.headers["etag"]})).json()["version"] == 2
        stale = await client.patch(url, json=change, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
        assert (await client.patch(url, json=change, headers={"If-Match": 'W/"2"'})).status_code == 200


@pytest.mark.parametrize("header", ["*", '"x"', "-1", '"99999999999999999999"', '"1", "2"', ""])
async def test_what_is_no_version_is_not_current(kit_app: KitApp, header: str) -> None:
    async with kit_app.client(area=a_community()) as client:
        url = f"/v1/things/{(await client.post('/v1/things', json={'name': 'a'})).json()['id']}"
        assert (await client.patch(url, json={"name": "b"}, headers={"If-Match": header})).status_code == 412


@pytest.mark.parametrize(
    ("header", "status"), [('"1"', 304), ('W/"1"', 304), ('"7", "1"', 304), ("*", 304), ('"2"', 200), ("", 200)]
)
async def test_a_current_copy_is_not_sent_again(kit_app: KitApp, header: str, status: int) -> None:
    async with kit_app.client(area=a_community()) as client:
        url = f"/v1/things/{(await client.post('/v1/things', json={'name': 'a'})).json()['id']}"
        answer = await client.get(url, headers={"If-None-Match": header})
        assert (answer.status_code, answer.headers["etag"]) == (status, '"1"')
        assert bool(answer.content) == (status == 200)


async def test_of_two_changes_at_once_one_is_refused(kit_app: KitApp) -> None:
    async with kit_app.client(area=a_community()) as client:
        url = f"/v1/things/{(await client.post('/v1/things', json={'name': 'a'})).json()['id']}"
        changes = (client.patch(url, json={"name": f"n{n}"}, headers={"If-Match": '"1"'}) for n in range(6))
        assert (
            sorted([(await change).status_code for change in asyncio.as_completed(list(changes))]) == [200] + [412] * 5
        )
        missing = await client.patch(f"/v1/things/{uuid4()}", json={"name": "b"}, headers={"If-Match": '"1"'})
        assert missing.status_code == 404
