from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

RightsExercise = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""A person about themself, a guardian about their ward, staff and grid workers for whoever asks at the counter."""
