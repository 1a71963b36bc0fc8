from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

WorkOrdersRead = Annotated[
    Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.SUPERVISOR, Role.GRID_WORKER, Role.RESPONDER))
]
WorkOrdersAct = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER, Role.RESPONDER))]
"""Whoever holds the order; staff act for the duty desk."""

WorkOrdersAssign = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]
