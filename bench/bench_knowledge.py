"""Articles found by what is typed: the use case, with its words and highlights, beside the same SQL by bare asyncpg.

300 communities with 500 published articles each, copied from 500 that were put together of themes, matters and groups;
`BENCH_COMMUNITIES=30` for a quick look. Found are words, a question, pinyin, initials, and what fits only in part.
"""

import os
import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import islice, product
from typing import Any
from uuid import UUID

from bench.requests_database import COMMUNITY, COUNTY, Requests, requests_database
from bench.result import Result
from services.requests.knowledge.finding import load_dictionary, search_articles, suggest_articles
from services.requests.knowledge.words import tsvector
from shared.auth import Principal, Role
from shared.db import AsyncSession

COMMUNITIES, ARTICLES, ROUNDS = int(os.environ.get("BENCH_COMMUNITIES", "300")), 500, 40
READER = Principal(subject="bench", role=Role.RESIDENT, area=COMMUNITY, person_id=UUID(int=7))
THEMES = (
    "医保报销",
    "养老金领取",
    "居住证办理",
    "公租房申请",
    "电梯加装",
    "垃圾分类",
    "入学报名",
    "残疾人补贴",
    "物业维修资金",
)
GROUPS = ("老年人", "新生儿", "退役军人", "外来务工人员", "低保家庭", "残疾人", "独居老人", "高校毕业生")
MATTERS = ("需要哪些材料", "如何网上办理", "多久可以办结", "在哪里办理", "有哪些条件", "标准是多少", "能否代办")
QUERIES = {
    "words": "医保 报销",
    "a question": "老年人怎么领取养老金?",
    "pinyin": "dianti",
    "initials": "ljfl",
    "partly known": "公租房漏水申请维修",
    "nothing": "天体物理",
}
_FILL = """
    WITH made AS (
        SELECT number, gen_random_uuid() AS id, title, search FROM unnest($3::text[], $4::text[]) WITH ORDINALITY
            AS texts (title, search, number)
    ), community AS (
        SELECT $2::text || lpad(number::text, 6, '0') AS code FROM generate_series(1, $1::int) AS number
        UNION SELECT $5::text
    ), article AS (
        INSERT INTO article (community_code, id, state, title_zh, summary_zh, body_zh, tags, sources, valid_from,
                             edited_by, published_number, helpful_count, unhelpful_count, version,
                             created_at, updated_at)
        SELECT code, id, 'published', title, title, $6, '{}', '[]', date '2026-01-01', '{}', 1, 0, 0, 1, now(), now()
        FROM community, made
    )
    INSERT INTO article_version (community_code, article_id, number, title_zh, summary_zh, body_zh, tags, sources,
                                 valid_from, search, is_current, edited_by, published_by, published_at)
    SELECT code, id, 1, title, title, $6, '{}', '[]', date '2026-01-01', search::tsvector, true, '{}', 'bench', now()
    FROM community, made
"""
_BODY = "申请人应持有效身份证件到社区居委会提出申请, 由工作人员核对材料后报街道审核, 一般在十个工作日内办结。" * 8

Search = Callable[[AsyncSession], Awaitable[list[dict[str, Any]]]]


async def run() -> list[Result]:
    await load_dictionary()
    async with requests_database() as requests:
        await _fill(requests)
        times: list[float] = []
        results = [await _beside_bare(requests, f"search by {name}", _search(text), times) for name, text in _QUERIES]
        results.append(await _beside_bare(requests, "suggest while it is typed", _suggest, times))
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    return [
        Result(f"articles among {COMMUNITIES * ARTICLES:,}, any of these, p99", p99, "ms", "their p50", p50),
        Result("the same, p99", p99, "ms", "the p99 we aim at", 50.0, aim=1),
        *results,
    ]


_QUERIES = tuple(QUERIES.items())


def _search(text: str) -> Search:
    async def search(session: AsyncSession) -> list[dict[str, Any]]:
        return await search_articles(session, READER, text, category=None, include_expired=False, limit=20)

    return search


async def _suggest(session: AsyncSession) -> list[dict[str, Any]]:
    return await suggest_articles(session, READER, "我家老人想领取养老金, 需要带什么", None)


async def _fill(requests: Requests) -> None:
    titles = list(islice((f"{group}{theme}{matter}" for matter, theme, group in product(MATTERS, THEMES, GROUPS)), 500))
    titles += [f"{title} ({number})" for number, title in enumerate(titles[: ARTICLES - len(titles)])]
    searches = [tsvector([("A", title), ("B", title), ("D", _BODY)]) for title in titles]
    await requests.bare.execute(_FILL, COMMUNITIES - 1, COUNTY, titles, searches, COMMUNITY, _BODY, timeout=600)
    await requests.bare.execute("ANALYZE", timeout=600)


async def _beside_bare(requests: Requests, name: str, search: Search, times: list[float]) -> Result:
    """Both in turns; the median of each."""

    async def ours() -> None:
        async with requests.database.transaction(COMMUNITY) as session:
            await search(session)

    with requests.sent() as sent:
        await ours()

    async def bare() -> None:
        async with requests.bare.transaction():
            await requests.bare.execute(f"SET LOCAL app.scope = '{COMMUNITY}'")
            for statement, values in sent:
                await requests.bare.fetch(statement, *values)

    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for own, work in zip(taken, (ours, bare), strict=True):
            started = time.perf_counter()
            await work()
            own.append((time.perf_counter() - started) * 1000)
    times.extend(taken[0])
    return Result(name, statistics.median(taken[0]), "ms", "the same SQL by bare asyncpg", statistics.median(taken[1]))
