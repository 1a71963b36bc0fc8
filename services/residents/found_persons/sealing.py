"""What people wrote in a case, sealed as JSON under the case's own data key."""

import json
from typing import Any
from uuid import UUID

from services.residents.found_persons.errors import CaseForgotten
from services.residents.found_persons.models import FoundPerson, FoundPersonEntry, FoundReport
from shared.crypto import DataKey
from shared.vault import Vault


async def key_of(vault: Vault, case: FoundPerson) -> DataKey:
    """The case's data key; CaseForgotten when it was destroyed."""
    key = await vault.find_key(case.community_code, case.id)
    if key is None:
        raise CaseForgotten
    return key


def seal_report(key: DataKey, report_id: UUID, content: dict[str, Any]) -> bytes:
    return key.seal(_compact(content), table="found_report", column="content", row_id=report_id)


def open_report(key: DataKey, report: FoundReport) -> dict[str, Any]:
    return json.loads(key.open(report.content, table="found_report", column="content", row_id=report.id))


def seal_note(key: DataKey, entry_id: UUID, words: dict[str, str]) -> bytes:
    return key.seal(_compact(words), table="found_person_entry", column="note", row_id=entry_id)


def open_note(key: DataKey, entry: FoundPersonEntry) -> dict[str, str]:
    assert entry.note is not None
    return json.loads(key.open(entry.note, table="found_person_entry", column="note", row_id=entry.id))


def _compact(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
