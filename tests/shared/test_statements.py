"""Several rows at once are one statement, composed once, and all or nothing."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from shared.outbox import outbox
from shared.statements import NewRow, _composed, together
from shared.vault import data_key
from tests.apps import create, running
from tests.principals import a_community


@pytest.fixture
async def app(settings_values) -> FastAPI:  # type: ignore[misc]
    async with running(await create("requests", settings_values, role="api")) as app:
        yield app


def key(community: str, **values: object) -> NewRow:
    row = {"community_code": community, "subject_id": uuid4(), "key_id": "k1", "wrapped": b"x"}
    return NewRow(data_key, row | values)


def a_row(community: str) -> NewRow:
    event = {"type": "t.x.v1", "subject": "x/1", "version": 1, "data": {"at": None}}
    return NewRow(outbox, {"community_code": community, "event_id": uuid4(), **event})


async def test_all_rows_are_one_statement(app: FastAPI) -> None:
    community, sent = a_community(), []
    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    async with app.state.database.transaction(community) as session:
        sent.clear()
        await together(session, key(community), key(community), a_row(community))
        await together(session, a_row(community))
        assert len(sent) == 2
    async with app.state.database.transaction(community) as session:
        assert len((await session.execute(select(data_key.c.key_id))).all()) == 2
        assert (await session.execute(select(outbox.c.data))).scalars().all() == [{"at": None}] * 2


async def test_one_that_fails_undoes_all(app: FastAPI) -> None:
    community, subject = a_community(), uuid4()
    with pytest.raises(IntegrityError):
        async with app.state.database.transaction(community) as session:
            twice = [key(community, subject_id=subject) for _ in range(2)]
            await together(session, *twice, a_row(community))
    async with app.state.database.transaction(community) as session:
        assert (await session.execute(select(outbox.c.id))).all() == []


def test_the_same_shape_is_composed_once() -> None:
    shape = ((data_key, ("community_code", "subject_id")), (outbox, ("community_code", "version")))
    assert _composed(shape) is _composed(shape)
    assert [slot.row for slot in _composed(shape).slots] == [1, 1, 0, 0]
