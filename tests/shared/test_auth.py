"""Who is calling: only what the issuer signed, for us, now."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.auth import AUDIENCE, Principal, Role, TokenVerifier
from shared.errors import NotFound, Unauthorized
from tests.principals import (
    ISSUER,
    a_community,
    bearer,
    claims_of,
    jwks_url,
    key_set,
    new_key,
    sign,
    signing_key,
    token,
)
from tests.shared.kit_app import KitApp


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(jwks_url(), ISSUER)


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


async def test_a_valid_token_states_its_principal(verifier: TokenVerifier) -> None:
    person, household, responder, merchant = (uuid4() for _ in range(4))
    principal = await verifier.verify(
        token(
            "grid_worker",
            "150207007005",
            sub="account-1",
            grids=["150207007005001"],
            person=person,
            household=household,
            responder=responder,
            merchant=merchant,
            client_id="c",
            scope="a:read b:write",
        )
    )
    assert principal == Principal(
        subject="account-1",
        role=Role.GRID_WORKER,
        area="150207007005",
        grids=("150207007005001",),
        person_id=person,
        household_id=household,
        responder_id=responder,
        merchant_id=merchant,
        client_id="c",
        grants=frozenset({"a:read", "b:write"}),
    )


@pytest.mark.parametrize(
    "spoiled",
    [
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"role": "emperor"},
        {"role": None},
        {"area": None},
        {"person": "not-a-uuid"},
        {"scope": ["a"]},
        {"grids": 7},
    ],
    ids=str,
)
async def test_claims_that_do_not_hold_are_refused(verifier: TokenVerifier, spoiled: dict[str, Any]) -> None:
    claims = {name: value for name, value in (claims_of("staff", "15") | spoiled).items() if value is not None}
    with pytest.raises(Unauthorized):
        await verifier.verify(sign(claims))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "refresh+jwt"}, {"kid": "unknown"}], ids=str)
async def test_headers_that_do_not_hold_are_refused(verifier: TokenVerifier, header: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(sign(claims_of("staff", "15"), **header))


async def test_another_key_under_the_same_name_is_refused(verifier: TokenVerifier) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(sign(claims_of("staff", "15"), key=new_key(str(signing_key().kid))))


async def test_no_algorithm_is_no_signature(verifier: TokenVerifier) -> None:
    header = {"alg": "none", "typ": "at+jwt", "kid": signing_key().kid}
    for signature in ("", "AAAA"):
        with pytest.raises(Unauthorized):
            await verifier.verify(f"{encoded(header)}.{encoded(claims_of('head', '15'))}.{signature}")


async def test_the_public_key_is_no_shared_secret(verifier: TokenVerifier) -> None:
    """The attack that mixes up algorithms: HMAC with the published key as its secret."""
    public = signing_key().as_dict(private=False)
    secret = OctKey.import_key(base64.urlsafe_b64decode(str(public["x"]) + "=="))
    header = {"alg": "HS256", "typ": "at+jwt", "kid": signing_key().kid}
    with pytest.raises(Unauthorized):
        await verifier.verify(jwt.encode(header, claims_of("head", "15"), secret))


async def test_a_changed_payload_is_refused(verifier: TokenVerifier) -> None:
    header, _, signature = token("resident").split(".")
    with pytest.raises(Unauthorized):
        await verifier.verify(f"{header}.{encoded(claims_of('head', '*'))}.{signature}")


@pytest.mark.parametrize(
    "garbage",
    ["", ".", "..", "a.b.c", "é.é.é", encoded([]) + ".a.b", encoded("x") + ".a.b", encoded({"kid": {}}) + ".a.b"],
)
async def test_garbage_is_refused(verifier: TokenVerifier, garbage: str) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(garbage)


async def test_deep_nesting_is_refused(verifier: TokenVerifier) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    with pytest.raises(Unauthorized):
        await verifier.verify(f"{deep}.a.b")


async def test_a_remembered_token_still_expires(verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    held = token("staff", exp=int(time.time()) + 60)
    await verifier.verify(held)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Unauthorized):
        await verifier.verify(held)


async def test_keys_rotate() -> None:
    old, new = new_key("old"), new_key("new")
    published = key_set(old)
    fetches = 0

    async def source() -> dict[str, Any]:
        nonlocal fetches
        fetches += 1
        return published

    verifier = TokenVerifier(source, ISSUER)
    await verifier.verify(sign(claims_of("staff", "15"), key=old))
    published = key_set(old, new)
    with pytest.raises(Unauthorized):
        await verifier.verify(sign(claims_of("staff", "15"), key=new))  # asked a moment ago
    assert fetches == 1, "unknown keys do not make every request fetch"
    verifier.MINIMUM_REFRESH_SECONDS = 0
    await verifier.verify(sign(claims_of("staff", "15"), key=new))
    await verifier.verify(sign(claims_of("staff", "15"), key=old))
    published = key_set(new)
    with pytest.raises(Unauthorized):
        await verifier.verify(sign(claims_of("staff", "15"), key=new_key("third")))
    with pytest.raises(Unauthorized):
        await verifier.verify(sign(claims_of("staff", "15"), key=old))


async def test_known_keys_outlive_an_issuer_that_is_away() -> None:
    key, away = new_key("k"), False

    async def source() -> dict[str, Any]:
        if away:
            raise httpx.ConnectError("away")
        return key_set(key)

    verifier = TokenVerifier(source, ISSUER)
    verifier.MINIMUM_REFRESH_SECONDS = 0
    await verifier.verify(sign(claims_of("staff", "15"), key=key))
    away = True
    await verifier.verify(sign(claims_of("staff", "15"), key=key))
    with pytest.raises(Unauthorized):
        await verifier.verify(sign(claims_of("staff", "15"), key=new_key("other")))


async def test_what_external_providers_sign_with_is_accepted() -> None:
    for key, algorithm in (
        (ECKey.generate_key("P-256", {"kid": "ec"}), "ES256"),
        (RSAKey.generate_key(2048, {"kid": "rsa"}), "RS256"),
    ):

        async def source(key: Any = key) -> dict[str, Any]:
            return {"keys": [key.as_dict(private=False)]}

        header = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid}
        encoded_token = jwt.encode(header, claims_of("staff", "15"), key, algorithms=[algorithm])
        assert (await TokenVerifier(source, ISSUER).verify(encoded_token)).role is Role.STAFF


def test_sight() -> None:
    worker = Principal("s", Role.GRID_WORKER, "150207007005", grids=("150207007005001",))
    assert worker.may_see("150207007005001")
    assert not worker.may_see("150207007005002")
    assert worker.may_see("150207007005")
    county = Principal("s", Role.SUPERVISOR, "150207")
    assert county.may_see("150207007005002")
    assert not county.may_see("150208007005")
    with pytest.raises(NotFound):
        _ = county.community_code
    assert worker.community_code == "150207007005"


# Through a service's door


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c"])
async def test_without_a_valid_token_nothing_is_done(kit_app: KitApp, header: str) -> None:
    async with kit_app.anonymous(Authorization=header) as client:
        answer = await client.post("/v1/things", json={"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_roles_and_grants(kit_app: KitApp) -> None:
    community = a_community()
    for role, path, claims, status in (
        ("staff", "/v1/things", {}, 200),
        ("resident", "/v1/things", {}, 403),
        ("staff", "/v1/things/partners", {}, 403),
        ("partner", "/v1/things/partners", {}, 403),
        ("partner", "/v1/things/partners", {"scope": "other:read"}, 403),
        ("partner", "/v1/things/partners", {"scope": "things:read other:read"}, 200),
    ):
        async with kit_app.anonymous(**bearer(role, community, **claims)) as client:
            assert (await client.get(path)).status_code == status, (role, path, claims)


def test_the_audience_is_ours() -> None:
    assert claims_of("staff", "15")["aud"] == AUDIENCE
