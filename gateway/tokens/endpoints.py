from typing import Any

from fastapi import Depends, Request, Response

from shared.auth import ALGORITHMS, PUBLIC
from shared.routing import Router

router = Router(tags=["sign-in"])


@router.get("/.well-known/jwks.json", dependencies=[Depends(PUBLIC)])
async def get_key_set(request: Request, response: Response) -> dict[str, Any]:
    """The public keys that prove an access token (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return await request.app.state.issuer.key_set()


@router.get("/.well-known/openid-configuration", dependencies=[Depends(PUBLIC)])
async def get_issuer_metadata(request: Request, response: Response) -> dict[str, Any]:
    """Where to find keys and tokens (RFC 8414)."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    issuer = request.app.state.settings.issuer
    base = request.app.state.settings.public_url.rstrip("/")
    return {
        "issuer": issuer,
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "token_endpoint": f"{base}/oauth/token",
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": [ALGORITHMS[0]],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
    }
