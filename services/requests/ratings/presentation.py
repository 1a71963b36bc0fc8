from collections.abc import Sequence
from typing import Any

from services.requests.ratings.models import Rating
from services.requests.service_requests.presentation import keys_for
from services.requests.service_requests.texts import text_of
from shared.auth import Principal
from shared.vault import Vault


async def ratings(vault: Vault, principal: Principal, rows: Sequence[Rating]) -> list[dict[str, Any]]:
    keys = await keys_for(vault, principal, rows)
    return [
        {
            "id": row.id,
            "score": row.score,
            "solved": row.solved,
            "satisfied": row.satisfied,
            "commendation": row.commendation,
            "may_publish": row.may_publish,
            "how": row.how,
            "text": text_of(row, keys),
            "created_at": row.created_at,
        }
        for row in rows
    ]
