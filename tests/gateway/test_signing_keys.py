"""The issuer's keys: announced before they sign, kept until their tokens are dead, unreadable in the database."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import delete, select

from gateway.tokens.models import SigningKey
from gateway.tokens.service import ACCESS_TOKEN_LIFETIME, ANNOUNCED, ROTATION, Issuer, rotate_keys
from shared.auth import TokenVerifier
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.crypto import Keyring, generate_key
from shared.db import Database
from shared.errors import Unauthorized
from tests.conftest import DatabaseUrls
from tests.gateway.conftest import Town


@pytest.fixture
async def database(fresh_database_urls: DatabaseUrls):
    database = Database(SecretStr((await fresh_database_urls("gateway"))[0]))
    yield database
    await database.close()


KEYRING = Keyring.from_settings(f"k1:{generate_key()}", generate_key())


async def _keys_at(database: Database, now: datetime) -> list[SigningKey]:
    async with database.transaction(EVERYWHERE) as session:
        await rotate_keys(session, KEYRING, now=now)
        return list((await session.execute(select(SigningKey).order_by(SigningKey.signs_from))).scalars())


@settings(max_examples=15)
@given(st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=40)), min_size=1, max_size=12))
async def test_at_any_time_a_key_signs_and_no_live_token_loses_its_key(database: Database, pauses: list[timedelta]):
    async with database.transaction(EVERYWHERE) as session:
        await session.execute(delete(SigningKey))
    now = utc_now()
    last_used: dict[str, datetime] = {}
    for pause in [timedelta(0), *pauses]:
        now += pause
        keys = await _keys_at(database, now)
        signing = [key for key in keys if key.signs_from <= now]
        assert signing
        published = {str(key.id) for key in keys}
        assert {kid for kid, used in last_used.items() if used > now - ACCESS_TOKEN_LIFETIME} <= published
        assert len(keys) <= 3
        last_used[str(signing[-1].id)] = now


async def test_a_new_key_is_published_an_hour_before_it_signs(database: Database):
    now = utc_now()
    (first,) = await _keys_at(database, now)
    assert len(await _keys_at(database, now + ROTATION - timedelta(seconds=1))) == 1
    _, second = await _keys_at(database, now + ROTATION)
    assert second.signs_from == first.signs_from + ROTATION + ANNOUNCED
    assert len(await _keys_at(database, now + ROTATION + timedelta(minutes=5))) == 2


async def test_two_issuers_on_one_database_trust_each_other(database: Database):
    issuers = [Issuer(database, KEYRING, "http://issuer") for _ in range(2)]
    tokens = [await each.sign({"sub": "a", "role": "staff", "area": "15"}) for each in issuers]
    for issuer in issuers:
        verifier = TokenVerifier(issuer.key_set, "http://issuer")
        for token in tokens:
            assert (await verifier.verify(token)).area == "15"


async def test_the_private_half_is_sealed(lone: Town):
    await lone.gateway.state.issuer.key_set()
    async with lone.gateway.state.database.transaction(EVERYWHERE) as session:
        stored = list((await session.execute(select(SigningKey))).scalars())
    assert stored
    for key in stored:
        assert "d" not in key.public_jwk
    seeds = [loaded.key.as_dict(private=True)["d"] for loaded in await lone.gateway.state.issuer._live_keys()]
    assert all(seed.encode() not in key.private_sealed for seed in seeds for key in stored)


async def test_a_token_of_another_issuer_is_refused(lone: Town, database: Database):
    stranger = Issuer(database, KEYRING, lone.url)
    token = await stranger.sign({"sub": "a", "role": "staff", "area": "15"})
    with pytest.raises(Unauthorized):
        await lone.gateway.state.verifier.verify(token)
