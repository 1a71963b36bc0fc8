"""What is taken out of sight stays sealed, and what everybody may read was released by the office."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.requests.moderation.public_texts import public_text
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.texts import keys_of
from shared.vault import Vault
from tests.requests.test_attachments import attach
from tests.requests.world import World
from tests.shared.test_photos import encoded, picture

NAMED = "三单元的灯坏了, 李阿姨(13800138000)摔了一跤"
SHOWN = "三单元的灯坏了, 有人摔了一跤"
LOOKING = {"purpose": "oversight"}


async def redact(world: World, role: str, request_id: str, target: str, **data: Any) -> httpx.Response:
    claims = data.pop("claims", {})
    body = {"target": target, "reason": "personal_data"} | data
    return await world.call(role, "POST", f"{request_id}/redact", body, **claims)


async def what_everybody_reads(world: World, request_id: str) -> str | None:
    async with world.database.transaction(world.code) as session:
        request = await session.get_one(ServiceRequest, (world.code, request_id))
        return public_text(request, await keys_of(Vault(session, world.app.state.keyring), [request]))


async def write_update(world: World, role: str, request_id: str, text: str, kind: str = "comment") -> str:
    await world.post(role, f"{request_id}/updates", {"kind": kind, "text": text})
    return (await world.get("staff", f"{request_id}/updates"))["items"][-1]["id"]


async def test_the_original_is_read_by_the_head_alone_and_on_record(world: World) -> None:
    request = await world.submit(description=NAMED)
    shown = await redact(world, "staff", request["id"], "description", text=SHOWN)
    assert shown.status_code == 200 and shown.json()["description"] == SHOWN
    for role in ("resident", "head"):
        assert (await world.get(role, request["id"]))["description"] == SHOWN
    (redaction,) = (await world.get("staff", f"{request['id']}/redactions"))["items"]
    assert (redaction["target"], redaction["by"], redaction["reason"]) == ("description", "staff", "personal_data")
    path = f"{request['id']}/redactions/{redaction['id']}/reveal"
    for role, status in (("staff", 403), ("grid_worker", 403), ("resident", 403), ("supervisor", 403)):
        assert (await world.call(role, "POST", path, LOOKING)).status_code == status
    assert (await world.call("head", "POST", path, {})).status_code == 422
    assert (await world.post("head", path, LOOKING))["text"] == NAMED
    records = "SELECT fields FROM audit_entry WHERE community_code = :code AND action = :action"
    (entry,) = await world.sql(records, code=world.code, action="service_requests.reveal_original")
    assert entry.fields == ["description"]


async def test_a_redaction_is_told_without_what_it_hides(world: World) -> None:
    request = await world.submit(description=NAMED)
    await redact(world, "staff", request["id"], "description", text=SHOWN)
    line = (await world.get("resident", f"{request['id']}/updates"))["items"][-1]
    assert line["step"] == "redacted" and line["text"] is None
    assert line["detail"] == {"target": "description", "reason": "personal_data"}
    (_, told) = await world.published(request["id"])
    assert told.type == "requests.request_progressed.v1" and "13800138000" not in str(told.data)


async def test_a_second_redaction_keeps_the_first_original(world: World) -> None:
    request = await world.submit(description=NAMED)
    await redact(world, "resident", request["id"], "description", text=SHOWN)
    await redact(world, "staff", request["id"], "description")
    assert (await world.get("resident", request["id"]))["description"] is None
    again = await redact(world, "staff", request["id"], "description")
    assert again.status_code == 409 and again.json()["code"] == "nothing-to-redact"
    first, second = (await world.get("head", f"{request['id']}/redactions"))["items"]
    texts = [
        (await world.post("head", f"{request['id']}/redactions/{each['id']}/reveal", LOOKING))["text"]
        for each in (first, second)
    ]
    assert texts == [NAMED, SHOWN]


@pytest.mark.parametrize(
    ("role", "claims", "title", "comment", "note"),
    [
        ("resident", {}, 200, 200, 404),
        ("resident", {"person": uuid4(), "sub": "another"}, 403, 403, 404),
        ("resident", {"person": uuid4(), "household": uuid4(), "sub": "another"}, 404, 404, 404),
        ("staff", {}, 200, 200, 200),
        ("head", {}, 200, 200, 200),
        ("grid_worker", {}, 403, 403, 403),
        ("responder", {}, 403, 403, 403),
        ("supervisor", {}, 403, 403, 403),
        ("merchant", {}, 403, 403, 403),
        ("partner", {}, 404, 404, 404),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_who_may_redact_what(
    world: World, role: str, claims: dict[str, Any], title: int, comment: int, note: int
) -> None:
    request = await world.submit()
    said = await write_update(world, "resident", request["id"], NAMED)
    noted = await write_update(world, "staff", request["id"], NAMED, "note")
    answers = [
        await redact(world, role, request["id"], "title", claims=claims),
        await redact(world, role, request["id"], "update", target_id=said, claims=claims),
        await redact(world, role, request["id"], "update", target_id=noted, claims=claims),
    ]
    assert [each.status_code for each in answers] == [title, comment, note]


async def test_an_update_and_a_rating_are_redacted(world: World) -> None:
    request = await world.submit()
    said = await write_update(world, "resident", request["id"], NAMED)
    assert (await redact(world, "resident", request["id"], "update", target_id=said, text=SHOWN)).status_code == 200
    assert [line["text"] for line in (await world.get("staff", f"{request['id']}/updates"))["items"]][1] == SHOWN
    await world.post("staff", f"{request['id']}/accept")
    await world.post("staff", f"{request['id']}/resolve", {"text": "修好了"})
    rated = await world.post(
        "resident", f"{request['id']}/rating", {"score": 1, "solved": False, "satisfied": False, "text": NAMED}
    )
    assert (await redact(world, "staff", request["id"], "rating", target_id=rated["id"])).status_code == 200
    (rating,) = (await world.get("staff", f"{request['id']}/rating"))["items"]
    assert rating["text"] is None and rating["score"] == 1


async def test_another_requests_update_is_not_there(world: World) -> None:
    request, other = await world.submit(), await world.submit(title="另一件")
    said = await write_update(world, "resident", other["id"], NAMED)
    assert (await redact(world, "staff", request["id"], "update", target_id=said)).status_code == 404
    assert (await redact(world, "staff", request["id"], "update", target_id=str(uuid4()))).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"target": "title", "target_id": str(uuid4()), "reason": "mistake"},
        {"target": "update", "reason": "mistake"},
        {"target": "attachment", "target_id": str(uuid4()), "text": "x", "reason": "mistake"},
        {"target": "title", "reason": "because"},
    ],
    ids=["words-have-no-id", "updates-have-one", "photos-have-no-text", "unknown-reason"],
)
async def test_a_redaction_that_names_nothing_is_refused(world: World, body: dict[str, Any]) -> None:
    request = await world.submit()
    assert (await world.call("staff", "POST", f"{request['id']}/redact", body)).status_code == 422


async def test_a_redacted_photo_is_shown_to_the_head_for_a_purpose_only(world: World) -> None:
    request = await world.submit()
    photo = (await attach(world, request["id"], encoded(picture()))).json()
    path = f"{request['id']}/attachments/{photo['id']}"
    assert (await redact(world, "staff", request["id"], "attachment", target_id=photo["id"])).status_code == 200
    for role in ("resident", "staff", "head"):
        assert (await world.call(role, "GET", path)).status_code == 404
    assert (await world.get("resident", f"{request['id']}/attachments"))["items"] == []
    (kept,) = (await world.get("staff", f"{request['id']}/attachments"))["items"]
    assert kept["redacted"] is True
    (redaction,) = (await world.get("staff", f"{request['id']}/redactions"))["items"]
    picture_path = f"{request['id']}/redactions/{redaction['id']}/picture"
    assert (await world.call("staff", "GET", f"{picture_path}?purpose=oversight")).status_code == 403
    assert (await world.call("head", "GET", picture_path)).status_code == 422
    seen = await world.call("head", "GET", f"{picture_path}?purpose=oversight")
    assert seen.status_code == 200 and seen.content[:2] == b"\xff\xd8"
    assert (
        await world.call("head", "POST", f"{request['id']}/redactions/{redaction['id']}/reveal", LOOKING)
    ).status_code == 404


async def test_erasing_the_requester_erases_the_originals(world: World) -> None:
    request = await world.submit(description=NAMED)
    said = await write_update(world, "resident", request["id"], NAMED)
    await redact(world, "staff", request["id"], "description", text=SHOWN)
    await redact(world, "staff", request["id"], "update", target_id=said, text=SHOWN)
    await world.post("staff", f"{request['id']}/release-text", {})
    erased = {"person_id": str(world.person)}
    await world.deliver("residents.person_erased.v1", erased, subject=f"people/{world.person}")
    for redaction in (await world.get("head", f"{request['id']}/redactions"))["items"]:
        gone = await world.call("head", "POST", f"{request['id']}/redactions/{redaction['id']}/reveal", LOOKING)
        assert (gone.status_code, gone.json()["code"]) == (404, "original-missing")
    left = "SELECT original_sealed FROM redaction WHERE community_code = :code AND original_sealed IS NOT NULL"
    assert await world.sql(left, code=world.code) == []
    assert await what_everybody_reads(world, request["id"]) is None


async def test_nothing_is_public_before_the_office_releases_it(world: World) -> None:
    request = await world.submit(description=NAMED)
    assert await what_everybody_reads(world, request["id"]) is None
    released = await world.post("staff", f"{request['id']}/release-text", {"description": SHOWN})
    assert (released["title"], released["description"]) == ("路灯不亮", SHOWN)
    assert await what_everybody_reads(world, request["id"]) == f"路灯不亮\n{SHOWN}"
    assert (await world.get("resident", request["id"]))["description"] == NAMED
    await world.post("staff", f"{request['id']}/take-text-back")
    assert await what_everybody_reads(world, request["id"]) is None


async def test_a_redaction_takes_back_what_was_released(world: World) -> None:
    request = await world.submit(description=NAMED)
    await world.post("staff", f"{request['id']}/release-text", {})
    assert await what_everybody_reads(world, request["id"]) == f"路灯不亮\n{NAMED}"
    await redact(world, "resident", request["id"], "description", text=SHOWN)
    assert await what_everybody_reads(world, request["id"]) is None
    await world.post("staff", f"{request['id']}/release-text", {})
    assert await what_everybody_reads(world, request["id"]) == f"路灯不亮\n{SHOWN}"


@pytest.mark.parametrize(("role", "status"), [("resident", 403), ("grid_worker", 403), ("head", 200), ("partner", 403)])
async def test_who_may_release(world: World, role: str, status: int) -> None:
    request = await world.submit()
    for verb in ("release-text", "take-text-back"):
        assert (await world.call(role, "POST", f"{request['id']}/{verb}", {})).status_code == status


async def test_what_is_private_is_never_released(world: World) -> None:
    request = await world.submit(category="rights_protection.wages")
    refused = await world.call("staff", "POST", f"{request['id']}/release-text", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "category-not-public")


async def test_only_what_the_office_wrote_in_public_is_released_with_it(world: World) -> None:
    request = await world.submit()
    said = await write_update(world, "resident", request["id"], NAMED)
    noted = await write_update(world, "staff", request["id"], NAMED, "note")
    told = await write_update(world, "staff", request["id"], "已派电工", "progress")
    for wrong in (said, noted, str(uuid4())):
        body = {"update_ids": [told, wrong]}
        assert (await world.call("staff", "POST", f"{request['id']}/release-text", body)).status_code == 422
    await world.post("staff", f"{request['id']}/release-text", {"update_ids": [told]})
    released = "SELECT id FROM timeline_entry WHERE community_code = :code AND released_at IS NOT NULL"
    assert [str(row.id) for row in await world.sql(released, code=world.code)] == [told]


async def test_notes_and_internal_lines_reach_neither_residents_nor_partners(world: World) -> None:
    request = await world.submit("partner", requester={"name": "王五"})
    secret = "内部: 该户有纠纷, 谨慎处理"
    await world.post("staff", f"{request['id']}/updates", {"kind": "note", "text": secret})
    await world.post(
        "staff", f"{request['id']}/updates", {"kind": "progress", "visibility": "internal", "text": secret}
    )
    await attach(world, request["id"], encoded(picture()), "staff", visibility="internal")
    for path in ("", "/updates", "/attachments"):
        seen = await world.call("partner", "GET", f"{request['id']}{path}")
        assert seen.status_code == 200 and secret not in seen.text and "note" not in seen.text
    assert await world.steps("partner", request["id"]) == ["submitted"]
    assert await world.event_names(request["id"]) == ["request_submitted"]
    assert all(secret not in str(row.data) for row in await world.published())
