"""Turns the finder's form into a report, and the answer into something a finder can act on."""

import hashlib
import json
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, StringConstraints
from starlette.requests import Request

from gateway.public_page.page import FIELDS, POSITION
from shared.http_client import UpstreamUnavailable

TOO_MANY = "报告太频繁, 请直接拨打上面的电话。 Too many reports; please call one of the numbers."
NOT_SENT = "报告没有发出。请再试一次, 或直接拨打电话。 The report was not sent. Try again, or please call."
NOT_IN_USE = "这张卡已停用, 请直接拨打电话。 This card is no longer in use; please call."
CHECK = "请修改标出的内容。 Please correct what is marked."


class ReportForm(BaseModel):
    """As a browser sends it: every field is there, most are empty. Lengths and spelling are judged by residents."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    place_text: str = ""
    finder_phone: str = ""
    note: str = ""
    longitude: str = ""
    latitude: str = ""

    def shown(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in (*FIELDS, *POSITION)}

    def report(self) -> dict[str, Any]:
        """The body for residents. A position that is no pair of numbers is left out: the words still count."""
        body: dict[str, Any] = {
            name: value.strip() for name, value in self.shown().items() if name in FIELDS and value.strip()
        }
        position = position_of(self.longitude, self.latitude)
        return body | ({"position": position} if position else {})


def position_of(longitude: str, latitude: str) -> dict[str, Any] | None:
    """What a browser wrote into two hidden fields; None if that is no pair of numbers."""
    try:
        position = {"longitude": float(longitude), "latitude": float(latitude), "crs": "wgs84"}
    except ValueError:
        return None
    return position if abs(position["longitude"]) <= 180 and abs(position["latitude"]) <= 90 else None


class NotAccepted(Exception):
    """The report was refused: `reason` for the whole, `errors` by field."""

    def __init__(self, reason: str, errors: dict[str, str] | None = None) -> None:
        super().__init__("not accepted")
        self.reason = reason
        self.errors = errors or {}


async def send_report(request: Request, code: str, form: ReportForm) -> dict[str, Any]:
    """Report to residents; returns `report_id` and `follow_token`. Raises NotAccepted, UpstreamUnavailable.

    The key covers what was written, so that a corrected form is a new report and a repeated one is not.
    """
    body = form.report()
    written = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    answer = await request.app.state.upstreams["residents"].post(
        f"/v1/public/contact-cards/{quote(code, safe='')}/found-reports",
        json=body,
        headers={"Idempotency-Key": f"page-{form.key}-{written}"},
    )
    if answer.is_success:
        return answer.json()
    if answer.status_code == 422:
        raise NotAccepted(CHECK, _by_field(answer.json()))
    if answer.status_code in (404, 409, 410):
        raise NotAccepted(NOT_IN_USE)
    raise UpstreamUnavailable("residents")


def _by_field(document: dict[str, Any]) -> dict[str, str]:
    errors = document.get("errors") or []
    return {name: error["detail"] for error in errors for name in FIELDS if error["pointer"].rpartition("/")[2] == name}
