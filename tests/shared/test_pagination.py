import base64
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import Field, select

from shared import errors
from shared.db import TableBase, table_registry
from shared.pagination import Page, PageRequest, paginate


class Base(TableBase, registry=table_registry()):
    pass


class Notice(Base, table=True):
    __tablename__ = "page_notice"

    community_code: str = Field(primary_key=True)
    id: uuid.UUID = Field(primary_key=True)
    title: str
    priority: int
    posted_at: datetime
    due_on: date


class NoticePublic(BaseModel):
    id: uuid.UUID
    title: str


HERE, ELSEWHERE = "150207007005", "150207007006"
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
N = Notice.__table__.c
ORDERS: dict[str, Any] = {
    "id": (Notice.id,),
    "newest": (N.posted_at.desc(), N.id.desc()),
    "title": (N.title, N.id),
    "urgent": (N.priority.desc(), N.due_on.asc(), N.id.asc()),
}


def notice(n: int, **changes: Any) -> dict[str, Any]:
    values = {
        "community_code": HERE,
        "id": uuid.uuid5(uuid.NAMESPACE_OID, str(n)),
        "title": f"通知 {n % 7}",
        "priority": n % 3,
        "posted_at": START + timedelta(microseconds=n // 2),
        "due_on": START.date() + timedelta(days=n % 5),
    }
    return values | changes


@pytest.fixture
async def engine(postgres: str) -> AsyncIterator[AsyncEngine]:
    """A table of notices in a schema of this test's own."""
    schema = f"page_{uuid.uuid4().hex[:8]}"
    engine = create_async_engine(
        postgres.replace("postgresql://", "postgresql+asyncpg://"),
        connect_args={"server_settings": {"search_path": schema}},
    )
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA {schema}"))
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(
            text("CREATE INDEX page_newest ON page_notice (community_code, posted_at DESC, id DESC)")
        )
        await connection.execute(
            text("CREATE INDEX page_urgent ON page_notice (community_code, priority DESC, due_on, id)")
        )
    yield engine
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    await engine.dispose()


@pytest.fixture
async def client(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.signing_key = b"k" * 32
    errors.install(app)

    @app.get("/v1/notices")
    async def list_notices(page: PageRequest, order: str = "id", title: str | None = None) -> Page[NoticePublic]:
        statement = select(Notice).where(Notice.community_code == HERE)
        if title is not None:
            statement = statement.where(Notice.title == title)
        async with AsyncSession(engine) as session:
            return await paginate(session, statement, order_by=ORDERS[order], page=page)

    @app.get("/v1/places/{place}/notices")
    async def list_columns(place: str, page: PageRequest, order: str = "id") -> Page[NoticePublic]:
        statement = select(N.id, N.title).where(N.community_code == HERE)
        async with AsyncSession(engine) as session:
            return await paginate(session, statement, order_by=ORDERS[order], page=page)

    @app.get("/v1/titles")
    async def list_titles(page: PageRequest) -> Page[str]:
        statement = select(N.title).where(N.community_code == HERE)
        async with AsyncSession(engine) as session:
            return await paginate(session, statement, order_by=(N.id,), page=page, to_item=str.upper)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def _insert(engine: AsyncEngine, rows: list[dict[str, Any]]) -> None:
    async with engine.begin() as connection:
        await connection.execute(Notice.__table__.insert(), rows)  # type: ignore[attr-defined]


async def _pages(client: httpx.AsyncClient, url: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Follows `Link` from page to page as a client would."""
    while True:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        yield body["items"]
        following = answer.links.get("next")
        assert (following is None) is (body["next_cursor"] is None)
        if following is None:
            return
        url = following["url"]


@pytest.mark.parametrize("path", ["/v1/notices", "/v1/places/%E5%BC%80/notices"])
@pytest.mark.parametrize("order", ORDERS)
async def test_pages_are_the_list(engine: AsyncEngine, client: httpx.AsyncClient, order: str, path: str) -> None:
    await _insert(
        engine, [notice(n) for n in range(23)] + [notice(1000 + n, community_code=ELSEWHERE) for n in range(5)]
    )
    async with AsyncSession(engine) as session:
        ordered = select(Notice.id).where(Notice.community_code == HERE).order_by(*ORDERS[order])
        expected = [str(each) for each in (await session.execute(ordered)).scalars()]
    for limit in (1, 5, 22, 23, 24):
        pages = [page async for page in _pages(client, f"{path}?limit={limit}&order={order}")]
        assert [item["id"] for page in pages for item in page] == expected
        assert [len(page) for page in pages][:-1] == [limit] * (len(pages) - 1)
        assert pages[-1]


async def test_defaults_limits_and_nothing(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/notices")).json() == {"items": [], "next_cursor": None}
    await _insert(engine, [notice(n) for n in range(60)])
    assert len((await client.get("/v1/notices")).json()["items"]) == 50
    for limit in ("0", "201", "-1", "x"):
        assert (await client.get(f"/v1/notices?limit={limit}")).status_code == 422
    assert len((await client.get("/v1/notices?limit=200")).json()["items"]) == 60
    titles = (await client.get("/v1/titles?limit=2")).json()
    assert len(titles["items"]) == 2
    assert titles["items"][0].startswith("通知")


async def test_a_cursor_of_another_list_is_refused(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    await _insert(engine, [notice(n) for n in range(30)])
    cursor = (await client.get("/v1/notices?limit=3&order=newest&title=" + quote("通知 1"))).json()["next_cursor"]
    own = "/v1/notices?title=" + quote("通知 1") + "&order=newest"
    assert (await client.get(f"{own}&limit=1&cursor={cursor}")).status_code == 200  # the page size may change
    for other in (
        "/v1/notices?order=newest",  # without the filter
        "/v1/notices?order=newest&title=" + quote("通知 2"),
        "/v1/notices?order=title&title=" + quote("通知 1"),
        "/v1/places/1/notices?order=newest&title=" + quote("通知 1"),
    ):
        answer = await client.get(f"{other}&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")


async def test_a_changed_cursor_is_refused(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    await _insert(engine, [notice(n) for n in range(5)])
    cursor = (await client.get("/v1/notices?limit=3&order=title")).json()["next_cursor"]
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = ["", "x", "!!!!", "张三", cursor[:-2], cursor + "AAAA", cursor[::-1], "A" * 2048]
    for place in range(len(raw)):
        changed = raw.copy()
        changed[place] ^= 1
        forged.append(base64.urlsafe_b64encode(changed).decode().rstrip("="))
    for each in forged:
        answer = await client.get("/v1/notices", params={"order": "title", "cursor": each})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), each
        assert not each or len(each) < 3 or each not in answer.text
    assert (await client.get("/v1/notices", params={"order": "title", "cursor": cursor})).status_code == 200


async def test_later_pages_are_read_from_the_index(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    rows = [notice(n, posted_at=START + timedelta(seconds=n), title="x") for n in range(3000)]
    await _insert(engine, rows)
    statements: list[tuple[str, Any]] = []

    def remember(_c: Any, _cur: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    for order, index in (("newest", "page_newest"), ("urgent", "page_urgent")):
        cursor = (await client.get(f"/v1/notices?limit=20&order={order}")).json()["next_cursor"]
        event.listen(engine.sync_engine, "before_cursor_execute", remember)
        await client.get(f"/v1/notices?limit=20&order={order}&cursor={cursor}")
        event.remove(engine.sync_engine, "before_cursor_execute", remember)
        statement, parameters = statements[-1]
        async with engine.connect() as connection:
            await connection.execute(text("ANALYZE page_notice"))
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            plan = "\n".join(row[0] for row in await raw.fetch("EXPLAIN ANALYZE " + statement, *parameters))
        assert index in plan, plan
        assert "Sort" not in plan, plan
        condition = next(line for line in plan.splitlines() if "Index Cond" in line)
        assert ("posted_at" if order == "newest" else "priority") in condition, plan


@profile(max_examples=25)
@given(data=st.data(), order=st.sampled_from(sorted(ORDERS)), limit=st.integers(1, 7))
async def test_rows_that_come_and_go_meanwhile_neither_repeat_nor_hide_others(
    engine: AsyncEngine, client: httpx.AsyncClient, data: st.DataObject, order: str, limit: int
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE page_notice"))
    numbers = data.draw(st.lists(st.integers(0, 10_000), unique=True, max_size=40), label="numbers")
    half = len(numbers) // 2
    throughout, coming = numbers[:half], numbers[half:]
    if throughout:
        await _insert(engine, [notice(n) for n in throughout])
    seen: list[str] = []
    async for items in _pages(client, f"/v1/notices?limit={limit}&order={order}"):
        seen += [item["id"] for item in items]
        arriving = [coming.pop() for _ in range(min(len(coming), data.draw(st.integers(0, 3))))]
        if arriving:
            await _insert(engine, [notice(n) for n in arriving])
    assert len(seen) == len(set(seen))
    assert {str(notice(n)["id"]) for n in throughout} <= set(seen)
