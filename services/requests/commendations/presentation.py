from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.requests.ratings.models import Rating
from services.requests.service_requests.presentation import keys_for
from services.requests.service_requests.texts import text_of
from shared.auth import Principal, Role
from shared.vault import Vault


async def commendations(
    vault: Vault, principal: Principal, rows: Sequence[Rating], classes: Mapping[UUID, str]
) -> list[dict[str, Any]]:
    """Thanks, of whom for what class of matter, never by whom."""
    keys = await keys_for(vault, principal, rows)
    of_office = principal.role is not Role.RESIDENT
    return [
        {
            "id": row.id,
            "commendation": row.commendation,
            "responder_id": row.responder_id,
            "category_class": classes[row.request_id],
            "request_id": row.request_id if of_office else None,
            "score": row.score,
            "text": text_of(row, keys),
            "may_publish": row.may_publish,
            "created_at": row.created_at,
        }
        for row in rows
    ]
