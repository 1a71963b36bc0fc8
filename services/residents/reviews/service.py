"""Use cases of emergency access: noted as it happens, judged afterwards (PIPL, art. 51 and 54)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from services.residents.notices import service as notices
from services.residents.notices.models import NoticeKind
from services.residents.people.repository import find_person
from services.residents.reviews import repository
from services.residents.reviews.errors import OwnAccess
from services.residents.reviews.models import AccessReview, ReviewState
from services.residents.reviews.schemas import ReviewRevealed
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import DataKey, Signer
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.ids import new_id
from shared.vault import Vault

REVIEW_WITHIN = timedelta(days=7)
EMERGENCIES = frozenset({Purpose.LOST_PERSON, Purpose.EMERGENCY})
"""Purposes that open the whole community, and are therefore judged afterwards."""

PersonInGrid = tuple[UUID, str | None]


class Access(NamedTuple):
    """What somebody is about to read."""

    community_code: str
    action: str
    purpose: Purpose
    people: Iterable[PersonInGrid]
    fields: Iterable[str]
    reason: str | None = None
    found_person_id: UUID | None = None


class Noted(NamedTuple):
    """Whom an emergency access is to be reviewed for; nobody where it needs none."""

    review_id: UUID | None
    people: frozenset[UUID]

    def detail(self, person_id: UUID) -> dict[str, str]:
        """What the audit entry about this person adds."""
        return {"review": str(self.review_id)} if person_id in self.people else {}


async def note_access(session: AsyncSession, vault: Vault, principal: Principal, access: Access) -> Noted:
    """Have an emergency access reviewed if it shows anybody outside the reader's own grids; part of its transaction.

    Staff have no grids of their own, so all that they read in an emergency is reviewed.
    """
    outside = frozenset(person_id for person_id, grid_code in access.people if grid_code not in principal.grids)
    if access.purpose not in EMERGENCIES or not outside:
        return Noted(None, frozenset())
    review_id = new_id()
    review = AccessReview(
        id=review_id,
        community_code=access.community_code,
        reader=principal.subject,
        reader_role=principal.role,
        action=access.action,
        purpose=access.purpose,
        fields=sorted(access.fields),
        person_ids=sorted(outside),
        found_person_id=access.found_person_id,
        due_at=utc_now() + REVIEW_WITHIN,
    )
    if access.reason is not None:
        key = await vault.key_for(review.community_code, review.id)
        review.reason = key.seal(access.reason, table="access_review", column="reason", row_id=review.id)
    session.add(review)
    await session.flush()
    return Noted(review_id, outside)


async def decide_review(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    review_id: UUID,
    state: ReviewState,
    note: str | None,
) -> AccessReview:
    """Judge an access. Where it was not justified, everybody who was read about is told (PIPL, art. 57)."""
    review = await repository.get_review(session, principal, review_id, lock=True)
    if review.reader == principal.subject:
        raise OwnAccess
    if review.state is not ReviewState.OPEN:
        raise WrongState(review.state, [ReviewState.OPEN])
    if note is not None:
        key = await vault.key_for(review.community_code, review.id)
        review.note = key.seal(note, table="access_review", column="note", row_id=review.id)
    review.state = state
    review.decided_at = review.updated_at = utc_now()
    review.decided_by = principal.subject
    review.version += 1
    await session.flush()
    await _write_down(session, signer, principal, review, f"access_reviews.{state}")
    if state is ReviewState.UNJUSTIFIED:
        await _tell(session, review)
    return review


async def reveal_review(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, review_id: UUID
) -> ReviewRevealed:
    """Who was read about, and what reader and head wrote."""
    review = await repository.get_review(session, principal, review_id)
    await _write_down(session, signer, principal, review, "access_reviews.reveal")
    key = await vault.find_key(review.community_code, review.id)
    return ReviewRevealed(
        person_ids=review.person_ids, reason=_open(key, review, "reason"), note=_open(key, review, "note")
    )


def _open(key: DataKey | None, review: AccessReview, column: str) -> str | None:
    sealed = getattr(review, column)
    if key is None or sealed is None:
        return None
    return key.open(sealed, table="access_review", column=column, row_id=review.id)


async def _tell(session: AsyncSession, review: AccessReview) -> None:
    parameters = {"access_review_id": str(review.id), "purpose": review.purpose.value}
    for person_id in review.person_ids:
        if await find_person(session, review.community_code, person_id) is not None:
            await notices.notify_person(
                session, review.community_code, person_id, NoticeKind.ACCESS_UNJUSTIFIED, parameters
            )


async def _write_down(
    session: AsyncSession, signer: Signer, principal: Principal, review: AccessReview, action: str
) -> None:
    await audit.record(
        session,
        signer,
        principal,
        community_code=review.community_code,
        action=action,
        purpose=Purpose.OVERSIGHT,
        subject_type="access_review",
        subject_id=review.id,
    )
