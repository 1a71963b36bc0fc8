"""One effect however often a request is repeated."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.codes import EVERYWHERE
from shared.idempotency import RETENTION, forget_old
from tests.principals import a_community, claims_of, sign
from tests.shared.kit_app import KitApp


async def stored(kit_app: KitApp, scope: str) -> int:
    async with kit_app.app.state.database.transaction(scope) as session:
        return (await session.execute(text("SELECT count(*) FROM idempotency_key"))).scalar_one()


async def test_a_repeated_request_is_answered_again_and_done_once(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.client(area=community) as client:
        answers = [
            await client.post("/v1/things", json={"name": "one"}, headers={"Idempotency-Key": key})
            for key in ("k-1", '"k-1"', " k-1 ")
        ]
    assert {(answer.status_code, answer.text, answer.headers["location"]) for answer in answers} == {
        (201, answers[0].text, answers[0].headers["location"])
    }
    assert "idempotency-replayed" not in answers[0].headers
    assert all(answer.headers["idempotency-replayed"] == "true" for answer in answers[1:])
    assert await kit_app.names(community) == ["one"]


async def test_another_body_or_path_under_the_same_key_is_refused(kit_app: KitApp) -> None:
    async with kit_app.client(area=a_community()) as client:
        key = {"Idempotency-Key": "k-2"}
        await client.post("/v1/things", json={"name": "one"}, headers=key)
        for path, name in (("/v1/things", "two"), ("/v1/things/broken", "one")):
            answer = await client.post(path, json={"name": name}, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


async def test_while_the_first_runs_the_second_is_told_to_wait(kit_app: KitApp) -> None:
    state = kit_app.app.state
    state.reached.clear()
    state.proceed.clear()
    async with kit_app.client(area=a_community()) as client:
        send = {"json": {"name": "slow"}, "headers": {"Idempotency-Key": "k-3"}}
        first = asyncio.ensure_future(client.post("/v1/things", **send))
        await asyncio.wait_for(state.reached.wait(), 10)
        second = await client.post("/v1/things", **send)
        assert (second.status_code, second.json()["code"]) == (409, "idempotency-key-in-flight")
        assert second.headers["retry-after"] == "1"
        state.proceed.set()
        assert (await first).status_code == 201
        assert (await client.post("/v1/things", **send)).text == (await first).text


async def test_many_at_once_have_one_effect(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.client(area=community) as client:
        send = {"json": {"name": "race"}, "headers": {"Idempotency-Key": "k-4"}}
        answers = await asyncio.gather(*(client.post("/v1/things", **send) for _ in range(12)))
        assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
        assert {answer.status_code for answer in answers} <= {201, 409}
    assert await kit_app.names(community) == ["race"]


async def test_what_was_refused_is_not_remembered(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.client(area=community) as client:
        key = {"Idempotency-Key": "k-5"}
        assert (await client.post("/v1/things", json={"name": ""}, headers=key)).status_code == 422
        assert (await client.post("/v1/things/broken", json={"name": "x"}, headers=key)).status_code == 500
        assert await stored(kit_app, community) == 0
        assert (await client.post("/v1/things", json={"name": "now"}, headers=key)).status_code == 201


async def test_a_commit_that_fails_is_not_remembered(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.client(area=community) as client:
        await client.post("/v1/things", json={"name": "one"})
        key = {"Idempotency-Key": "k-6"}
        for _ in range(2):
            answer = await client.post("/v1/things", json={"name": "one"}, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await stored(kit_app, community) == 0


async def test_keys_belong_to_their_caller(kit_app: KitApp) -> None:
    community = a_community()
    for _ in range(2):
        async with kit_app.client(area=community) as client:
            answer = await client.post("/v1/things", json={"name": "mine"}, headers={"Idempotency-Key": "k-7"})
            assert "idempotency-replayed" not in answer.headers
    assert await kit_app.names(community) == ["mine"], "the second caller's was a duplicate name, not a replay"


async def test_a_public_request_is_remembered_though_its_scope_moves(kit_app: KitApp) -> None:
    async with kit_app.anonymous() as client:
        send = {"json": {"name": "public"}, "headers": {"Idempotency-Key": "k-8"}}
        first, second = [await client.post("/v1/things/public", **send) for _ in range(2)]
    assert first.text == second.text
    assert await kit_app.names("150299009009") == ["public"]


async def test_an_area_above_a_community_may_use_keys(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.client("gateway", area="*") as client:
        # No community of its own, so nothing is made; but the claim itself must not fail.
        answer = await client.post("/v1/things", json={"name": "x"}, headers={"Idempotency-Key": community})
        assert answer.status_code == 404


@pytest.mark.parametrize("key", ["", '""', "k" * 256])
async def test_what_is_no_key_is_refused(kit_app: KitApp, key: str) -> None:
    async with kit_app.client(area=a_community()) as client:
        answer = await client.post("/v1/things", json={"name": "x"}, headers={"Idempotency-Key": key})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "header:idempotency-key"


async def test_answers_rest_sealed(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.client(area=community) as client:
        await client.post("/v1/things", json={"name": "whisper"}, headers={"Idempotency-Key": "k-secret"})
    async with kit_app.app.state.database.transaction(community) as session:
        row = (await session.execute(text("SELECT * FROM idempotency_key"))).mappings().one()
    assert "whisper" not in str(dict(row))
    assert "k-secret" not in str(dict(row))


async def test_answers_are_kept_a_day_and_then_forgotten(kit_app: KitApp) -> None:
    assert timedelta(hours=24) <= RETENTION
    community = a_community()
    async with kit_app.client(area=community) as client:
        for name in ("old", "new"):
            await client.post("/v1/things", json={"name": name}, headers={"Idempotency-Key": name})
    async with kit_app.app.state.database.transaction(community) as session:
        one = "(SELECT digest FROM idempotency_key ORDER BY digest LIMIT 1)"
        aged = text(f"UPDATE idempotency_key SET created_at = now() - CAST(:age AS interval) WHERE digest = {one}")
        await session.execute(aged, {"age": RETENTION + timedelta(minutes=1)})
    async with kit_app.app.state.database.transaction(EVERYWHERE) as session:
        assert await forget_old(session) >= 1
    assert await stored(kit_app, community) == 1


async def test_one_subject_in_two_tokens_is_one_caller(kit_app: KitApp) -> None:
    community = a_community()
    claims = claims_of("staff", community)
    answers = []
    for _ in range(2):
        async with kit_app.anonymous(Authorization=f"Bearer {sign(claims | {'jti': str(len(answers))})}") as client:
            answers.append(await client.post("/v1/things", json={"name": "n"}, headers={"Idempotency-Key": "k-9"}))
    assert answers[0].text == answers[1].text
