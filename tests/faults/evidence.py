"""What the system itself says after all that: through the gateway as far as it can, in its databases for the rest."""

import asyncio
import sys
from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import nats

from stack.supervisor import Stack
from stack.topology import SERVICES
from tests.faults.callers import Caller, Ledger

_UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


_HELD = """
    SELECT counter.used_count, counter.used_fen, offer.per_person_count,
           count(live.id) AS held, coalesce(sum(used.saving_fen) FILTER (WHERE live.id IS NOT NULL), 0) AS held_fen,
           (SELECT count(*) FROM offer_use WHERE offer_use.offer_id = counter.offer_id) AS taken
    FROM offer_counter AS counter
    JOIN offer ON offer.id = counter.offer_id
    LEFT JOIN redemption_offer AS used ON used.offer_id = counter.offer_id
    LEFT JOIN redemption AS live ON live.id = used.redemption_id AND live.state IN ('reserved', 'redeemed')
    GROUP BY counter.community_code, counter.offer_id, offer.community_code, offer.id"""
"""Each counter beside what is really held, in one snapshot: reservations run out meanwhile."""
LOST_PERSON = "public_safety.lost_person"


def _ids(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in rows]


def check_same(what: str, found: Iterable[Hashable], expected: Iterable[Hashable]) -> None:
    """Each expected one is there, once, and nothing else is."""
    there, wanted = Counter(found), Counter(expected)
    lost, surplus = list((wanted - there).elements()), list((there - wanted).elements())
    assert not lost, f"{what}: lost {lost}"
    assert not surplus, f"{what}: twice, or never asked for {surplus}"


async def query(stack: Stack, database: str, statement: str) -> list[asyncpg.Record]:
    """As superuser: every community in sight."""
    server = stack.environment["OPERATOR_DATABASE_URL"].rpartition("/")[0]
    connection = await asyncpg.connect(f"{server}/{database}", timeout=5)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def backlog(stack: Stack) -> dict[str, int]:
    """What is still under way, by outbox, consumer, and requests that nobody was asked about; empty when drained."""
    waiting = {f"{each.name} outbox": (await query(stack, each.name, _UNPUBLISHED))[0]["count"] for each in SERVICES}
    client = await nats.connect(
        stack.environment["OPERATOR_NATS_URL"],
        user=stack.environment["OPERATOR_NATS_USER"],
        password=stack.environment["OPERATOR_NATS_PASSWORD"],
        connect_timeout=2,
    )
    try:
        for each in SERVICES:
            for name in each.reads:
                info = await client.jetstream().consumer_info(name.upper(), each.consumer_of(name))
                waiting[info.name] = (info.num_pending or 0) + (info.num_ack_pending or 0)
    finally:
        await client.close()
    return {name: count for name, count in waiting.items() if count}


async def check_requests(staff: Caller, ledger: Ledger) -> None:
    """One request for each acknowledged one and for each case, and one work order for each request."""
    requests = await staff.all_of("/v1/service-requests")
    cases = await staff.all_of("/v1/found-persons")
    check_same("requests", _ids(each for each in requests if each["category"] != LOST_PERSON), ledger.requests)
    check_same("cases", _ids(each for each in cases if each["channel"] != "card"), ledger.cases)
    found = [each["id"] for each in requests if each["category"] == LOST_PERSON]
    origins = [(await staff.get(f"/v1/service-requests/{each}"))["origin"]["id"] for each in found]
    check_same("requests of cases", origins, _ids(cases))

    orders = await staff.all_of("/v1/work-orders")
    made = [(each["request_id"], each["sequence"]) for each in orders]
    check_same("work orders", made, [(each["id"], 1) for each in requests])
    asked = [each["id"] for each in requests if each["state"] == "submitted"]
    assert asked == [], "dispatch's answer did not reach these requests"


async def check_reports(stranger: Caller, stack: Stack, ledger: Ledger) -> None:
    """Each finder's report is there once, and its link still works."""
    stored = await query(stack, "residents", "SELECT id::text FROM found_report WHERE channel = 'card'")
    check_same("reports", [row["id"] for row in stored], [report for report, _ in ledger.reports])
    for report, token in ledger.reports:
        assert (await stranger.get(f"/v1/public/found-reports/{report}", token=token))["state"] in (
            "received",
            "on_the_way",
        )


async def check_redemptions(staff: Caller, stack: Stack, ledger: Ledger) -> None:
    """Every reservation once, every cancellation kept, and every counter is what is really held."""
    listed = await staff.all_of("/v1/redemptions")
    check_same("reservations", _ids(listed), ledger.reserved)
    check_same("cancellations", _ids(each for each in listed if each["state"] == "cancelled"), ledger.cancelled)
    counters = await query(stack, "merchants", _HELD)
    assert any(row["taken"] for row in counters)
    for row in counters:
        assert (row["used_count"], row["used_fen"]) == (row["held"], row["held_fen"])
        assert row["taken"] == (row["held"] if row["per_person_count"] else 0)


async def check_events(stack: Stack) -> None:
    """Nothing was given up, and nothing was handled that had not happened."""
    for each in SERVICES:
        assert await query(stack, each.name, "SELECT consumer, type, error FROM dead_letter") == []
        sources = {name: await _published(stack, name) for name in each.reads}
        for row in await query(stack, each.name, "SELECT consumer, event_id FROM inbox"):
            assert row["event_id"] in sources[row["consumer"].partition("__")[2]]


async def _published(stack: Stack, service: str) -> set[Any]:
    return {row["event_id"] for row in await query(stack, service, "SELECT event_id FROM outbox")}


async def check_audit(data: Path) -> None:
    """`kaiyuan audit verify`, as an operator runs it; the chains are not empty."""
    command = ("-m", "stack.cli", "audit", "verify", "--data", str(data))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
