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


def seal_content(key: DataKey, table: str, row_id: UUID, content: dict[str, Any], *, column: str = "content") -> bytes:
    return key.seal(_compact(content), table=table, column=column, row_id=row_id)


def open_content(key: DataKey, table: str, row_id: UUID, sealed: bytes, *, column: str = "content") -> dict[str, Any]:
    return json.loads(key.open(sealed, table=table, column=column, row_id=row_id))


def open_report(key: DataKey, report: FoundReport) -> dict[str, Any]:
    return open_content(key, "found_report", report.id, report.content)


def open_description(key: DataKey, case: FoundPerson) -> dict[str, Any]:
    """What is known of how the person looks and speaks; empty while nothing is."""
    if case.description is None:
        return {}
    return open_content(key, "found_person", case.id, case.description, column="description")


def open_note(key: DataKey, entry: FoundPersonEntry) -> dict[str, str]:
    assert entry.note is not None
    return open_content(key, "found_person_entry", entry.id, entry.note, column="note")


def _compact(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
