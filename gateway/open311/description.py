"""The OpenAPI description of the Open311 routes, whose parameters are read by hand: query and form are one."""

from typing import Any

from starlette.responses import Response

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "jurisdiction_id": (_TEXT, "The community's 12-digit code; needed where several are served."),
    "api_key": (_TEXT, "The client's key."),
    "service_code": (_TEXT, "Several with commas between them, in filters."),
    "service_request_id": (_TEXT, "Several with commas between them; overrides the other filters."),
    "start_date": (_TIME, "Not before; at most 90 days before `end_date`."),
    "end_date": (_TIME, "Not after."),
    "status": (_TEXT, "`open`, `closed`, or a finer one of the updates, in either case; several with commas."),
    "updated_after": (_TIME, "Changed since; the default of 90 days does not apply then."),
    "updated_before": (_TIME, "Changed until."),
    "bbox": (_TEXT, "west,south,east,north (WGS 84)."),
    "page": ({"type": "integer", "minimum": 1}, "Default 1."),
    "page_size": ({"type": "integer", "minimum": 1, "maximum": 1000}, "Default 1000."),
    "lat": ({"type": "number"}, "Of the matter, with `long`."),
    "long": ({"type": "number"}, "Of the matter, with `lat`."),
    "crs": ({"enum": ["wgs84", "gcj02", "bd09"]}, "What `lat` and `long` are in; default `wgs84`."),
    "address_string": (_TEXT, "Where it is, in words."),
    "address_id": (_TEXT, "`compound/building` or `compound/building/unit`."),
    "description": ({"type": "string", "maxLength": 4000}, "What is the matter."),
    "first_name": (_TEXT, "Of whoever asks; sealed."),
    "last_name": (_TEXT, "Of whoever asks; sealed."),
    "phone": (_TEXT, "Of whoever asks, for the call back; sealed."),
    "media_url": (_TEXT, "Where a photo is, http or https; may be repeated. Nothing is fetched: the office reads it."),
    "attribute[code]": (_TEXT, "An answer to a question of the service definition; `attribute[code][]` for several."),
    "update_id": (_TEXT, "The client's own number for the update."),
    "updated_datetime": (_TIME, "When it was said."),
}
REQUEST_FILTERS = (
    *("jurisdiction_id", "service_request_id", "service_code", "start_date", "end_date", "status"),
    *("updated_after", "updated_before", "bbox", "page", "page_size", "api_key"),
)
UPDATE_FILTERS = ("jurisdiction_id", "service_request_id", "start_date", "end_date", "page", "page_size", "api_key")
SUBMISSION = (
    *("api_key", "jurisdiction_id", "service_code", "lat", "long", "crs", "address_string", "address_id"),
    *("description", "first_name", "last_name", "phone", "media_url", "attribute[code]"),
)
UPDATE = (
    *("api_key", "jurisdiction_id", "service_request_id", "update_id", "updated_datetime", "status", "description"),
    "media_url",
)


PHOTO: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "contentMediaType": "image/jpeg"}}}}
}


def of(root: str, *parameters: str) -> dict[str, Any]:
    """What a route says of itself; `root` names what it answers, `parameters` what may be sent in query or form."""
    kind = "object" if root in ("discovery", "service") else "array"
    listed = {"type": "array", "items": {"type": "object"}}
    content = {
        "text/xml": {"schema": {"type": "string"}},
        "application/json": {"schema": listed if kind == "array" else {"type": "object"}},
    }
    described = [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": said}
        for name in parameters
        for schema, said in [_PARAMETERS[name]]
    ]
    return {
        "response_class": Response,
        "responses": {200: {"description": f"GeoReport v2: {root}", "content": content}},
        "openapi_extra": {"parameters": described} if described else None,
    }
