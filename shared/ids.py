"""Identifiers that sort by time, so that new rows land at the end of every index."""

from datetime import datetime
from uuid import UUID

import uuid_utils.compat as uuid_utils


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): its first 48 bits are the Unix time in milliseconds."""
    return uuid_utils.uuid7()


def earliest_id(at: datetime) -> UUID:
    """The least id that could have been made at this instant or later: what is newer is a range of any index of ids."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
