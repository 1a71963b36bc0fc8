from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from gateway.accounts import repository
from gateway.limits import Limited
from gateway.proxy import forward
from gateway.tables import GLOBAL
from shared.auth import Principal, Role, allow
from shared.routing import Router

router = Router(tags=["people"])

AnyPerson = Annotated[Principal, Depends(allow(*(role for role in Role if role is not Role.GATEWAY)))]
"""The registry decides who may erase whom; the gateway only wants to know that somebody asks."""


@router.post("/v1/people/{person_id}/erase", include_in_schema=False)
async def erase_person(request: Request, person_id: UUID, _caller: AnyPerson, _limited: Limited) -> Response:
    """Erase a person in the registry, then the accounts they signed in with.

    The registry goes first: if the gateway stops in between, the repeated request finds the erasure done and ends
    the accounts then.
    """
    response = await forward(request)
    if response.status_code < 300:
        async with request.app.state.database.transaction(GLOBAL) as session:
            await repository.delete_accounts_of_person(session, person_id)
    return response
