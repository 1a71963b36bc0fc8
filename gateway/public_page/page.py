"""The page behind a card's QR code: one document, everything inside it, complete without scripts."""

import re
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from phonenumbers import PhoneNumberFormat, format_number, parse
from starlette.responses import Response

from gateway.cards.schemas import PublicCard

_HERE = Path(__file__).parent
FIELDS = ("place_text", "finder_phone", "note")
ROLES = {
    "police": ("社区民警", "Police officer"),
    "lawyer": ("律师", "Lawyer"),
    "mediator": ("调解员", "Mediator"),
    "judicial_officer": ("司法所", "Judicial officer"),
}
POSITION = ("longitude", "latitude")


def render(
    *,
    status: int = 200,
    card: PublicCard | None = None,
    hotline: str,
    report: str | None = None,
    failed: str = "",
    away: bool = False,
    action: str = "",
    here: str = "",
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    key: str | None = None,
) -> Response:
    """The page in one of its states: card, report received (`report`), no card; `failed` says why nothing was sent."""
    nonce = secrets.token_urlsafe(16)
    empty = dict.fromkeys((*FIELDS, *POSITION), "")
    context: dict[str, Any] = {
        "nonce": nonce,
        "css": _inline("page.css"),
        "js": _inline("page.js"),
        "card": card,
        "roles": ROLES,
        "hotline": card.hotline if card else hotline,
        "report": report,
        "failed": failed,
        "away": away,
        "action": action,
        "here": here,
        "values": empty | (values or {}),
        "errors": empty | (errors or {}),
        "key": key or secrets.token_urlsafe(16),
    }
    headers = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Permissions-Policy": "geolocation=(self)",
        "Content-Language": "zh-CN, en",
        "X-Robots-Tag": "noindex",
    }
    return Response(_template().render(context), status, headers, media_type="text/html")


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["phone"] = _spaced
    return environment.get_template("page.html")


@cache
def _inline(name: str) -> Markup:
    """A file of our own, put into the page as it is."""
    return Markup((_HERE / name).read_text().strip())  # noqa: S704 - our own file, no input


def _spaced(phone: str) -> str:
    """`199 0000 0001`, `0472 515 0000`: easier to read out."""
    if not phone.startswith("+86"):
        return phone
    mobile = re.fullmatch(r"\+86(1\d{2})(\d{4})(\d{4})", phone)
    return " ".join(mobile.groups()) if mobile else format_number(parse(phone), PhoneNumberFormat.NATIONAL)
