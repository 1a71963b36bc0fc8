"""Keeps what lists and charts read equal to what the history says: requests whose history grew are counted anew.

What a request added before is taken away, and what it adds now is added, in one transaction; a crash loses nothing.
"""

from datetime import timedelta

from sqlalchemy import text

from services.requests.statistics.facts import COUNTERS, SUMS, facts_where
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.timers import Timer

COUNTED_AT_ONCE = 500

_TAKE = text(
    """
    DELETE FROM rate_pending AS pending USING (
        SELECT community_code, request_id FROM rate_pending LIMIT :most FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE pending.community_code = due.community_code AND pending.request_id = due.request_id
    RETURNING pending.community_code, pending.request_id
    """
)
_ADD_UP = f"""
INSERT INTO rate_total AS total (community_code, dimension, grain, starts_on, key, {", ".join(COUNTERS)})
SELECT community_code, dimension, grain, starts_on, key, {", ".join(f"{{sign}}{name}" for name in COUNTERS)}
FROM (
    SELECT community_code, dimension, grain, starts_on, key, {SUMS}
    FROM changed
    CROSS JOIN LATERAL (
        VALUES ('all', ''), ('grid', grid_code), ('responder', responder_id), ('category', category_code)
    ) AS along (dimension, key)
    CROSS JOIN LATERAL (VALUES ('day', day), ('month', date_trunc('month', day)::date)) AS span (grain, starts_on)
    GROUP BY community_code, dimension, grain, starts_on, key
) AS sums
ON CONFLICT (community_code, dimension, grain, starts_on, key) DO UPDATE
SET {", ".join(f"{name} = total.{name} + excluded.{name}" for name in COUNTERS)}
"""  # noqa: S608
_CHOSEN = """
    (community_code, id) IN (SELECT * FROM unnest(CAST(:communities AS text[]), CAST(:requests AS uuid[])))
"""
_FORGET = text(
    f"""
    WITH changed AS (
        DELETE FROM rate_fact
        WHERE (community_code, request_id) IN (
            SELECT * FROM unnest(CAST(:communities AS text[]), CAST(:requests AS uuid[]))
        )
        RETURNING *
    )
    {_ADD_UP.format(sign="-")}
    """  # noqa: S608
)
_COUNT = facts_where(
    _CHOSEN,
    f""", changed AS (
        INSERT INTO rate_fact (community_code, request_id, kind, round, day, grid_code, responder_id, category_code,
                               good, satisfied, excluded)
        SELECT community_code, request_id, kind, round, day, grid_code, responder_id, category_code,
               good, satisfied, excluded
        FROM fact
        RETURNING *
    )
    {_ADD_UP.format(sign="")}
    """,  # noqa: S608
)


async def count_anew(session: AsyncSession) -> int:
    """Count the requests whose history grew; returns how many there were."""
    due = (await session.execute(_TAKE, {"most": COUNTED_AT_ONCE})).all()
    if due:
        which = {"communities": [row.community_code for row in due], "requests": [row.request_id for row in due]}
        await session.execute(_FORGET, which)
        await session.execute(_COUNT, which | {"as_of": utc_now()})
    return len(due)


TIMERS = (Timer("rates", every=timedelta(seconds=5), sweep=count_anew),)
