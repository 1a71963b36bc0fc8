from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

FoundPersonsRead = Annotated[
    Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER, Role.RESPONDER, Role.SUPERVISOR))
]
"""A supervisor sees escalated cases only, and of those nothing personal."""
FoundPersonsReport = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER))]
FoundPersonsWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER, Role.RESPONDER))]
"""Whoever meets the person: the community, the grid's worker, or the responder who was sent."""
CaseStatisticsRead = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.SUPERVISOR))]

OPENERS = frozenset({Role.STAFF, Role.HEAD})
"""Roles that may identify anybody in their community, and open what a closed case holds."""
