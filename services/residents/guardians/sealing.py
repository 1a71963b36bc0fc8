"""Name and phone of a guardian who is not in the registry, sealed under the ward's key. Pure."""

from uuid import UUID

from services.residents.guardians.models import Guardianship
from shared.crypto import DataKey


def seal_guardian(key: DataKey, guardianship: Guardianship, name: str | None, phone: str | None) -> None:
    guardianship.name = _seal(key, guardianship.id, "name", name)
    guardianship.phone = _seal(key, guardianship.id, "phone", phone)


def open_guardian(key: DataKey, guardianship: Guardianship) -> tuple[str | None, str | None]:
    """(name, phone); both None for one who is in the registry."""
    name = _open(key, guardianship.id, "name", guardianship.name)
    return name, _open(key, guardianship.id, "phone", guardianship.phone)


def _seal(key: DataKey, row_id: UUID, column: str, value: str | None) -> bytes | None:
    return None if value is None else key.seal(value, table="guardianship", column=column, row_id=row_id)


def _open(key: DataKey, row_id: UUID, column: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else key.open(sealed, table="guardianship", column=column, row_id=row_id)
