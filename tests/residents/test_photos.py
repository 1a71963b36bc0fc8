"""Portraits: sent as they come from a phone, kept without where and by whom, shown to who may see them."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
import time_machine
from PIL import Image
from sqlalchemy import text

from services.residents.photos.timers import delete_removed, delete_unnamed
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.files import FileStore
from tests.principals import a_community, bearer
from tests.residents.registry import Registry
from tests.shared.test_photos import encoded, picture, with_location

LOOKING = {"purpose": "lost_person"}


@pytest.fixture
async def elder(registry: Registry) -> dict[str, Any]:
    grid = registry.grid()
    await registry.publish_grid(grid, ("开元小区", "3号楼", ""))
    home = await registry.household()
    person = await registry.person(home["id"])
    await registry.consent(person["id"], "portrait")
    return person


def files_of(registry: Registry) -> list[Path]:
    folder = Path(urlsplit(registry.app.state.settings.files_url).path) / "photos" / registry.community
    return sorted(folder.glob("*")) if folder.exists() else []


async def send(
    registry: Registry, person: dict[str, Any], data: bytes | None = None, by: dict[str, str] | None = None
) -> httpx.Response:
    body = encoded(picture(), exif=with_location()) if data is None else data
    return await registry.ask(
        "POST", f"/v1/people/{person['id']}/photo", by=by, content=body, headers={"Content-Type": "image/jpeg"}
    )


async def look(registry: Registry, person: dict[str, Any], by: dict[str, str] | None = None) -> httpx.Response:
    return await registry.ask("GET", f"/v1/people/{person['id']}/photo", by=by, params=LOOKING)


async def test_a_portrait_is_shown_without_where_it_was_taken(registry: Registry, elder: dict[str, Any]) -> None:
    sent = await send(registry, elder)
    assert sent.status_code == 201 and sent.json()["width"] == 400
    shown = await look(registry, elder)
    assert shown.headers["content-type"] == "image/jpeg" and shown.headers["cache-control"] == "no-store"
    assert not Image.open(BytesIO(shown.content)).getexif() and b"KY-" not in shown.content
    small = await registry.ask("GET", f"/v1/people/{elder['id']}/photo", params=LOOKING | {"size": "thumbnail"})
    assert max(Image.open(BytesIO(small.content)).size) == 320


async def test_what_lies_in_the_folder_is_sealed(registry: Registry, elder: dict[str, Any]) -> None:
    await send(registry, elder)
    stored = files_of(registry)
    assert len(stored) == 2
    for file in stored:
        data = file.read_bytes()
        assert b"JFIF" not in data and b"\xff\xd8\xff" not in data[:64]
        assert elder["id"] not in file.name


async def test_looking_needs_a_purpose_and_is_written_down(registry: Registry, elder: dict[str, Any]) -> None:
    await send(registry, elder)
    assert (await registry.ask("GET", f"/v1/people/{elder['id']}/photo")).status_code == 422
    await look(registry, elder)
    log = await registry.get(f"/v1/people/{elder['id']}/access-log")
    assert [(entry["purpose"], entry["fields"]) for entry in log["items"] if "photo" in entry["fields"]] == [
        ("lost_person", ["photo"])
    ]


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("staff", {}, 200),
        ("head", {}, 200),
        ("grid_worker", {"grids": "own"}, 200),
        ("grid_worker", {"grids": "other"}, 404),
        ("resident", {"person": "self"}, 200),
        ("resident", {"person": "other"}, 404),
        ("supervisor", {}, 403),
        ("merchant", {}, 403),
        ("responder", {}, 403),
    ],
)
async def test_who_may_see_a_portrait(
    registry: Registry, elder: dict[str, Any], role: str, claims: dict[str, str], status: int
) -> None:
    await send(registry, elder)
    relative = await registry.person(elder["household_id"], name="李四")
    given: dict[str, Any] = {}
    if "grids" in claims:
        given["grids"] = [registry.grid(1 if claims["grids"] == "own" else 2)]
    if "person" in claims:
        one = elder if claims["person"] == "self" else relative
        given = {"person": one["id"], "household": one["household_id"]}
    seen = await look(registry, elder, by=bearer(role, registry.community, **given))
    assert seen.status_code == status, seen.text


async def test_another_community_sees_nothing(registry: Registry, elder: dict[str, Any]) -> None:
    await send(registry, elder)
    assert (await look(registry, elder, by=bearer("head", a_community()))).status_code == 404


async def test_a_new_portrait_takes_the_place_of_the_old_one(registry: Registry, elder: dict[str, Any]) -> None:
    await send(registry, elder)
    first = set(files_of(registry))
    await send(registry, elder, encoded(picture((120, 90))))
    assert Image.open(BytesIO((await look(registry, elder)).content)).size == (120, 90)
    await swept(registry)
    assert len(files_of(registry)) == 2 and not first & set(files_of(registry))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 not a photo", b"\xff\xd8\xff\xe0"], ids=["empty", "pdf", "cut"])
async def test_what_is_no_photo_is_refused_and_changes_nothing(
    registry: Registry, elder: dict[str, Any], data: bytes
) -> None:
    refused = await send(registry, elder, data)
    assert refused.status_code == 422 and refused.json()["code"] == "photo-unreadable"
    assert (await look(registry, elder)).json()["code"] == "photo-missing"
    assert files_of(registry) == []


async def test_more_than_ten_mebibytes_are_refused(registry: Registry, elder: dict[str, Any]) -> None:
    assert (await send(registry, elder, bytes(10 * 1024 * 1024 + 1))).json()["code"] == "body-too-large"


async def test_a_removed_portrait_is_gone_with_its_files(registry: Registry, elder: dict[str, Any]) -> None:
    await send(registry, elder)
    await registry.post(f"/v1/people/{elder['id']}/photo/remove", status=204)
    assert (await look(registry, elder)).status_code == 404
    await swept(registry)
    assert files_of(registry) == []


async def test_an_erased_person_leaves_no_picture(registry: Registry, elder: dict[str, Any]) -> None:
    await send(registry, elder)
    await registry.post(f"/v1/people/{elder['id']}/erase", status=204)
    await swept(registry)
    assert files_of(registry) == []


async def test_a_file_that_no_row_names_is_swept_and_the_others_stay(registry: Registry, elder: dict[str, Any]) -> None:
    await send(registry, elder)
    named = files_of(registry)
    store: FileStore = registry.app.state.files
    await store.put(f"photos/{registry.community}/{UUID(int=7)}.full", b"left by a crash")
    with time_machine.travel(utc_now() + timedelta(days=3), tick=True):
        async with registry.app.state.database.transaction(EVERYWHERE) as session:
            assert await delete_unnamed(session, store) >= 1
    assert files_of(registry) == named


async def swept(registry: Registry) -> None:
    """Until nothing removed is left of this community, whether this sweep or the running timer deletes it."""
    left = text("SELECT count(*) FROM photo WHERE community_code = :community AND removed_at IS NOT NULL")
    while True:
        async with registry.app.state.database.transaction(EVERYWHERE) as session:
            await delete_removed(session, registry.app.state.files)
        async with registry.app.state.database.transaction(registry.community) as session:
            if (await session.execute(left, {"community": registry.community})).scalar_one() == 0:
                return
