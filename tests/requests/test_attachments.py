"""Photos of a request: sent as they come from a phone, kept sealed, shown to who may see them, gone when taken back."""

from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from services.requests.attachments import service
from services.requests.attachments.timers import delete_withdrawn
from shared.codes import EVERYWHERE
from tests.principals import a_community, bearer
from tests.requests.world import World
from tests.shared.test_photos import encoded, picture, with_location


@pytest.fixture(scope="module")
def photo() -> bytes:
    return encoded(picture(), exif=with_location())


async def attach(world: World, request_id: str, photo: bytes, role: str = "resident", **claims: Any) -> httpx.Response:
    visibility = claims.pop("visibility", "public")
    return await world.http.post(
        f"/v1/service-requests/{request_id}/attachments",
        params={"visibility": visibility},
        content=photo,
        headers=bearer(role, **world.claims(role) | claims) | {"Content-Type": "image/jpeg"},
    )


def files_of(world: World) -> list[Path]:
    folder = Path(urlsplit(world.app.state.settings.files_url).path) / "attachments" / world.code
    return sorted(folder.glob("*")) if folder.exists() else []


async def sweep(world: World) -> None:
    async with world.database.transaction(EVERYWHERE) as session:
        while await delete_withdrawn(session, world.app.state.files):
            pass


async def test_a_photo_is_shown_without_where_it_was_taken(world: World, photo: bytes) -> None:
    request = await world.submit()
    sent = await attach(world, request["id"], photo)
    assert sent.status_code == 201, sent.text
    assert (sent.json()["width"], sent.json()["media_type"], sent.json()["mine"]) == (400, "image/jpeg", True)
    url = f"{request['id']}/attachments/{sent.json()['id']}"
    shown = await world.call("staff", "GET", url)
    assert shown.headers["content-type"] == "image/jpeg" and shown.headers["cache-control"] == "no-store"
    assert not Image.open(BytesIO(shown.content)).getexif()
    small = await world.call("staff", "GET", f"{url}?size=thumbnail")
    assert max(Image.open(BytesIO(small.content)).size) == 320


async def test_what_lies_in_the_folder_is_sealed(world: World, photo: bytes) -> None:
    request = await world.submit()
    await attach(world, request["id"], photo)
    stored = files_of(world)
    assert len(stored) == 2
    for file in stored:
        assert b"JFIF" not in file.read_bytes()
        assert request["id"] not in file.name


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7 not a photo", b"\xff\xd8\xff\xe0 torn"], ids=["empty", "pdf", "torn"])
async def test_what_is_no_photo_is_refused(world: World, body: bytes) -> None:
    request = await world.submit()
    refused = await attach(world, request["id"], body)
    assert refused.status_code == 422 and refused.json()["code"] == "photo-unreadable"
    assert files_of(world) == [] and await world.steps("staff", request["id"]) == ["submitted"]


@pytest.mark.parametrize(
    ("role", "claims", "public", "internal"),
    [
        ("resident", {}, 200, 404),
        ("resident", {"person": uuid4()}, 200, 404),
        ("resident", {"person": uuid4(), "household": uuid4()}, 404, 404),
        ("grid_worker", {}, 200, 200),
        ("grid_worker", {"grids": ["150207007005999"], "responder": uuid4()}, 404, 404),
        ("responder", {}, 404, 404),
        ("staff", {}, 200, 200),
        ("head", {}, 200, 200),
        ("staff", {"area": a_community()}, 404, 404),
        ("supervisor", {}, 403, 403),
        ("merchant", {}, 403, 403),
        ("partner", {}, 404, 404),
        (None, {}, 401, 401),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_who_may_see_a_photo(
    world: World, photo: bytes, role: str | None, claims: dict[str, Any], public: int, internal: int
) -> None:
    request = await world.submit(
        "grid_worker", requester_person_id=str(world.person), household_id=str(world.household)
    )
    for visibility, status in (("public", public), ("internal", internal)):
        sent = (await attach(world, request["id"], photo, "staff", visibility=visibility)).json()
        seen = await world.call(role, "GET", f"{request['id']}/attachments/{sent['id']}", **claims)
        assert seen.status_code == status, seen.text
    listed = await world.call(role, "GET", f"{request['id']}/attachments", **claims)
    assert listed.status_code == public
    if public == 200:
        assert len(listed.json()["items"]) == (1 if internal == 404 else 2)


@pytest.mark.parametrize(
    ("role", "visibility", "status"),
    [
        ("resident", "public", 201),
        ("resident", "internal", 422),
        ("grid_worker", "internal", 201),
        ("staff", "internal", 201),
        ("supervisor", "public", 403),
        ("merchant", "public", 403),
        ("partner", "public", 404),
    ],
)
async def test_who_may_attach_what(world: World, photo: bytes, role: str, visibility: str, status: int) -> None:
    request = await world.submit("grid_worker", requester_person_id=str(world.person))
    assert (await attach(world, request["id"], photo, role, visibility=visibility)).status_code == status


async def test_the_requester_is_told_of_the_offices_photos_and_not_of_their_own(world: World, photo: bytes) -> None:
    request = await world.submit()
    await attach(world, request["id"], photo)
    await attach(world, request["id"], photo, "staff", visibility="internal")
    assert await world.event_names(request["id"]) == ["request_submitted"]
    await attach(world, request["id"], photo, "staff")
    assert await world.event_names(request["id"]) == ["request_submitted", "request_progressed"]
    assert await world.steps("resident", request["id"]) == ["submitted", "attached", "attached"]
    assert await world.steps("staff", request["id"]) == ["submitted", "attached", "attached", "attached"]


async def test_a_photo_is_withdrawn_by_who_sent_it_and_then_gone(world: World, photo: bytes) -> None:
    request = await world.submit()
    sent = (await attach(world, request["id"], photo)).json()
    path = f"{request['id']}/attachments/{sent['id']}"
    assert (await world.call("staff", "POST", f"{path}/withdraw")).status_code == 403
    assert (await world.call("resident", "POST", f"{path}/withdraw")).status_code == 204
    assert (await world.call("staff", "GET", path)).status_code == 404
    assert (await world.get("staff", f"{request['id']}/attachments"))["items"] == []
    await sweep(world)
    assert files_of(world) == []
    assert await world.sql("SELECT id FROM attachment WHERE community_code = :code", code=world.code) == []


async def test_erasing_the_requester_takes_their_photos_along(world: World, photo: bytes) -> None:
    request = await world.submit()
    for role in ("resident", "staff"):
        await attach(world, request["id"], photo, role)
    erased = {"person_id": str(world.person)}
    await world.deliver("residents.person_erased.v1", erased, subject=f"people/{world.person}")
    await sweep(world)
    assert files_of(world) == []
    assert (await world.get("staff", f"{request['id']}/attachments"))["items"] == []


async def test_a_request_has_room_for_so_many(world: World, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 2)
    request = await world.submit()
    codes = [(await attach(world, request["id"], photo)).status_code for _ in range(3)]
    assert codes == [201, 201, 409]
