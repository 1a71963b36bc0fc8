from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

SyncWorker = Annotated[Principal, Depends(allow(Role.GRID_WORKER))]
"""Grid workers only, and only their own grids: who sits at a desk is online, and a phone may be lost."""
