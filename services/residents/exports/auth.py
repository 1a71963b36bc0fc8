from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

ExportsWrite = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""A grid worker takes out masked lists of their own grids only."""

IN_THE_CLEAR = frozenset({Role.STAFF, Role.HEAD})
"""Roles that may take personal data out unmasked."""
