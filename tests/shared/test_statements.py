"""Several writes at once are one statement, one compilation, and all or nothing."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import event, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared.outbox import outbox
from shared.statements import together
from shared.vault import data_key
from tests.apps import create, running
from tests.principals import a_community


@pytest.fixture
async def app(settings_values) -> FastAPI:  # type: ignore[misc]
    async with running(await create("requests", settings_values, role="api")) as app:
        yield app


def key(community: str, **values: object):
    return insert(data_key).values(
        community_code=community, subject_id=uuid4(), key_id="k1", **{"wrapped": b"x"} | values
    )


def a_row(community: str):
    return insert(outbox).values(
        community_code=community, event_id=uuid4(), type="t.x.v1", subject="x/1", version=1, data={"at": None}
    )


async def test_all_writes_are_one_statement_and_the_last_one_answers(app: FastAPI) -> None:
    community, sent = a_community(), []
    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    async with app.state.database.transaction(community) as session:
        sent.clear()
        result = await together(session, key(community), key(community), a_row(community).returning(outbox.c.version))
        assert result.scalar_one() == 1
        assert len(sent) == 1
        changed = update(data_key).where(data_key.c.community_code == community).values(key_id="k2")
        assert (await together(session, changed)).rowcount == 2  # type: ignore[attr-defined]
    async with app.state.database.transaction(community) as session:
        assert len((await session.execute(select(data_key.c.key_id))).all()) == 2


async def test_one_that_fails_undoes_all(app: FastAPI) -> None:
    community, subject = a_community(), uuid4()
    with pytest.raises(IntegrityError):
        async with app.state.database.transaction(community) as session:
            twice = [key(community) for _ in range(2)]
            twice = [write.values(subject_id=subject) for write in twice]
            await together(session, *twice, a_row(community))
    async with app.state.database.transaction(community) as session:
        assert (await session.execute(select(outbox.c.id))).all() == []


def test_the_same_shape_is_compiled_once() -> None:
    first, second = (key("150207007005").add_cte(a_row("150207007005").cte("part_1")) for _ in range(2))
    assert first._generate_cache_key() == second._generate_cache_key() is not None
