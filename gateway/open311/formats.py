"""Open311 objects as XML and as JSON: one set of plain values, two ways to write them down.

JSON follows the Spark convention: the root is dropped, lists are arrays.
"""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response


class Format(StrEnum):
    XML = "xml"
    JSON = "json"


_MEDIA_TYPES = {Format.XML: "text/xml; charset=utf-8", Format.JSON: "application/json; charset=utf-8"}
_EACH = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""List → what its elements are called in XML."""
_UNSPEAKABLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff"
    "\ufff9-\ufffb\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Illegal in XML 1.0, or refused by our own texts: control characters, lone surrogates, marks that turn text around.
One stored would make a whole list unreadable for every client."""


def speakable(text: str) -> str:
    """The text without what XML cannot carry; line ends as `\\n`."""
    return _UNSPEAKABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def format_of(request: Request) -> Format:
    """As the path says; XML, which the standard demands, where it says nothing that we know."""
    return Format.JSON if request.scope["path"].endswith(".json") else Format.XML


def to_xml(root: str, value: Any) -> bytes:
    return ET.tostring(_element(root, value), encoding="utf-8", xml_declaration=True)


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def answer(
    request: Request,
    written_as: Format,
    root: str,
    value: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`value` as a response. Public data: pages of other sites may read it too."""
    body = to_xml(root, value) if written_as is Format.XML else to_json(value)
    shared = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    limits: dict[str, str] = getattr(request.state, "limits", {})
    more = {"Content-Type": _MEDIA_TYPES[written_as]} | shared | limits | dict(headers or {})
    return Response(body, status, more)


def _element(name: str, value: Any) -> ET.Element:
    element = ET.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, each) for key, each in value.items())
    elif isinstance(value, list):
        element.extend(_element(_EACH[name], each) for each in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = speakable(str(value))
    return element
