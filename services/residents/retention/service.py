"""Use cases of retention: what is kept for how long, what falls due, and its end. They flush and never commit."""

import math
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from services.residents.consents.models import Consent
from services.residents.people.access import CLOCK, erase_by_clock
from services.residents.people.models import PersonTag
from services.residents.retention import repository
from services.residents.retention.errors import KeptTooShort
from services.residents.retention.kinds import RULES, RetentionKind
from services.residents.retention.models import RetentionRule
from services.residents.retention.schemas import RetentionRead
from services.residents.retention.timed import TIMED, TimedKind, count_timed
from services.residents.reviews.models import AccessReview
from services.residents.rights.models import RightsRequest
from services.residents.sections import Words
from services.residents.settings import Settings
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.vault import Vault

BATCH = 100
SOON = timedelta(days=30)
Days = Mapping[RetentionKind, int]
"""What the installation sets; a kind that it leaves out is kept as the product says."""


def days_of(kind: RetentionKind, installation: Days) -> int:
    """Never below what has to be kept."""
    return max(installation.get(kind, RULES[kind].days), RULES[kind].least_days)


async def list_rules(session: AsyncSession, community_code: str, settings: Settings) -> list[RetentionRead]:
    """Every kind with its rule, and how much falls due: a rehearsal that deletes nothing."""
    own = await repository.rules_of(session, community_code)
    installation = settings.retention_days
    ruled = [await _shown(session, community_code, kind, own.get(kind), installation) for kind in RetentionKind]
    return ruled + [await _shown_timed(session, community_code, kind, settings) for kind in TimedKind]


async def set_rule(
    session: AsyncSession,
    principal: Principal,
    kind: RetentionKind,
    keep_days: int | None,
    expected: int,
    installation: Days,
) -> RetentionRead:
    """Keep data of a kind for so many days in this community; None: as the installation does."""
    code = principal.community_code
    rule = await repository.lock_rule(session, code, kind)
    check_version(rule.version if rule else 0, expected)
    if keep_days is not None and keep_days < RULES[kind].least_days:
        raise KeptTooShort(least_days=RULES[kind].least_days)
    if keep_days is None:
        if rule is not None:
            await session.delete(rule)
        rule = None
    elif rule is None:
        rule = RetentionRule(community_code=code, kind=kind, keep_days=keep_days, set_by=principal.subject)
        session.add(rule)
    else:
        rule.keep_days, rule.set_by, rule.updated_at = keep_days, principal.subject, utc_now()
        rule.version += 1
    await session.flush()
    return await _shown(session, code, kind, rule, installation)


async def end_what_is_due(session: AsyncSession, vault: Vault, signer: Signer, installation: Days) -> int:
    """End a batch of each kind, of all communities; how many rows that were. Every end is on the record."""
    ended = 0
    for kind in RetentionKind:
        batch = await repository.lock_due(session, kind, days_of(kind, installation), china_today(), BATCH)
        for community_code, ids in sorted(batch.items()):
            await _end(session, vault, signer, kind, community_code, ids)
            await _write_down(session, signer, kind, community_code, len(ids))
            ended += len(ids)
    await session.flush()
    return ended


async def _end(
    session: AsyncSession, vault: Vault, signer: Signer, kind: RetentionKind, code: str, ids: list[UUID]
) -> None:
    match kind:
        case RetentionKind.MOVED_OUT_PEOPLE | RetentionKind.DEAD_PEOPLE:
            for person_id in sorted(ids):
                await erase_by_clock(session, vault, signer, code, person_id)
        case RetentionKind.REVOKED_TAG_EVIDENCE:
            await repository.clear(session, PersonTag, code, ids, "evidence")
        case RetentionKind.WITHDRAWN_CONSENT_EVIDENCE:
            await repository.clear(session, Consent, code, ids, "evidence")
        case RetentionKind.RIGHTS_REQUESTS:
            await repository.clear(session, RightsRequest, code, ids, "content", "note")
        case RetentionKind.ACCESS_REVIEWS:
            for review_id in ids:
                await vault.destroy(code, review_id)
            await repository.clear(session, AccessReview, code, ids, "reason", "note")
        case RetentionKind.NOTICES:
            await repository.delete_notices(session, code, ids)


async def _shown(
    session: AsyncSession, code: str, kind: RetentionKind, rule: RetentionRule | None, installation: Days
) -> RetentionRead:
    days = days_of(kind, installation)
    today = china_today()
    return RetentionRead(
        kind=kind,
        name=Words.of(RULES[kind].name),
        ends=Words.of(RULES[kind].ends),
        keep_days=rule.keep_days if rule else days,
        least_days=RULES[kind].least_days,
        set_by="community" if rule else "installation",
        is_settable=True,
        due_now=await repository.count_due(session, code, kind, days, today),
        due_in_30_days=await repository.count_due(session, code, kind, days, today + SOON),
        version=rule.version if rule else 0,
    )


async def _shown_timed(session: AsyncSession, code: str, kind: TimedKind, settings: Settings) -> RetentionRead:
    kept, now = TIMED[kind].kept_for(settings), utc_now()
    days = math.ceil(kept / timedelta(days=1))
    return RetentionRead(
        kind=kind,
        name=Words.of(TIMED[kind].name),
        ends=Words.of(TIMED[kind].ends),
        keep_days=days,
        least_days=days,
        set_by="installation",
        is_settable=False,
        due_now=await count_timed(session, code, kind, kept, now),
        due_in_30_days=await count_timed(session, code, kind, kept, now + SOON),
        version=0,
    )


async def _write_down(session: AsyncSession, signer: Signer, kind: RetentionKind, code: str, count: int) -> None:
    await audit.record(
        session,
        signer,
        CLOCK,
        community_code=code,
        action="retention.end",
        purpose=Purpose.ERASURE,
        subject_type="retention",
        subject_id=UUID(int=0),
        detail={"kind": kind.value, "count": count},
    )
