"""The transaction of a request, and what works within it, as dependencies."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from shared import idempotency
from shared.auth import authenticate
from shared.crypto import Signer
from shared.db import AsyncSession, Database
from shared.vault import Vault

NO_COMMUNITY = "000000000000"
"""The scope of a public request before it is known which community it concerns: no division has this code."""


async def scoped_session(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction within the caller's area, with their Idempotency-Key claimed; commits before the response."""
    principal = await authenticate(request)
    database: Database = request.app.state.database
    async with database.transaction(principal.area, role=principal.role) as session:
        await idempotency.claim(request, session, scope=principal.area, caller=principal.subject)
        yield session


async def public_session(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction that sees only global look-ups until `shared.db.set_scope` names a community."""
    database: Database = request.app.state.database
    async with database.transaction(NO_COMMUNITY) as session:
        await idempotency.claim(request, session, scope=NO_COMMUNITY, caller="public")
        yield session


Session = Annotated[AsyncSession, Depends(scoped_session, scope="function")]
PublicSession = Annotated[AsyncSession, Depends(public_session, scope="function")]


async def _vault(request: Request, session: Session) -> Vault:
    return Vault(session, request.app.state.keyring)


async def _audit_signer(request: Request) -> Signer:
    return request.app.state.audit_signer


VaultDep = Annotated[Vault, Depends(_vault, scope="function")]
"""The data keys of a request, within its transaction."""
SignerDep = Annotated[Signer, Depends(_audit_signer)]
"""Signs the end of a service's audit chains."""
