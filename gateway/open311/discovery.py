from typing import Any

from gateway.settings import Settings

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGED_AT = "2026-11-24T00:00:00+08:00"
"""When the interface last changed."""


def discovery(settings: Settings) -> dict[str, Any]:
    """The document with which clients find everything else.

    https://wiki.open311.org/Service_Discovery
    """
    here = base(settings)
    return {
        "changeset": CHANGED_AT,
        "contact": f"{settings.fallback_hotline}, {settings.public_url}",
        "key_service": "请向所在社区申请 api_key。 Ask the community's staff for an api_key.",
        "endpoints": [_endpoint("production", here), _endpoint("test", settings.open311_test_url or here)],
    }


def base(settings: Settings) -> str:
    """What every address begins with, as clients see it."""
    return f"{settings.public_url.rstrip('/')}/open311/v2"


def _endpoint(kind: str, url: str) -> dict[str, Any]:
    formats = ["text/xml", "application/json"]
    return {"specification": SPECIFICATION, "url": url, "changeset": CHANGED_AT, "type": kind, "formats": formats}
