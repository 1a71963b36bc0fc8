from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

ImportsWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]
"""Whoever may register everybody of a community."""
