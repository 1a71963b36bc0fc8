"""Asking without being named: what a request keeps instead of a person, and how its requester comes back.

Nothing stored leads from a request to who submitted it: no person, no account in the request, its timeline or its
events. What remains is a count a day under a blind index of person and day, which names no request.
"""

import secrets
from datetime import datetime, time, timedelta
from uuid import UUID

from services.requests.abuse.errors import TooManySubmissions
from services.requests.abuse.limits import DAY, Limits
from services.requests.anonymity import repository
from shared.auth import Principal, Role
from shared.clock import CHINA, china_today, utc_now
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.timers import HOURLY, Timer

SUBJECT = "anonymous"
"""Stands in the place of an account."""
_KEPT_FOR = timedelta(days=2)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that is misread
_AS_TYPED = str.maketrans("OIL", "011", "- ")
_CODE_LENGTH = 26  # 130 bits


def anonymous(principal: Principal) -> Principal:
    """What is left of a resident who will not be named."""
    return Principal(subject=SUBJECT, role=Role.RESIDENT, area=principal.area)


def new_code() -> str:
    """The code by which the requester comes back. Shown once; kept as an index only."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))


def index_code(keyring: Keyring, code: str) -> bytes:
    """What is kept of a code, however it was typed."""
    return keyring.blind_index("requests/follow_up", code.upper().translate(_AS_TYPED))


async def count_submission(
    session: AsyncSession, keyring: Keyring, community_code: str, person_id: UUID, limits: Limits
) -> None:
    """Count one more of this person today; TooManySubmissions, however many come at once, when that is too much."""
    today = china_today()
    index = keyring.blind_index("requests/anonymous_count", f"{today.isoformat()}\0{person_id}")
    if not await repository.count_one(session, community_code, today, index, limits.anonymous_per_day):
        raise TooManySubmissions(limits.anonymous_per_day, DAY, _until_tomorrow())


def _until_tomorrow() -> timedelta:
    now = utc_now().astimezone(CHINA)
    return datetime.combine(now.date() + DAY, time(), CHINA) - now


async def forget_counts(session: AsyncSession) -> int:
    """Timer: drop the counts of days gone by. Returns how many."""
    return await repository.drop_counts(session, china_today(utc_now() - _KEPT_FOR))


TIMERS = [Timer("anonymous_counts", HOURLY, forget_counts)]
