"""The documentation page: Swagger UI 5 from its wheel, served by the gateway itself, for networks without a CDN."""

import gzip
import importlib.util
from functools import cache
from pathlib import Path

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from shared.auth import PUBLIC
from shared.errors import NotFound
from shared.routing import Router

router = Router(tags=["documentation"])

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets style attributes; scripts come from here only."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kaiyuan API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript><p>The API is described in <a href="/openapi.json">/openapi.json</a>.</p></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>
"""
_SCRIPT = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
_STYLE = """body { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 12px; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-description { flex-basis: 100%; }
  .swagger-ui table { display: block; overflow-x: auto; }
}
"""
_OWN = {"page.js": (_SCRIPT, "text/javascript"), "page.css": (_STYLE, "text/css")}
_FROM_WHEEL = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


@router.get("/docs", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_docs() -> Response:
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _CSP})


@router.get("/docs/{name}", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_asset(request: Request, name: str) -> Response:
    """One of the page's own files; there are no others to ask for."""
    if name not in _OWN and name not in _FROM_WHEEL:
        raise NotFound
    body, media_type = _asset(name)
    headers = {"Cache-Control": "public, max-age=86400", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_compressed(name), media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(body, media_type=media_type, headers=headers)


@cache
def _asset(name: str) -> tuple[bytes, str]:
    if name in _OWN:
        text, media_type = _OWN[name]
        return text.encode(), media_type
    return (_wheel() / name).read_bytes(), _FROM_WHEEL[name]


@cache
def _compressed(name: str) -> bytes:
    """1.5 MB of script become 0.4, compressed once."""
    return gzip.compress(_asset(name)[0])


def _wheel() -> Path:
    """Where the wheel keeps its files, without importing its code."""
    spec = importlib.util.find_spec("swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package swagger-ui-py is not installed")
    return Path(spec.submodule_search_locations[0]) / "static"
