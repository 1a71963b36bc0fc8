from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

ReviewsDecide = Annotated[Principal, Depends(allow(Role.HEAD))]
"""The head of the community answers for who read what in an emergency."""
ReviewsCount = Annotated[Principal, Depends(allow(Role.HEAD, Role.SUPERVISOR))]
"""A supervisor sees how many, and how many are late; nobody in particular."""
