from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

RightsExercise = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""A person about themself, a guardian about their ward, staff and grid workers for whoever asks at the counter."""
RightsAsk = Annotated[Principal, Depends(allow(Role.RESIDENT))]
"""In the app, about oneself or one's ward; at the counter staff correct or erase directly."""
RightsFollow = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.STAFF, Role.HEAD))]
RightsDecide = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]
