"""Any sequence of verbs: only the written transitions succeed, and every reveal is in the log."""

import asyncio
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlmodel import col

from services.residents.found_persons.models import FoundPersonEntry
from services.residents.found_persons.relay_models import FoundMessage
from shared.outbox import outbox
from tests.residents.cases import (
    EVERY_FIELD,
    HAND_OVER,
    TO_POLICE,
    open_case,
)
from tests.residents.neighbourhood import Neighbourhood, moved

OPEN = {"reported", "identified", "family_notified"}
LOOKING_FOR: dict[str, dict[str, Any]] = {
    "describe": {"clothes": "灰色棉袄"},
    "sightings": {"place_text": "西门"},
    "suggest-candidates": {},
    "arrange-meeting": {"place_text": "传达室"},
}
"""Verbs that leave the state as it is."""


class CaseMachine(RuleBasedStateMachine):
    """Any sequence of verbs over HTTP: only the written transitions succeed, and each success is a new version."""

    place: Neighbourhood
    loop: asyncio.AbstractEventLoop

    def run_async(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    @initialize()
    def open(self) -> None:
        self.staff = self.place.client()
        self.row = self.run_async(open_case(self.place))
        self.state, self.police_called, self.reveals, self.messages = "reported", False, 0, 0
        self.elders = self.run_async(self.place.audited(self.place.elder_id))

    def attempt(self, verb: str, body: dict[str, Any], allowed: set[str], target: str | None = None) -> Any:
        """Do it; succeed exactly where allowed, and change nothing where not."""
        path = f"/v1/found-persons/{self.row['id']}"
        response = self.run_async(self.staff.post(f"{path}/{verb}", json=body))
        now = self.run_async(self.staff.get(path)).json()
        if self.state in allowed:
            assert response.is_success, response.text
            self.state = target or self.state
            if verb != "reveal":
                assert moved(now, self.row)
        else:
            assert response.status_code == 409
            assert now["version"] == self.row["version"]
        self.row = {name: now[name] for name in self.row}
        return response

    @rule()
    def identify(self) -> None:
        body = {"person_id": str(self.place.elder_id)}
        self.attempt("identify", body, {"reported", "identified", "family_notified"}, "identified")

    @rule(contact=st.integers(0, 1), way=st.sampled_from(["message", "reached", "no_answer", "coming", "refused"]))
    def notify_family(self, contact: int, way: str) -> None:
        body: dict[str, Any] = {"contact_id": str(self.place.contact_ids[contact])}
        if way != "message":
            body |= {"way": "call", "result": way}
        target = None if way in ("no_answer", "refused") else "family_notified"
        self.attempt("notify-family", body, {"identified", "family_notified"}, target)

    @rule(what=st.sampled_from(sorted(LOOKING_FOR)))
    def look_for(self, what: str) -> None:
        self.attempt(what, LOOKING_FOR[what], OPEN)

    @rule()
    def write(self) -> None:
        if self.attempt("messages", {"text": "到哪里了"}, OPEN | {"handed_over"}).is_success:
            self.messages += 1

    @invariant()
    def every_message_is_kept_once(self) -> None:
        written = select(func.count()).where(col(FoundMessage.found_person_id) == UUID(self.row["id"]))
        assert self.run_async(self.place.rows(written)) == [self.messages]

    @rule()
    def hand_over(self) -> None:
        self.attempt("hand-over", HAND_OVER, {"family_notified"}, "handed_over")

    @precondition(lambda self: self.state != "reported")
    @rule()
    def hand_over_to_police(self) -> None:
        self.attempt("hand-over", TO_POLICE, {"identified", "family_notified"}, "handed_over")

    @rule()
    def close(self) -> None:
        self.attempt("close", {"outcome": "returned_home"}, {"handed_over"}, "closed")

    @precondition(lambda self: self.state not in ("reported", "identified"))
    @rule()
    def dismiss(self) -> None:
        self.attempt("unfounded", {}, {"family_notified"}, "unfounded")

    @rule()
    def escalate(self) -> None:
        allowed = set() if self.police_called else {"reported", "identified", "family_notified"}
        if self.attempt("escalate-to-police", {}, allowed).status_code == 200:
            self.police_called = True

    @rule(fields=st.sets(st.sampled_from(EVERY_FIELD), min_size=1))
    def reveal(self, fields: set[str]) -> None:
        of_person = fields & {"name", "address", "cautions", "family_contacts"}
        is_known = self.row["person_id"] is not None
        response = self.attempt(
            "reveal", {"fields": sorted(fields)}, {self.state} if is_known or not of_person else set()
        )
        if response.status_code == 200:
            assert set(response.json()) == fields
            self.reveals += bool(of_person)

    @invariant()
    def every_reveal_is_in_the_log(self) -> None:
        entries = self.run_async(self.place.audited(self.place.elder_id))
        assert len(entries) - len(self.elders) == self.reveals

    @invariant()
    def the_row_says_what_the_model_says(self) -> None:
        assert self.row["state"] == self.state
        assert (self.row["closed_at"] is not None) == (self.state in ("closed", "unfounded"))
        assert (self.row["police_called_at"] is not None) == self.police_called
        assert (self.row["unfounded_reason"] is not None) == (self.state == "unfounded")
        if self.state not in ("reported", "unfounded"):
            assert (self.row["identified_at"] is None) == (self.row["person_id"] is None)
        assert (self.row["handed_over_at"] is not None) == (self.state in ("handed_over", "closed"))


async def test_the_machine_of_a_case(place: Neighbourhood) -> None:
    machine = type("Machine", (CaseMachine,), {"place": place, "loop": asyncio.get_running_loop()})
    chosen = settings(max_examples=12, stateful_step_count=14, suppress_health_check=list(HealthCheck), database=None)
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
    counted = select(func.count()).select_from(FoundPersonEntry).where(FoundPersonEntry.community_code == place.code)
    assert (await place.rows(counted))[0] > 0
    versions = select(outbox.c.version).where(outbox.c.community_code == place.code, outbox.c.subject.like("found-%"))
    assert all(version >= 1 for version in await place.rows(versions))
