from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

CatalogueRead = Annotated[
    Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD, Role.SUPERVISOR))
]
"""The same for everybody: what the community does with personal data, and why it may."""
