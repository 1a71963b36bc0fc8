"""Open311 GeoReport v2 with FixMyStreet's updates, `/open311/v2/`: formats and keys here, the rest in requests.

https://wiki.open311.org/GeoReport_v2
"""

import json
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from gateway.open311 import description
from gateway.open311.calls import ask_photo, ask_requests, count_call, find_caller, get_caller
from gateway.open311.discovery import base, discovery
from gateway.open311.errors import Open311Route
from gateway.open311.formats import Format, answer
from gateway.open311.parameters import Parameters, read_parameters
from shared.auth import PUBLIC
from shared.errors import NotFound

router = APIRouter(
    prefix="/open311/v2",
    tags=["open311"],
    route_class=Open311Route,
    dependencies=[Depends(PUBLIC), Depends(count_call)],
)

Written = Annotated[Format, Path(alias="response_format", description="`xml` or `json`.")]
Sent = Annotated[Parameters, Depends(read_parameters)]
_PAGED = ("jurisdiction_id", "start_date", "end_date", "page", "page_size")


@router.get("/discovery.{response_format}", **description.of("discovery"))
async def show_discovery(request: Request, written_as: Written) -> Response:
    """What is offered here, and how."""
    return answer(request, written_as, "discovery", discovery(request.app.state.settings))


@router.get("/services.{response_format}", **description.of("services", "jurisdiction_id"))
async def list_services(request: Request, written_as: Written, sent: Sent) -> Response:
    """What may be asked for."""
    found = await ask_requests(request, None, "GET", "/services", params=sent.firsts("jurisdiction_id"))
    return answer(request, written_as, "services", found)


@router.get("/services/{service_code}.{response_format}", **description.of("service", "jurisdiction_id"))
async def get_service_definition(request: Request, written_as: Written, sent: Sent, service_code: str) -> Response:
    """What is asked besides the description."""
    path = f"/services/{quote(service_code, safe='')}"
    found = await ask_requests(request, None, "GET", path, params=sent.firsts("jurisdiction_id"))
    return answer(request, written_as, "service_definition", found)


@router.get("/requests.{response_format}", **description.of("requests", *description.REQUEST_FILTERS))
async def list_requests(request: Request, written_as: Written, sent: Sent) -> Response:
    """Requests about matters of public space, the newest first; with a key besides what its client sent."""
    wanted: dict[str, Any] = sent.firsts(*_PAGED, "updated_after", "updated_before", "bbox")
    wanted |= {name: sent.listed(name) for name in ("service_request_id", "service_code", "status")}
    return await _requests(request, written_as, sent, "/requests", wanted)


@router.get("/requests/{service_request_id}.{response_format}", **description.of("requests", "jurisdiction_id"))
async def get_requests(request: Request, written_as: Written, sent: Sent, service_request_id: str) -> Response:
    """One request, or several with commas between their ids."""
    ids = [each.strip() for each in service_request_id.split(",")]
    wanted = sent.firsts("jurisdiction_id") | {"service_request_id": ids}
    return await _requests(request, written_as, sent, "/requests/named", wanted)


async def _requests(
    request: Request, written_as: Format, sent: Parameters, path: str, wanted: dict[str, Any]
) -> Response:
    client = await find_caller(request, sent)
    found = await ask_requests(request, client, "GET", path, params=wanted)
    here = base(request.app.state.settings)
    for each in found:
        if "media_url" in each:
            each["media_url"] = f"{here}/{each['media_url']}"
    return answer(request, written_as, "service_requests", found)


@router.get("/media/{jurisdiction_id}/{photo_id}.jpg", response_class=Response, responses=description.PHOTO)
async def show_photo(request: Request, jurisdiction_id: str, photo_id: str) -> Response:
    """A photo that the community has released."""
    path = f"/media/{quote(jurisdiction_id, safe='')}/{quote(photo_id, safe='')}"
    picture = await ask_photo(request, path)
    return Response(picture, headers={"Cache-Control": "public, max-age=300"}, media_type="image/jpeg")


@router.post("/requests.{response_format}", **description.of("created", *description.SUBMISSION))
async def submit_request(request: Request, written_as: Written, sent: Sent) -> Response:
    """Submit a request: parameters in a form or in the query, photos as files of a multipart form."""
    client = await get_caller(request, sent)
    names = ("jurisdiction_id", "service_code", "lat", "long", "crs", "address_string", "address_id")
    said = sent.firsts(*names, "description", "first_name", "last_name", "phone")
    data = json.dumps(said | {"attributes": sent.attributes(), "media_url": sent.texts.get("media_url", [])})
    photos = [("photos", ("photo", each)) for each in sent.photos]
    made = await ask_requests(
        request, client, "POST", "/requests", data={"data": data}, files=photos or None, deadline=20.0
    )
    return answer(request, written_as, "service_requests", made)


@router.get("/tokens/{token_id}.{response_format}", **description.of("created", "jurisdiction_id", "api_key"))
async def get_token(request: Request, written_as: Written, sent: Sent, token_id: str) -> Response:
    """The number of a request by its token, which is the same: requests are numbered as they come in."""
    found = await _token(request, sent, "tokens", token_id)
    return answer(request, written_as, "service_requests", found)


@router.get("/update_tokens/{token_id}.{response_format}", **description.of("update", "jurisdiction_id", "api_key"))
async def get_update_token(request: Request, written_as: Written, sent: Sent, token_id: str) -> Response:
    """The number of an update by its token, which is the same."""
    found = await _token(request, sent, "update-tokens", token_id)
    return answer(request, written_as, "service_request_updates", found)


async def _token(request: Request, sent: Parameters, kind: str, token: str) -> Any:
    client = await find_caller(request, sent)
    path = f"/{kind}/{quote(token, safe='')}"
    return await ask_requests(request, client, "GET", path, params=sent.firsts("jurisdiction_id"))


@router.get("/servicerequestupdates.{response_format}", **description.of("updates", *description.UPDATE_FILTERS))
async def list_updates(request: Request, written_as: Written, sent: Sent) -> Response:
    """What happened to requests, by when it was written down."""
    client = await find_caller(request, sent)
    wanted: dict[str, Any] = sent.firsts(*_PAGED)
    wanted |= {"service_request_id": sent.listed("service_request_id")}
    found = await ask_requests(request, client, "GET", "/updates", params=wanted)
    return answer(request, written_as, "service_request_updates", found)


@router.post("/servicerequestupdates.{response_format}", **description.of("update_created", *description.UPDATE))
async def add_update(request: Request, written_as: Written, sent: Sent) -> Response:
    """Tell what the requester says since; the same `update_id` again answers the same."""
    client = await get_caller(request, sent)
    names = ("jurisdiction_id", "service_request_id", "update_id", "updated_datetime", "status", "description")
    said = sent.firsts(*names) | {"media_url": sent.texts.get("media_url", [])}
    made = await ask_requests(request, client, "POST", "/updates", json=said)
    return answer(request, written_as, "service_request_updates", made)


@router.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def answer_nothing(rest: str) -> Response:
    """What is not part of GeoReport v2 is refused in its form too."""
    raise NotFound
