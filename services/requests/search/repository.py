"""What is filed, and what has to be. Sets of requests go in as arrays: a batch costs the same trips however large."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert

from services.requests.search.models import RequestFiling
from shared.db import AsyncSession

Key = tuple[str, UUID]
"""Community and request."""

_CLAIM = text("""
    DELETE FROM request_to_file WHERE (community_code, id) IN (
        SELECT community_code, id FROM request_to_file ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING community_code, request_id""")
_TEXTS = text("""
    WITH claimed AS (SELECT * FROM unnest(CAST(:communities AS text[]), CAST(:requests AS uuid[])) AS c (code, id))
    SELECT r.community_code, r.id AS request_id, 'service_request' AS place, r.id, r.key_subject_id,
           r.content_sealed AS sealed, k.key_id, k.wrapped
    FROM claimed JOIN service_request r ON r.community_code = claimed.code AND r.id = claimed.id
    JOIN data_key k ON k.community_code = r.community_code AND k.subject_id = r.key_subject_id
    WHERE r.content_sealed IS NOT NULL AND k.wrapped <> ''
    UNION ALL
    SELECT e.community_code, e.request_id, 'timeline_entry', e.id, e.key_subject_id, e.text_sealed, k.key_id, k.wrapped
    FROM claimed JOIN timeline_entry e ON e.community_code = claimed.code AND e.request_id = claimed.id
    JOIN data_key k ON k.community_code = e.community_code AND k.subject_id = e.key_subject_id
    WHERE e.text_sealed IS NOT NULL AND k.wrapped <> ''
    ORDER BY 1, 2, 3, 4""")
_FILED = text("""
    SELECT f.community_code, f.request_id, f.tokens
    FROM unnest(CAST(:communities AS text[]), CAST(:requests AS uuid[])) AS claimed (code, id)
    JOIN request_filing f ON f.community_code = claimed.code AND f.request_id = claimed.id
    ORDER BY 1, 2 FOR UPDATE OF f""")
_ADD = text("""
    INSERT INTO request_token (community_code, token, request_id)
    SELECT * FROM unnest(CAST(:communities AS text[]), CAST(:tokens AS bigint[]), CAST(:requests AS uuid[]))
    ON CONFLICT DO NOTHING""")
_DROP = text("""
    DELETE FROM request_token AS t
    USING unnest(CAST(:communities AS text[]), CAST(:tokens AS bigint[]), CAST(:requests AS uuid[]))
          AS gone (code, token, id)
    WHERE t.community_code = gone.code AND t.token = gone.token AND t.request_id = gone.id""")
_FORGET = text("""
    DELETE FROM request_filing AS f
    USING unnest(CAST(:communities AS text[]), CAST(:requests AS uuid[])) AS gone (code, id)
    WHERE f.community_code = gone.code AND f.request_id = gone.id""")
_NEW = insert(RequestFiling)
_KEEP = _NEW.on_conflict_do_update(
    index_elements=["community_code", "request_id"], set_={"tokens": _NEW.excluded.tokens}
)


async def claim(session: AsyncSession, most: int) -> Sequence[Row[Any]]:
    """Take the oldest notes of changed texts; two at once take different ones."""
    return (await session.execute(_CLAIM, {"most": most})).all()


async def sealed_texts(session: AsyncSession, keys: Iterable[Key]) -> Sequence[Row[Any]]:
    """Every text of these requests that somebody still has the key of, with that key."""
    return (await session.execute(_TEXTS, _named(keys))).all()


async def filed(session: AsyncSession, keys: Iterable[Key]) -> dict[Key, set[int]]:
    """What these requests are filed under now; locked."""
    return {(row[0], row[1]): set(row[2]) for row in await session.execute(_FILED, _named(keys))}


async def add_tokens(session: AsyncSession, added: Sequence[tuple[Key, int]]) -> None:
    if added:
        await session.execute(_ADD, _paired(added))


async def drop_tokens(session: AsyncSession, gone: Sequence[tuple[Key, int]]) -> None:
    if gone:
        await session.execute(_DROP, _paired(gone))


async def keep(session: AsyncSession, filings: Mapping[Key, set[int]]) -> None:
    """Remember what these requests are filed under; under nothing, no longer anything."""
    rows = [
        {"community_code": code, "request_id": request_id, "tokens": sorted(tokens)}
        for (code, request_id), tokens in filings.items()
        if tokens
    ]
    if rows:
        connection = await session.connection()
        await connection.execute(_KEEP, rows)
    if emptied := [key for key, tokens in filings.items() if not tokens]:
        await session.execute(_FORGET, _named(emptied))


def _named(keys: Iterable[Key]) -> dict[str, Any]:
    pairs = list(keys)
    return {"communities": [code for code, _ in pairs], "requests": [request_id for _, request_id in pairs]}


def _paired(pairs: Sequence[tuple[Key, int]]) -> dict[str, Any]:
    return _named([key for key, _ in pairs]) | {"tokens": [token for _, token in pairs]}
