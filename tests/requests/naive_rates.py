"""The three rates of a handful of requests, worked out one request at a time by reading its history like a person."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared.clock import CHINA

_WORK = {"acknowledged", "started", "waiting", "resolved", "rejected"}
_ASKED = {"rated", "called_back"}
_OPEN = {"submitted", "accepted", "dispatched", "in_progress", "reopened"}


@dataclass
class History:
    """One request and its steps in order."""

    community_code: str
    respond_by: datetime
    category: str
    grid: str | None
    steps: list[dict[str, Any]] = field(default_factory=list)

    def facts(self, as_of: datetime) -> list[tuple[date, str, str, str, Counter[str]]]:
        """(day, grid, responder, category, what it adds)."""
        seen = [step for step in self.steps if step["at"] <= as_of]
        grid, category, excluded = self.grid or "", self.category, False
        for step in seen:
            if step["step"] == "transferred":
                category, grid = step["detail"]["category"], step["detail"].get("grid", "")
            elif step["step"] == "excluded":
                excluded = step["detail"]["excluded"]
        found = [*self._response(seen, as_of), *self._judgements(seen)]
        return [
            (day, grid, responder, category, _marked(measures, excluded=excluded)) for day, responder, measures in found
        ]

    def _response(self, seen: list[dict[str, Any]], as_of: datetime) -> list[tuple[date, str, set[str]]]:
        for step in seen:
            says = step["step"] in _WORK or (step["step"] == "progress" and step["state"] in _OPEN)
            if says and step["public"]:
                in_time = step["at"] <= self.respond_by
                day = _day(step["at"] if in_time else self.respond_by)
                return [(day, step["responder"] or "", {"due", "in_time"} if in_time else {"due"})]
        gone = [
            step["at"]
            for step in seen
            if step["step"] == "withdrawn" or (step["step"] == "merged" and step["detail"].get("role") == "source")
        ]
        if self.respond_by > as_of or (gone and gone[0] <= self.respond_by):
            return []
        asked = [step["responder"] for step in seen if step["step"] == "dispatched" and step["at"] <= self.respond_by]
        return [(_day(self.respond_by), (asked[-1] if asked else None) or "", {"due"})]

    def _judgements(self, seen: list[dict[str, Any]]) -> list[tuple[date, str, set[str]]]:
        found = []
        solved, satisfied, responder, day = None, None, None, None
        for step in [*seen, {"step": "the end", "detail": {}}]:
            kind, detail = step["step"], step["detail"]
            verdict = {"confirmed": True, "reopened": False}.get(kind, detail.get("solved") if kind in _ASKED else None)
            if "unreached" in detail or "unanswered" in detail:
                verdict = None
            if verdict is not None:
                solved, day = verdict, _day(step["at"])
            if kind in ("confirmed", "reopened", *_ASKED) and detail.get("satisfied") is not None:
                satisfied = detail["satisfied"]
            if kind == "resolved" and step["public"]:
                responder = step["responder"]
            if kind in ("reopened", "the end"):
                if solved is not None and day is not None:
                    measures = {"judged"} | ({"solved"} if solved else set())
                    measures |= set() if satisfied is None else {"said", "satisfied"} if satisfied else {"said"}
                    found.append((day, responder or "", measures))
                solved, satisfied, responder, day = None, None, None, None
        return found


def _marked(measures: set[str], *, excluded: bool) -> Counter[str]:
    return Counter(measures | ({f"excluded_{each}" for each in measures} if excluded else set()))


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
