"""Who is calling, proved again in every service: no service trusts the network."""

import asyncio
import base64
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from starlette.requests import Request

from shared.codes import contains
from shared.errors import Forbidden, NotFound, Unauthorized

AUDIENCE = "kaiyuan"
ALGORITHMS = ("Ed25519", "ES256", "RS256")
"""The gateway signs with the first (RFC 9864); the others are what external OpenID providers commonly use."""


class Role(StrEnum):
    RESIDENT = "resident"
    GRID_WORKER = "grid_worker"
    RESPONDER = "responder"
    STAFF = "staff"
    HEAD = "head"
    SUPERVISOR = "supervisor"
    MERCHANT = "merchant"
    PARTNER = "partner"
    GATEWAY = "gateway"
    """The gateway itself, when a composed screen or a public page needs what no person asked for."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a role within an area, and what it is bound to.

    `area` is the code prefix that the caller may see, `grids` a grid worker's own grids; the ids are those of the
    records in the owning services that the account stands for.
    """

    subject: str
    role: Role
    area: str
    grids: tuple[str, ...] = ()
    person_id: UUID | None = None
    household_id: UUID | None = None
    responder_id: UUID | None = None
    merchant_id: UUID | None = None
    client_id: str | None = None
    grants: frozenset[str] = frozenset()
    """OAuth scopes of a partner's client, e.g. `requests:write`."""
    expires_at: float = field(default=inf, compare=False)
    """When their token expires, in seconds since 1970: answers that stay open end then."""

    def may_see(self, code: str) -> bool:
        """Whether a community or grid code lies in the caller's area; a grid worker sees their own grids only."""
        if self.role is Role.GRID_WORKER and len(code) == 15:
            return code in self.grids
        return contains(self.area, code)

    @property
    def community_code(self) -> str:
        """The one community this principal belongs to; NotFound for those above a community."""
        if len(self.area) < 12:
            raise NotFound()
        return self.area[:12]


def principal_of(claims: dict[str, Any]) -> Principal:
    """The principal that an access token's claims state (RFC 9068 plus ours)."""

    def identifier(name: str) -> UUID | None:
        return UUID(claims[name]) if claims.get(name) else None

    return Principal(
        subject=claims["sub"],
        role=Role(claims["role"]),
        area=claims["area"],
        grids=tuple(claims.get("grids", ())),
        person_id=identifier("person"),
        household_id=identifier("household"),
        responder_id=identifier("responder"),
        merchant_id=identifier("merchant"),
        client_id=claims.get("client_id"),
        grants=frozenset(claims.get("scope", "").split()),
        expires_at=claims["exp"],
    )


KeySource = Callable[[], Awaitable[KeySetSerialization]]
"""Returns a JWKS document (RFC 7517)."""


class TokenVerifier:
    """Verifies access tokens against the issuer's published keys.

    The key set is fetched when a token names an unknown key, at most every ten seconds, and kept while the gateway is
    away. A verified token is remembered until it expires: the signature costs 100 µs, the memory 1.
    """

    MINIMUM_REFRESH_SECONDS = 10
    REMEMBERED = 4096

    def __init__(self, keys: "str | KeySource", issuer: str) -> None:
        """`keys`: the address of the key set, `file://…` in tests; or, in the issuer itself, what returns it."""
        self._key_source: KeySource = (lambda: _fetch_key_set(keys)) if isinstance(keys, str) else keys
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()
        self._seen: OrderedDict[str, Principal] = OrderedDict()
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
            role={"essential": True},
            area={"essential": True},
        )

    async def verify(self, token: str) -> Principal:
        """The principal of a valid token; Unauthorized otherwise."""
        known = self._seen.get(token)
        if known and known.expires_at > time.time():
            return known
        try:
            header = json.loads(base64.urlsafe_b64decode(token.split(".", 1)[0] + "=="))
            key = await self._key(header["kid"])
            if header.get("typ") != "at+jwt":
                raise Unauthorized
            decoded = jwt.decode(token, key, algorithms=list(ALGORITHMS))
            self._claims.validate(decoded.claims)
            principal = principal_of(decoded.claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unauthorized from error
        self._remember(token, principal)
        return principal

    def _remember(self, token: str, principal: Principal) -> None:
        self._seen[token] = principal
        if len(self._seen) > self.REMEMBERED:
            self._seen.popitem(last=False)

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            async with self._lock:
                if kid not in self._keys and time.monotonic() - self._fetched_at > self.MINIMUM_REFRESH_SECONDS:
                    await self._refresh()
        return self._keys[kid]

    async def _refresh(self) -> None:
        self._fetched_at = time.monotonic()
        try:
            document = await self._key_source()
        except httpx.HTTPError as error:
            self._fetched_at = float("-inf")
            raise Unauthorized from error
        self._keys = {str(key.kid): key for key in KeySet.import_key_set(document).keys}


async def _fetch_key_set(url: str) -> KeySetSerialization:
    if url.startswith("file://"):
        return json.loads(await asyncio.to_thread(Path(url.removeprefix("file://")).read_text))
    async with httpx.AsyncClient(timeout=3) as client:
        return (await client.get(url)).raise_for_status().json()


async def authenticate(request: Request) -> Principal:
    """The caller of this request, verified once per request."""
    known = getattr(request.state, "principal", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized
    principal = await request.app.state.verifier.verify(token)
    request.state.principal = principal
    return principal


class Allow:
    """A dependency that lets the named roles through and hands the principal to the endpoint.

    Declared once per module as an `Annotated` type. A partner needs one of `grants` besides its role.
    """

    def __init__(self, *roles: Role, grants: frozenset[str] | set[str] = frozenset()) -> None:
        self.roles = frozenset(roles)
        self.grants = frozenset(grants)

    async def __call__(self, request: Request) -> Principal:
        principal = await authenticate(request)
        if principal.role not in self.roles:
            raise Forbidden
        if principal.role is Role.PARTNER and not (self.grants & principal.grants):
            raise Forbidden
        return principal


def allow(*roles: Role, grants: frozenset[str] | set[str] = frozenset()) -> Allow:
    """`HouseholdsRead = Annotated[Principal, Depends(allow(Role.STAFF, Role.GRID_WORKER))]`"""
    return Allow(*roles, grants=grants)


class Public:
    """Marks a route that anyone may call; the test that every route is classified looks for it or for `Allow`."""

    async def __call__(self) -> None:
        return None


PUBLIC = Public()
"""`@router.get(…, dependencies=[Depends(PUBLIC)])`"""
