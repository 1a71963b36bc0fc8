"""The one description of the API (OpenAPI 3.1): the gateway's own routes and those it passes on.

The services are processes of their own, so their documents are fetched and kept. One that is away is served from
memory; one never seen is named in `x-unavailable`, and the rest is complete.
"""

import asyncio
import copy
import json
import time
from typing import Any

import httpx
import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from gateway.routes import ROUTES, is_public, prefix_of
from shared.auth import PUBLIC
from shared.http_client import Upstream, UpstreamUnavailable
from shared.routing import Router

log = structlog.get_logger(__name__)

Document = dict[str, Any]

REFRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
"""While a service has never answered."""
FETCH_SECONDS = 10.0
"""A service composes its document when first asked, which takes a busy machine a while."""
_METHODS = ("get", "post", "patch", "delete", "put", "head", "options")
_REPLACED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own account of a 422, which echoes input; ours is a problem document."""
_EVENTS = "text/event-stream"
"""OpenAPI 3.1 has no words for the single events (`itemSchema` is of 3.2); the operation's description has."""

PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; title and detail follow Accept-Language; input is never echoed.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:kaiyuan:problem:not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "For 422: the places that do not fit.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "detail")},
            },
        },
    },
}
_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "at+jwt",
        "description": "From `POST /v1/auth/otp/verify`, `POST /v1/auth/login` or `POST /oauth/token`.",
    },
    "client_credentials": {
        "type": "oauth2",
        "description": "For partners' systems.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body again gives the first answer again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version that is changed.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$', "examples": ['"1"']},
}

router = Router(tags=["documentation"])


@router.get("/openapi.json", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_openapi(request: Request) -> Response:
    """The whole API."""
    body = await request.app.state.documents.merged()
    return Response(body, media_type="application/json", headers={"Cache-Control": "public, max-age=60"})


class Documents:
    """The services' documents, fetched when asked for and at most once a minute."""

    def __init__(self, app: FastAPI, upstreams: dict[str, Upstream]) -> None:
        self._app = app
        self._upstreams = upstreams
        self._known: dict[str, Document] = {}
        self._fetched_at = float("-inf")
        self._body = b""
        self._lock = asyncio.Lock()

    async def merged(self) -> bytes:
        async with self._lock:
            complete = len(self._known) == len(self._upstreams)
            if time.monotonic() - self._fetched_at > (REFRESH_SECONDS if complete else RETRY_SECONDS):
                await asyncio.gather(*(self._fetch(upstream) for upstream in self._upstreams.values()))
                self._fetched_at = time.monotonic()
                merged = merge(own_document(self._app), self._known, self._app.state.settings.public_url)
                self._body = json.dumps(merged, ensure_ascii=False).encode()
            return self._body

    async def _fetch(self, upstream: Upstream) -> None:
        try:
            answer = await upstream.get("/openapi.json", deadline=FETCH_SECONDS)
            self._known[upstream.name] = answer.raise_for_status().json()
        except (UpstreamUnavailable, httpx.HTTPStatusError, ValueError):
            log.warning("openapi_not_fetched", upstream=upstream.name)


def own_document(app: FastAPI) -> Document:
    """What the gateway answers itself."""
    return get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)


def merge(own: Document, services: dict[str, Document], public_url: str) -> Document:
    """One document of all; the gateway's own routes stand in for a service's of the same path and method."""
    merged = copy.deepcopy(own)
    merged["openapi"] = "3.1.0"
    merged["servers"] = [{"url": public_url.rstrip("/") or "/"}]
    schemas: Document = merged.setdefault("components", {}).setdefault("schemas", {})
    tags = dict.fromkeys((tag for tag in _tags(merged)), "gateway")
    for name in sorted(services):
        document = _without_clashes(services[name], schemas, name)
        schemas.update(document.get("components", {}).get("schemas", {}))
        for path, item in document["paths"].items():
            prefix = prefix_of(path)
            if prefix is not None and ROUTES[prefix] == name:
                merged["paths"][path] = item | merged["paths"].get(path, {})
        tags |= dict.fromkeys((tag for tag in _tags(document)), name)
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    _describe_operations(merged)
    merged["components"]["securitySchemes"] = _SECURITY_SCHEMES
    merged["components"]["responses"] = {"Problem": _problem_response("Why it was refused.")}
    merged["security"] = [{"bearer": []}, {"client_credentials": []}]
    merged["tags"] = [{"name": tag, "description": f"Answered by {tags[tag]}."} for tag in sorted(tags)]
    merged["x-unavailable"] = sorted(set(ROUTES.values()) - set(services))
    return merged


def _tags(document: Document) -> list[str]:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    return sorted({tag for operation in operations for tag in operation.get("tags", ())})


def _without_clashes(document: Document, taken: Document, service: str) -> Document:
    """The document with every schema renamed whose name another, different schema already has."""
    schemas = document.get("components", {}).get("schemas", {})
    clashing = [name for name in schemas if name in taken and taken[name] != schemas[name] and name not in _REPLACED]
    if not clashing:
        return document
    names = {name: f"{service.capitalize()}{name}" for name in clashing}
    root = "#/components/schemas/"
    renamed = _renamed(document, {root + old: root + new for old, new in names.items()})
    renamed["components"]["schemas"] = {
        names.get(name, name): schema for name, schema in renamed["components"]["schemas"].items()
    }
    return renamed


def _renamed(node: Any, references: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _renamed(value, references) for key, value in node.items()}
    if isinstance(node, list):
        return [_renamed(value, references) for value in node]
    return references.get(node, node) if isinstance(node, str) else node


def _describe_operations(document: Document) -> None:
    """Say for every operation what all of them share: who may call, how it is refused, how it is repeated."""
    for path, item in document["paths"].items():
        for method in [method for method in _METHODS if method in item]:
            item[method] = operation = copy.deepcopy(item[method])
            public = is_public(path) or not path.startswith("/v1/") or path.startswith("/v1/auth/")
            if public:
                operation["security"] = []
            parameters = operation.setdefault("parameters", [])
            if method == "post" and not path.startswith(("/oauth/", "/v1/auth/")):
                parameters.append(_IDEMPOTENCY_KEY)
            if method == "patch":
                parameters.append(_IF_MATCH)
            statuses = ["422", "429", "503", "default"] if public else ["401", "403", "422", "429", "503", "default"]
            for status in statuses:
                operation["responses"][status] = {"$ref": "#/components/responses/Problem"}
            if _EVENTS in (content := operation["responses"].get("200", {}).get("content", {})):
                content[_EVENTS] = {"schema": {"type": "string"}}


def _problem_response(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
