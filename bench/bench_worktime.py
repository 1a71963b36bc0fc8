"""Deadlines on the working calendar."""

from datetime import datetime, timedelta

from bench.result import Result, microseconds
from shared.clock import CHINA
from shared.worktime import WorkingCalendar


async def run() -> list[Result]:
    office, start = WorkingCalendar(), datetime(2026, 2, 13, 16, tzinfo=CHINA)
    results = []
    for hours, label in ((7, "a working day"), (35, "a working week"), (7 * 250, "a working year")):
        span = timedelta(hours=hours)
        due = office.add(start, span)
        days = [start.date() + timedelta(days=n) for n in range((due - start).days + 1)]
        ours, back, bare = microseconds(
            lambda span=span: office.add(start, span),
            lambda due=due: office.between(start, due),
            lambda days=days: [office.is_workday(day) for day in days],
        )
        results.append(Result(f"add {label} over the Spring Festival", ours, "µs", "looking up each day", bare))
        results.append(Result(f"count {label} back", back, "µs", "looking up each day", bare))
    return results
