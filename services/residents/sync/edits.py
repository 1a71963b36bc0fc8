"""Edits from phones: each is applied or its refusal is told, and none undoes another."""

import json
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError

from services.residents.merges.errors import PersonWasMerged
from services.residents.sync import repository
from services.residents.sync.conflicts import ANY_FIELD, written_with
from services.residents.sync.errors import EditIdReused, KindUnknown
from services.residents.sync.models import SyncEdit
from services.residents.sync.schemas import Edit, EditBatch, EditKind, EditResult, EditResults, Outcome
from services.residents.sync.uses import USES, Applied, Desk, Use
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.crypto import Keyring, Signer
from shared.db import AsyncSession
from shared.errors import Problem, document_of, invalid_part, problem_of
from shared.vault import Vault


class _NothingKept(Exception):
    """Undoes an edit that ends in a conflict."""

    def __init__(self, edit: Edit, applied: Applied, before: list[str]) -> None:
        super().__init__("conflict")
        self.edit = edit
        self.applied = applied
        self.before = before
        """Fields that were written when the edit came the first time."""


class Inbox:
    """Works through one batch of a worker's edits, inside one transaction."""

    def __init__(
        self, session: AsyncSession, keyring: Keyring, signer: Signer, principal: Principal, language: str | None
    ) -> None:
        self._session = session
        self._keyring = keyring
        self._signer = signer
        self._principal = principal
        self._language = language
        """The Accept-Language header."""
        self._own: defaultdict[UUID, dict[str, int]] = defaultdict(dict)

    async def apply(self, batch: EditBatch) -> EditResults:
        """In the order in which they were made; answered in the order in which they were sent.

        Problems of ours (an overload, a lost connection) undo the whole batch: it is sent again as it is.
        """
        results: dict[int, EditResult] = {}
        for number, edit in sorted(enumerate(batch.edits), key=lambda pair: (pair[1].made_at, pair[0])):
            results[number] = await self._answer(edit)
            self._session.expunge_all()  # the next edit reads what is there, not what this one remembers
        return EditResults(results=[results[number] for number in range(len(batch.edits))])

    async def _answer(self, edit: Edit) -> EditResult:
        try:
            model, use = _use_of(edit)
            changes = model.model_validate(edit.changes)
            return await self._apply_or_follow(edit, changes, use)
        except _NothingKept as undone:
            return await self._result(undone.edit, undone.applied, undone.before)
        except ValidationError as error:
            return self._rejected(edit, invalid_part(error, ["changes"], self._language))
        except (Problem, IntegrityError) as error:
            problem = problem_of(error)
            if problem.status >= 500:
                raise
            return self._rejected(edit, problem)

    async def _apply_or_follow(self, edit: Edit, changes: BaseModel, use: Use) -> EditResult:
        """The phone knows the person by the id of a record that was merged: the edit is of the kept one."""
        digest = self._keyring.blind_index("sync-edit", _canonical(edit))
        try:
            async with self._session.begin_nested():
                return await self._apply(edit, digest, changes, use)
        except PersonWasMerged as merged:
            edit = edit.model_copy(update={"entity_id": merged.kept_id})
            async with self._session.begin_nested():
                return await self._apply(edit, digest, changes, use, is_led_on=True)

    async def _apply(
        self, edit: Edit, digest: bytes, changes: BaseModel, use: Use, *, is_led_on: bool = False
    ) -> EditResult:
        community_code = self._principal.community_code
        stored = await repository.claim_edit(self._session, community_code, edit, digest)
        before = stored.fields if stored else []
        if stored is not None:
            left = self._left_of(edit, stored, digest)
            if not left:
                return EditResult(
                    edit_id=edit.edit_id,
                    entity_id=edit.entity_id,
                    outcome=Outcome.ALREADY_APPLIED,
                    version=stored.version,
                )
            changes = type(changes).model_validate({name: edit.changes[name] for name in left})
        # A vault of its own: keys that are undone with a refused edit must not be remembered.
        vault = Vault(self._session, self._keyring)
        own = self._own[edit.entity_id]
        applied = await use(Desk(self._session, vault, self._principal, own, is_led_on), edit, changes)
        if applied.conflicts and not applied.fields:
            raise _NothingKept(edit, applied, before)
        await repository.finish_edit(
            self._session, community_code, edit.edit_id, [*before, *applied.fields], applied.version
        )
        self._remember(edit.entity_id, applied.fields, applied.version)
        return await self._result(edit, applied, before)

    def _left_of(self, edit: Edit, stored: SyncEdit, digest: bytes) -> set[str]:
        """What an edit that comes again, and was applied in part, still leaves to be decided."""
        if stored.digest != digest:
            raise EditIdReused
        self._remember(edit.entity_id, stored.fields, stored.version)
        return set(edit.changes) - set(stored.fields) if stored.fields else set()

    def _remember(self, entity_id: UUID, fields: Iterable[str], version: int | None) -> None:
        """Later edits of the same worker follow this one: they do not conflict with it."""
        if version is not None:
            self._own[entity_id] |= dict.fromkeys({*written_with(fields), ANY_FIELD}, version)

    async def _result(self, edit: Edit, applied: Applied, before: list[str]) -> EditResult:
        outcome = Outcome.MERGED if applied.is_merged else Outcome.APPLIED
        if applied.conflicts:
            outcome = Outcome.CONFLICT
            await audit.record(
                self._session,
                self._signer,
                self._principal,
                community_code=self._principal.community_code,
                action="sync.conflict",
                purpose=Purpose.CORRECTION,
                subject_type="household" if edit.kind == EditKind.CORRECT_HOUSEHOLD else "person",
                subject_id=edit.entity_id,
                fields=[each.field for each in applied.conflicts],
            )
        return EditResult(
            edit_id=edit.edit_id,
            entity_id=edit.entity_id,
            outcome=outcome,
            version=applied.version,
            applied_fields=[*before, *applied.fields],
            conflicts=applied.conflicts,
        )

    def _rejected(self, edit: Edit, problem: Problem) -> EditResult:
        return EditResult(
            edit_id=edit.edit_id,
            entity_id=edit.entity_id,
            outcome=Outcome.REJECTED,
            problem=document_of(problem, self._language),
        )


def _use_of(edit: Edit) -> tuple[type[BaseModel], Use]:
    found = USES.get(edit.kind)
    if found is None:
        raise KindUnknown
    return found


def _canonical(edit: Edit) -> str:
    return json.dumps(edit.model_dump(mode="json", exclude={"apply"}), sort_keys=True, ensure_ascii=False)
