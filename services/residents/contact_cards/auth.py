from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

ContactCardsRead = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER, Role.RESIDENT))]
ContactCardsWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER))]
ContactCardsRevoke = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]
ContactCardsConfirm = Annotated[Principal, Depends(allow(Role.RESIDENT))]
ContactCardScans = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER, Role.SUPERVISOR))]
GatewayOnly = Annotated[Principal, Depends(allow(Role.GATEWAY))]
