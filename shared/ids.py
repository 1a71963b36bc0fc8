"""Identifiers that sort by time, so that new rows land at the end of every index."""

from uuid import UUID

import uuid_utils.compat as uuid_utils


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): its first 48 bits are the Unix time in milliseconds."""
    return uuid_utils.uuid7()
