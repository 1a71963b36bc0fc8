"""The pages of finder and family: one document each, everything inside it, complete without scripts."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from phonenumbers import PhoneNumberFormat, format_number, parse
from starlette.responses import Response

from gateway.cards.schemas import PublicCard
from shared.clock import CHINA, china_today

_HERE = Path(__file__).parent
_FOLDERS = (_HERE, _HERE.parent / "tracking_page")
FIELDS = ("place_text", "finder_phone", "note")
ROLES = {
    "police": ("社区民警", "Police officer"),
    "lawyer": ("律师", "Lawyer"),
    "mediator": ("调解员", "Mediator"),
    "judicial_officer": ("司法所", "Judicial officer"),
}
POSITION = ("longitude", "latitude")


@dataclass(slots=True)
class Talk:
    """The messages on a page, and where its forms go."""

    action: str
    """Of the forms, without what each of them adds."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    is_open: bool = False
    token: str = ""
    """What a form sends along; empty where the address itself holds it."""
    text: str = ""
    """What was written and not sent."""
    failed: str = ""
    sent: str = ""
    key: str = field(default_factory=lambda: secrets.token_urlsafe(16))


def render_family(
    *,
    status: int = 200,
    hotline: str,
    family: dict[str, Any] | None = None,
    talk: Talk | None = None,
    here: str = "",
    away: bool = False,
) -> Response:
    """The page of a family contact; without `family` it says whom to call instead."""
    context = {"hotline": hotline, "family": family, "talk": talk, "here": here, "away": away}
    return respond("family.html", status, context)


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
    talk: Talk | None = None,
) -> Response:
    """The page in one of its states: card, report received (`report`), no card; `failed` says why nothing was sent."""
    empty = dict.fromkeys((*FIELDS, *POSITION), "")
    context: dict[str, Any] = {
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
        "talk": talk,
    }
    return respond("page.html", status, context)


def respond(template: str, status: int, context: dict[str, Any], *, language: str = "zh-CN, en") -> Response:
    """One document with everything in it, that loads and sends nothing elsewhere."""
    nonce = secrets.token_urlsafe(16)
    context |= {"nonce": nonce, "css": _inline("page.css"), "js": _inline("page.js")}
    headers = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src 'self' data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Permissions-Policy": "geolocation=(self)",
        "Content-Language": language,
        "X-Robots-Tag": "noindex",
        "Cache-Control": "no-store",
    }
    return Response(_templates().get_template(template).render(context), status, headers, media_type="text/html")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDERS), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"phone": _spaced, "clock": _clock}
    return environment


@cache
def _inline(name: str) -> Markup:
    """A file of our own, put into the page as it is."""
    return Markup((_HERE / name).read_text().strip())  # noqa: S704 - our own file, no input


def _clock(at: str) -> str:
    """Hours and minutes in China, of an RFC 3339 time; with its day when that is not today."""
    when = datetime.fromisoformat(at).astimezone(CHINA)
    return f"{when:%H:%M}" if when.date() == china_today() else f"{when:%m-%d %H:%M}"


def _spaced(phone: str) -> str:
    """`199 0000 0001`, `0472 515 0000`: easier to read out."""
    if not phone.startswith("+86"):
        return phone
    mobile = re.fullmatch(r"\+86(1\d{2})(\d{4})(\d{4})", phone)
    return " ".join(mobile.groups()) if mobile else format_number(parse(phone), PhoneNumberFormat.NATIONAL)
