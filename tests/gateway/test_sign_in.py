"""Signing in: by code, by password, as a system; and how a session goes on and ends."""

import asyncio
import hashlib
import json
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import time_machine
from sqlalchemy import text

from gateway.accounts.service import create_client
from gateway.tables import GLOBAL
from shared.auth import TokenVerifier
from shared.clock import utc_now
from tests.gateway.conftest import PASSWORD, Town, a_phone

COMMUNITY = "150207007005"


async def _ask_code(lone: Town, client: httpx.AsyncClient, phone: str) -> tuple[str, str]:
    """(request id, code)"""
    answer = await client.post("/v1/auth/otp", json={"phone": phone})
    assert answer.status_code == 202
    return answer.json()["request_id"], lone.codes_sent_to(phone)[-1]


async def _staff_phone(lone: Town) -> str:
    phone = a_phone()
    await lone.account(role="staff", area=COMMUNITY, phone=phone)
    return phone


async def _verify(client: httpx.AsyncClient, request_id: str, code: str) -> httpx.Response:
    return await client.post("/v1/auth/otp/verify", json={"request_id": request_id, "code": code})


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_a_code_signs_in_once(lone: Town, anyone: httpx.AsyncClient):
    request_id, code = await _ask_code(lone, anyone, await _staff_phone(lone))
    first, second = await _verify(anyone, request_id, code), await _verify(anyone, request_id, code)
    assert (first.status_code, second.status_code) == (200, 401)
    assert first.headers["cache-control"] == "no-store"
    me = await anyone.get("/v1/me", headers={"Authorization": f"Bearer {first.json()['access_token']}"})
    assert (me.json()["role"], me.json()["area"]) == ("staff", COMMUNITY)


async def test_of_two_verifications_at_once_one_signs_in(lone: Town, anyone: httpx.AsyncClient):
    request_id, code = await _ask_code(lone, anyone, await _staff_phone(lone))
    answers = await asyncio.gather(*(_verify(anyone, request_id, code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


@pytest.mark.parametrize(("wrong_guesses", "status"), [(4, 200), (5, 401), (6, 401)])
async def test_five_tries(lone: Town, anyone: httpx.AsyncClient, wrong_guesses: int, status: int):
    request_id, code = await _ask_code(lone, anyone, await _staff_phone(lone))
    guesses = await asyncio.gather(*(_verify(anyone, request_id, _wrong(code)) for _ in range(wrong_guesses)))
    assert {guess.status_code for guess in guesses} == {401}
    assert (await _verify(anyone, request_id, code)).status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (301, 401)])
async def test_five_minutes(lone: Town, anyone: httpx.AsyncClient, seconds: int, status: int):
    request_id, code = await _ask_code(lone, anyone, await _staff_phone(lone))
    with time_machine.travel(utc_now().timestamp() + seconds, tick=True):
        assert (await _verify(anyone, request_id, code)).status_code == status


async def test_a_code_fits_its_own_request_only(lone: Town, anyone: httpx.AsyncClient):
    phone = await _staff_phone(lone)
    first, old = await _ask_code(lone, anyone, phone)
    second, new = await _ask_code(lone, anyone, phone)
    if old != new:
        assert (await _verify(anyone, second, old)).status_code == 401
        assert (await _verify(anyone, first, new)).status_code == 401
    assert (await _verify(anyone, str(uuid4()), new)).status_code == 401
    assert (await _verify(anyone, second, new)).status_code == 200


async def test_known_and_unknown_phones_get_the_same_answer(lone: Town, anyone: httpx.AsyncClient):
    known = await anyone.post("/v1/auth/otp", json={"phone": await _staff_phone(lone)})
    unknown = await anyone.post("/v1/auth/otp", json={"phone": a_phone()})
    assert known.status_code == unknown.status_code == 202
    assert known.json().keys() == unknown.json().keys()
    assert known.json()["expires_in"] == unknown.json()["expires_in"] == 300


async def test_neither_phone_nor_code_rests_in_the_clear(lone: Town, anyone: httpx.AsyncClient):
    phone = await _staff_phone(lone)
    _, code = await _ask_code(lone, anyone, phone)
    async with lone.gateway.state.database.transaction(GLOBAL) as session:
        for table in ("account", "one_time_code"):
            rows = (await session.execute(text(f"SELECT row.*::text FROM {table} AS row"))).scalars().all()
            dump = "\n".join(rows)
            assert rows
            assert phone not in dump
            assert phone.encode().hex() not in dump
            assert f'"{code}"' not in dump


async def test_a_password_signs_in(lone: Town, anyone: httpx.AsyncClient):
    await lone.account(role="head", area=COMMUNITY, username="head.one")
    right = await anyone.post("/v1/auth/login", json={"username": "head.one", "password": PASSWORD})
    wrong = await anyone.post("/v1/auth/login", json={"username": "head.one", "password": PASSWORD + "!"})
    nobody = await anyone.post("/v1/auth/login", json={"username": "no.one", "password": PASSWORD})
    assert (right.status_code, wrong.status_code, nobody.status_code) == (200, 401, 401)
    assert wrong.json() == nobody.json()
    principal = await lone.gateway.state.verifier.verify(right.json()["access_token"])
    assert principal.role == "head"


async def test_a_disabled_account_is_out_at_once(lone: Town, anyone: httpx.AsyncClient):
    account = await lone.account(role="staff", area=COMMUNITY, username="leaver")
    tokens = (await anyone.post("/v1/auth/login", json={"username": "leaver", "password": PASSWORD})).json()
    async with lone.gateway.state.database.transaction(GLOBAL) as session:
        await session.execute(text("UPDATE account SET disabled_at = now() WHERE id = :id"), {"id": account.id})
    assert (await anyone.post("/v1/auth/login", json={"username": "leaver", "password": PASSWORD})).status_code == 401
    assert (await _refresh(anyone, tokens["refresh_token"])).status_code == 400


@pytest.mark.parametrize("body", [{"username": "a\x00b", "password": "x"}, {"username": "a", "password": "\ud800"}, {}])
async def test_malformed_names_are_refused_not_broken_on(anyone: httpx.AsyncClient, body: dict[str, str]):
    answer = await anyone.post("/v1/auth/login", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


async def _refresh(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    return await client.post("/oauth/token", data={"grant_type": "refresh_token", "refresh_token": refresh_token})


async def _session(lone: Town, client: httpx.AsyncClient) -> str:
    name = f"user.{uuid4().hex[:8]}"
    await lone.account(role="staff", area=COMMUNITY, username=name)
    answer = await client.post("/v1/auth/login", json={"username": name, "password": PASSWORD})
    return answer.json()["refresh_token"]


async def test_refresh_tokens_rotate_and_a_replay_ends_the_family(lone: Town, anyone: httpx.AsyncClient):
    first = await _session(lone, anyone)
    second = (await _refresh(anyone, first)).json()["refresh_token"]
    third = (await _refresh(anyone, second)).json()["refresh_token"]
    replay = await _refresh(anyone, first)
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert (await _refresh(anyone, third)).status_code == 400


async def test_a_refresh_race_has_one_winner_and_then_the_family_is_over(lone: Town, anyone: httpx.AsyncClient):
    token = await _session(lone, anyone)
    answers = await asyncio.gather(*(_refresh(anyone, token) for _ in range(8)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert (await _refresh(anyone, won[0].json()["refresh_token"])).status_code == 400


async def test_a_refresh_token_lasts_thirty_days(lone: Town, anyone: httpx.AsyncClient):
    token = await _session(lone, anyone)
    digest = {"digest": hashlib.sha256(token.encode()).digest()}
    async with lone.gateway.state.database.transaction(GLOBAL) as session:
        lasts = await session.execute(
            text("SELECT expires_at - issued_at FROM refresh_token WHERE digest = :digest"), digest
        )
        assert lasts.scalar_one() == timedelta(days=30)
        await session.execute(
            text("UPDATE refresh_token SET expires_at = now() - interval '1 second' WHERE digest = :digest"), digest
        )
    assert (await _refresh(anyone, token)).status_code == 400


async def test_signing_out_ends_the_family(lone: Town, anyone: httpx.AsyncClient):
    token = await _session(lone, anyone)
    assert (await anyone.post("/v1/auth/logout", json={"refresh_token": token})).status_code == 204
    assert (await anyone.post("/v1/auth/logout", json={"refresh_token": token})).status_code == 204
    assert (await _refresh(anyone, token)).status_code == 400


async def test_a_partner_gets_what_it_was_granted_and_no_more(lone: Town, anyone: httpx.AsyncClient):
    client_id = f"partner-{uuid4().hex[:6]}"
    async with lone.gateway.state.database.transaction(GLOBAL) as session:
        secret = await create_client(session, client_id, area=COMMUNITY, grants=["requests:write", "requests:read"])
    form = {"grant_type": "client_credentials"}
    basic = await anyone.post("/oauth/token", data=form, auth=(client_id, secret))
    posted = await anyone.post("/oauth/token", data=form | {"client_id": client_id, "client_secret": secret})
    assert basic.status_code == posted.status_code == 200
    assert basic.json()["scope"] == "requests:read requests:write"
    assert "refresh_token" not in basic.json()
    principal = await lone.gateway.state.verifier.verify(basic.json()["access_token"])
    assert (principal.role, principal.client_id) == ("partner", client_id)
    narrow = await anyone.post("/oauth/token", data=form | {"scope": "requests:read"}, auth=(client_id, secret))
    assert narrow.json()["scope"] == "requests:read"
    wide = await anyone.post("/oauth/token", data=form | {"scope": "people:read"}, auth=(client_id, secret))
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    wrong = await anyone.post("/oauth/token", data=form, auth=(client_id, "x" + secret))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
    ],
)
async def test_errors_of_the_token_endpoint(anyone: httpx.AsyncClient, form: dict[str, str], error: str):
    answer = await anyone.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"


async def test_the_published_keys_prove_the_tokens(lone: Town, anyone: httpx.AsyncClient):
    published = (await anyone.get("/.well-known/jwks.json")).json()
    assert all("d" not in key for key in published["keys"])
    discovery = (await anyone.get("/.well-known/openid-configuration")).json()
    assert discovery["issuer"] == lone.url
    verifier = TokenVerifier(discovery["jwks_uri"], discovery["issuer"])
    principal = await verifier.verify(await lone.token("staff", COMMUNITY))
    assert principal.area == COMMUNITY
