"""Callers for tests: access tokens as the gateway would sign them, and the key set that proves them.

    headers = bearer(role="staff", area=community)
    headers = bearer(role="grid_worker", area=community, grids=[grid], responder=responder_id)

Claims other than `role` and `area` are those of `shared.auth.principal_of`: grids, person, household, responder,
merchant, client_id, scope.
"""

import atexit
import json
import shutil
import tempfile
import time
from collections.abc import Iterable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.auth import AUDIENCE, Role

ISSUER = "http://127.0.0.1:8365"
ALGORITHM = "Ed25519"
SECONDS = 600

_communities = count(1)


def a_community() -> str:
    """The code of a community that no other test of this worker uses."""
    return f"15020700{next(_communities):04d}"


@cache
def signing_key() -> OKPKey:
    """The key that this process believes to be the gateway's."""
    return new_key("test")


def new_key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": ALGORITHM}, private=True)


def key_set(*keys: OKPKey) -> dict[str, Any]:
    """The JWKS document that publishes the public halves of `keys`."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


@cache
def jwks_url() -> str:
    """`file://…` of the published key set, for a service's `jwks_url`."""
    folder = Path(tempfile.mkdtemp(prefix="kaiyuan-jwks-"))
    atexit.register(shutil.rmtree, folder)
    path = folder / "jwks.json"
    path.write_text(json.dumps(key_set(signing_key())))
    return path.as_uri()


def claims_of(role: Role | str, area: str, **claims: Any) -> dict[str, Any]:
    """What a valid token of this caller states, ready to be spoiled. A claim that is None is left out."""
    now = int(time.time())
    stated = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"{role}-{uuid4()}",
        "iat": now,
        "exp": now + SECONDS,
        "jti": str(uuid4()),
        "role": str(role),
        "area": area,
    }
    stated |= {name: _plain(value) for name, value in claims.items()}
    return {name: value for name, value in stated.items() if value is not None}


def sign(claims: dict[str, Any], *, key: OKPKey | None = None, **header: Any) -> str:
    """A token over these claims as they are."""
    used = key or signing_key()
    protected = {"alg": ALGORITHM, "typ": "at+jwt", "kid": used.kid} | header
    return jwt.encode(protected, claims, used, algorithms=[ALGORITHM])


def token(role: Role | str = Role.STAFF, area: str = "150207007005", **claims: Any) -> str:
    """A valid access token."""
    return sign(claims_of(role, area, **claims))


def bearer(role: Role | str = Role.STAFF, area: str = "150207007005", **claims: Any) -> dict[str, str]:
    """The same as a request header."""
    return {"Authorization": f"Bearer {token(role, area, **claims)}"}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Iterable) and not isinstance(value, str | dict):
        return [_plain(each) for each in value]
    return value
