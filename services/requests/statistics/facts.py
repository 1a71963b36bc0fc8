"""The facts of the three rates, as one query over the history of requests: the only place that says what they are.

- **Response**: the first public step by which the requester heard of the work (a responder accepted or began, progress,
  a question, an answer, a refusal). It is good if it came by `respond_by`. Without one it counts, as not good, once
  that time is over, unless the request was withdrawn or merged before. It belongs to the day on which it was decided:
  that of the response, or of the deadline if that was earlier. A part split off counts with its whole.
- **Judgement**: of each time that a request was resolved, what was said last: confirmed or rated solved, or reopened or
  rated unsolved. `satisfied` is what was said last of that. Silence is none:
  what was closed because its requester could not be reached, or did not answer, was judged by nobody.
- Both belong to who gave the response or the answer (a missed response: to whom was asked last), and to the grid and
  category that the request had at that moment of looking.
- A request is excluded if the last decision about that says so.

With `as_of` the query sees no step that came later, so a period that is over is told today as it was told then.
"""

from typing import LiteralString

from sqlalchemy import TextClause, text

_STEPS = """'acknowledged', 'started', 'progress', 'waiting', 'resolved', 'rejected', 'dispatched', 'confirmed',
    'reopened', 'rated', 'called_back', 'withdrawn', 'merged', 'transferred', 'excluded'"""

_FACTS = """
chosen AS MATERIALIZED (
    SELECT community_code, id, respond_by, split_from_id, category_code, grid_code FROM service_request WHERE {which}
), step AS MATERIALIZED (
    SELECT entry.*,
           count(*) FILTER (WHERE entry.step = 'reopened') OVER (
               PARTITION BY entry.community_code, entry.request_id ORDER BY entry.id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS round
    FROM (
        SELECT entry.community_code, entry.request_id, entry.id, entry.step, entry.created_at, entry.detail,
               entry.responder_id, entry.visibility, entry.state
        FROM timeline_entry AS entry
        JOIN chosen ON chosen.community_code = entry.community_code AND chosen.id = entry.request_id
        WHERE entry.step IN ({steps}) AND entry.created_at <= :as_of
    ) AS entry
), answer AS (
    SELECT DISTINCT ON (community_code, request_id) community_code, request_id, created_at, responder_id
    FROM step
    WHERE visibility = 'public'
      AND (step IN ('acknowledged', 'started', 'waiting', 'resolved', 'rejected')
           OR step = 'progress' AND state IN ('submitted', 'accepted', 'dispatched', 'in_progress', 'reopened'))
    ORDER BY community_code, request_id, id
), place AS (
    SELECT community_code, request_id,
           (array_agg(detail ->> 'category' ORDER BY id DESC))[1] AS category_code,
           (array_agg(detail ->> 'grid' ORDER BY id DESC))[1] AS grid_code
    FROM step WHERE step = 'transferred' GROUP BY 1, 2
), before AS (
    SELECT DISTINCT ON (entry.community_code, entry.request_id) entry.community_code, entry.request_id,
           entry.detail ->> 'category_before' AS category_code, entry.detail ->> 'grid_before' AS grid_code
    FROM timeline_entry AS entry
    JOIN chosen ON chosen.community_code = entry.community_code AND chosen.id = entry.request_id
    WHERE entry.step = 'transferred' AND entry.created_at > :as_of
    ORDER BY entry.community_code, entry.request_id, entry.id
), request AS (
    SELECT chosen.community_code, chosen.id, chosen.respond_by, chosen.split_from_id,
           coalesce(CASE WHEN place.request_id IS NOT NULL THEN place.grid_code
                         WHEN before.request_id IS NOT NULL THEN before.grid_code
                         ELSE chosen.grid_code END, '') AS grid_code,
           coalesce(place.category_code, before.category_code, chosen.category_code) AS category_code,
           closed.at AS closed_at, coalesce(decided.excluded, false) AS excluded
    FROM chosen
    LEFT JOIN place ON place.community_code = chosen.community_code AND place.request_id = chosen.id
    LEFT JOIN before ON before.community_code = chosen.community_code AND before.request_id = chosen.id
    LEFT JOIN (
        SELECT community_code, request_id, min(created_at) AS at FROM step
        WHERE step = 'withdrawn' OR step = 'merged' AND detail ->> 'role' = 'source' GROUP BY 1, 2
    ) AS closed ON closed.community_code = chosen.community_code AND closed.request_id = chosen.id
    LEFT JOIN (
        SELECT DISTINCT ON (community_code, request_id) community_code, request_id,
               (detail ->> 'excluded')::boolean AS excluded
        FROM step WHERE step = 'excluded' ORDER BY community_code, request_id, id DESC
    ) AS decided ON decided.community_code = chosen.community_code AND decided.request_id = chosen.id
), response AS (
    SELECT request.community_code, request.id AS request_id, request.respond_by, request.grid_code,
           request.category_code, request.excluded, answer.created_at AS at,
           CASE WHEN answer.created_at IS NOT NULL THEN answer.responder_id ELSE (
               SELECT step.responder_id FROM step
               WHERE step.community_code = request.community_code AND step.request_id = request.id
                 AND step.step = 'dispatched' AND step.created_at <= request.respond_by
               ORDER BY step.id DESC LIMIT 1
           ) END AS responder_id
    FROM request
    LEFT JOIN answer ON answer.community_code = request.community_code AND answer.request_id = request.id
    WHERE request.split_from_id IS NULL
      AND (answer.created_at IS NOT NULL
           OR request.respond_by <= :as_of AND (request.closed_at IS NULL OR request.closed_at > request.respond_by))
), judgement AS (
    SELECT community_code, request_id, round,
           (array_agg(solved ORDER BY id DESC) FILTER (WHERE solved IS NOT NULL))[1] AS solved,
           (array_agg(satisfied ORDER BY id DESC) FILTER (WHERE satisfied IS NOT NULL))[1] AS satisfied,
           max(created_at) FILTER (WHERE solved IS NOT NULL) AS at,
           (array_agg(responder_id ORDER BY id DESC) FILTER (WHERE step = 'resolved'))[1] AS responder_id
    FROM (
        SELECT *,
               CASE WHEN step = 'confirmed' AND detail -> 'unreached' IS NULL AND detail -> 'unanswered' IS NULL
                    THEN true
                    WHEN step = 'reopened' THEN false
                    WHEN step IN ('rated', 'called_back') THEN (detail ->> 'solved')::boolean END AS solved,
               CASE WHEN step IN ('confirmed', 'reopened', 'rated', 'called_back')
                    THEN (detail ->> 'satisfied')::boolean END AS satisfied
        FROM step
        WHERE step IN ('confirmed', 'reopened', 'rated', 'called_back') OR step = 'resolved' AND visibility = 'public'
    ) AS said
    GROUP BY 1, 2, 3
), fact AS (
    SELECT community_code, request_id, 'response' AS kind, 0 AS round,
           (least(at, respond_by) AT TIME ZONE 'Asia/Shanghai')::date AS day, grid_code,
           coalesce(responder_id::text, '') AS responder_id, category_code,
           coalesce(at <= respond_by, false) AS good, NULL::boolean AS satisfied, excluded
    FROM response
    UNION ALL
    SELECT judgement.community_code, judgement.request_id, 'judgement', judgement.round::integer,
           (judgement.at AT TIME ZONE 'Asia/Shanghai')::date, request.grid_code,
           coalesce(judgement.responder_id::text, ''), request.category_code, judgement.solved, judgement.satisfied,
           request.excluded
    FROM judgement
    JOIN request ON request.community_code = judgement.community_code AND request.id = judgement.request_id
    WHERE judgement.solved IS NOT NULL
)"""

MEASURES = ("due", "in_time", "judged", "solved", "said", "satisfied")
SUMS = ", ".join(
    f"count(*) FILTER (WHERE {condition}{of}) AS {prefix}{measure}"
    for prefix, of in (("", ""), ("excluded_", " AND excluded"))
    for measure, condition in zip(
        MEASURES,
        (
            "kind = 'response'",
            "kind = 'response' AND good",
            "kind = 'judgement'",
            "kind = 'judgement' AND good",
            "satisfied IS NOT NULL",
            "satisfied",
        ),
        strict=True,
    )
)
"""What facts add up to."""
COUNTERS = (*MEASURES, *(f"excluded_{measure}" for measure in MEASURES))


def facts_where(which: LiteralString, then: str) -> TextClause:
    """The facts of the requests that `which` chooses, as a table `fact` for the query `then`; needs `:as_of`."""
    return text(f"WITH {_FACTS.format(which=which, steps=_STEPS)}\n{then}")
