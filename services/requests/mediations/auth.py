from typing import Annotated

from fastapi import Depends

from services.requests.mediations.access import MEDIATING
from shared.auth import Principal, Role, allow

MediationsOpen = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""Whoever opens one reads nothing of it afterwards, unless they mediate."""
MediationsRead = Annotated[Principal, Depends(allow(Role.RESIDENT, *MEDIATING, Role.HEAD))]
MediationsConduct = Annotated[Principal, Depends(allow(*MEDIATING, Role.HEAD))]
MediationsTakePart = Annotated[Principal, Depends(allow(Role.RESIDENT, *MEDIATING, Role.HEAD))]
"""Parties for themselves; mediators write down what a party said or signed."""
MediationsRelieve = Annotated[Principal, Depends(allow(Role.HEAD))]
MediationsCount = Annotated[Principal, Depends(allow(Role.HEAD, Role.SUPERVISOR))]
