"""What makes sense as the history of where one person lived. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from uuid import UUID

from services.residents.memberships.models import EndReason

VOID = frozenset({EndReason.CORRECTED, EndReason.MERGED})
"""Such a membership says nothing of where the person lived."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `began_on` to the day before `ended_on`."""

    id: UUID
    began_on: date
    ended_on: date | None
    end_reason: EndReason | None


def is_sound(spans: Iterable[Span], today: date) -> bool:
    """In order, none in the future, no two at a time, only the last open, no gap where somebody moved within."""
    spans = list(spans)
    dates_hold = all(
        span.began_on <= today and (span.ended_on is None or span.began_on <= span.ended_on <= today) for span in spans
    )
    return dates_hold and all(_follows(first, second) for first, second in pairwise(spans))


def corrected(spans: Iterable[Span], changed: Span) -> list[Span]:
    """The history with one span written anew; whoever moved in from within left the other home on the same day."""
    result: list[Span] = []
    for span in spans:
        if span.id == changed.id and result and result[-1].end_reason is EndReason.MOVED_WITHIN:
            result[-1] = replace(result[-1], ended_on=changed.began_on)
        result.append(changed if span.id == changed.id else span)
    return result


def _follows(first: Span, second: Span) -> bool:
    if first.ended_on is None or first.end_reason is EndReason.DIED:
        return False
    if first.end_reason is EndReason.MOVED_WITHIN:
        return first.ended_on == second.began_on
    return first.ended_on <= second.began_on
