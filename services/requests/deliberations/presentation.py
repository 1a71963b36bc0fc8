"""What a caller is shown of a deliberation: everybody its public words, those with a seat who sits there."""

from collections.abc import Sequence
from typing import Any

from services.requests.contributions import repository as contributions
from services.requests.deliberations import repository
from services.requests.deliberations.models import VOTES, Deliberation, Motion, Participant
from services.requests.deliberations.rules import OWNERS_RULES, Tally, is_quorate
from services.requests.deliberations.schemas import DeliberationSummary, ParticipantRead
from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal
from shared.db import AsyncSession

_SUMMARY = set(DeliberationSummary.model_fields)
_WORDS = {"purpose", "agenda", "quorum", "held_at", "decided_at", "resolution", "minutes_approved_at"}
_SEAT = set(ParticipantRead.model_fields)


def summary(deliberation: Deliberation) -> dict[str, Any]:
    return deliberation.model_dump(include=_SUMMARY)


async def detailed(session: AsyncSession, principal: Principal, deliberation: Deliberation) -> dict[str, Any]:
    seats = await repository.participants(session, deliberation)
    own = next((each.id for each in seats if _is_own(principal, each)), None)
    is_inside = principal.role in OFFICE or own is not None
    requests = await contributions.list_linked(session, repository.LINKS, deliberation.community_code, deliberation.id)
    return deliberation.model_dump(include=_SUMMARY | _WORDS) | {
        "request_count": len(requests),
        "attendance": _attendance(deliberation, seats),
        "motions": [shown_motion(each) for each in await repository.motions(session, deliberation)],
        "participants": [each.model_dump(include=_SEAT) for each in seats] if is_inside else None,
        "request_ids": list(requests) if principal.role in OFFICE else None,
        "seat_id": own,
    }


def _is_own(principal: Principal, seat: Participant) -> bool:
    return (
        (seat.person_id is not None and seat.person_id == principal.person_id)
        or (seat.responder_id is not None and seat.responder_id == principal.responder_id)
        or (principal.role in OFFICE and seat.account == principal.subject)
    )


def _attendance(deliberation: Deliberation, seats: Sequence[Participant]) -> dict[str, Any]:
    voting = [each for each in seats if each.role in VOTES]
    present = sum(each.checked_in_at is not None for each in voting)
    quorum = deliberation.quorum
    is_enough = quorum is not None and is_quorate(quorum, present=present, members=len(voting))
    return {"members": len(voting), "present": present, "is_quorate": is_enough}


def shown_motion(motion: Motion) -> dict[str, Any]:
    heads, area = heads_of(motion), area_of(motion)
    is_closed = motion.closed_at is not None
    return {
        "id": motion.id,
        "words": motion.words,
        "ballot": motion.ballot,
        "majority": motion.majority,
        "electorate": motion.electorate,
        "electorate_area_dm2": motion.electorate_area_dm2,
        "votes_cast": heads.cast,
        "heads": _tally(heads) if is_closed else None,
        "area_dm2": _tally(area) if is_closed and motion.majority in OWNERS_RULES else None,
        "outcome": motion.outcome,
        "closed_at": motion.closed_at,
    }


def heads_of(motion: Motion) -> Tally:
    return Tally(motion.in_favour, motion.against, motion.abstained)


def area_of(motion: Motion) -> Tally:
    return Tally(motion.in_favour_dm2, motion.against_dm2, motion.abstained_dm2)


def _tally(tally: Tally) -> dict[str, int]:
    return {"in_favour": tally.in_favour, "against": tally.against, "abstained": tally.abstained}
