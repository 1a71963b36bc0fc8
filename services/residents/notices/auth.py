from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

NoticesRead = Annotated[
    Principal, Depends(allow(Role.RESIDENT, Role.STAFF, Role.HEAD, Role.GRID_WORKER, Role.RESPONDER))
]
"""Residents and whoever is sent read their own inbox, staff and head the duty desk's."""
