from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from services.merchants.alliance import endpoints as alliance
from services.merchants.items import endpoints as items
from services.merchants.offers import endpoints as offers
from services.merchants.quotes import endpoints as quotes
from services.merchants.redemptions import endpoints as redemptions
from tests.apps import AppOf, ClientOf
from tests.merchants.shop import Shop, application, ok
from tests.principals import a_community, bearer


async def test_an_application_is_approved_suspended_reinstated_and_left(shop: Shop, client_of: ClientOf) -> None:
    path = f"/v1/merchants/{shop.id}"
    resident = await client_of("merchants", role="resident", area=shop.community)
    assert ok(await resident.get(path))["state"] == "approved"
    suspended = ok(await shop.staff.post(f"{path}/suspend", json={"reason": "complaints"}))
    assert (suspended["state"], suspended["state_reason"]) == ("suspended", "complaints")
    assert (await resident.get(path)).status_code == 404
    assert (await shop.staff.post(f"{path}/approve")).status_code == 409
    assert ok(await shop.staff.post(f"{path}/reinstate"))["state"] == "approved"
    left = ok(await shop.merchant.post(f"{path}/leave"))
    assert (left["state"], left["contact"]) == ("left", None)
    assert (await shop.staff.post(f"{path}/reveal", json={"purpose": "service_delivery"})).status_code == 404


async def test_the_contact_person_is_sealed_masked_and_revealed_for_a_purpose(shop: Shop, app_of: AppOf) -> None:
    path = f"/v1/merchants/{shop.id}"
    assert ok(await shop.staff.get(path))["contact"] == {"name": "欧阳*", "phone": "199****9401"}
    revealed = ok(await shop.staff.post(f"{path}/reveal", json={"purpose": "service_delivery"}))
    assert revealed == {"name": "欧阳明月", "phone": "+8619900009401"}
    assert (await shop.merchant.post(f"{path}/reveal", json={"purpose": "visit"})).status_code == 403
    assert (await shop.staff.post(f"{path}/reveal", json={})).status_code == 422
    app = await app_of("merchants")
    async with app.state.database.transaction(shop.community) as session:
        stored = (await session.execute(text("SELECT merchant::text FROM merchant"))).scalar_one()
        audited = (await session.execute(text("SELECT action, purpose FROM audit_entry"))).all()
        outbox = (await session.execute(text("SELECT string_agg(data::text, '') FROM outbox"))).scalar_one()
    assert [tuple(entry) for entry in audited] == [("merchants.reveal", "service_delivery")]
    for secret in ("明月", "19900009401", "明月".encode().hex()):
        assert secret not in stored + outbox


async def test_one_membership_per_credit_code(shop: Shop) -> None:
    again = application(uscc=ok(await shop.staff.get(f"/v1/merchants/{shop.id}"))["uscc"])
    assert (await shop.staff.post("/v1/merchants", json=again)).json()["code"] == "merchant-exists"
    ok(await shop.staff.post(f"/v1/merchants/{shop.id}/leave"))
    ok(await shop.staff.post("/v1/merchants", json=again), 201)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"uscc": "92150299000000001A"}, "/uscc"),
        ({"position": {"longitude": 109.9, "latitude": 40.6}}, "/position/crs"),
        ({"hours": [{"weekday": "SA", "opens": "10:00", "closes": "09:00"}]}, "/hours/0"),
        ({"themes": ["money"]}, "/themes/0"),
        ({"contact_phone": "1234"}, "/contact_phone"),
        ({"grid_code": "110101001001001"}, "/grid_code"),
        ({"state": "approved"}, "/"),
    ],
)
async def test_what_does_not_fit_is_refused_without_echo(
    client_of: ClientOf, change: dict[str, Any], pointer: str
) -> None:
    staff = await client_of("merchants", role="staff", area=a_community())
    refused = await staff.post("/v1/merchants", json=application(**change))
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert ok(await staff.get("/v1/merchants"))["items"] == []


async def test_an_unsigned_charter_keeps_a_shop_out(client_of: ClientOf) -> None:
    staff = await client_of("merchants", role="staff", area=a_community())
    path = "/v1/merchants/" + ok(await staff.post("/v1/merchants", json=application(charter_version=None)), 201)["id"]
    assert (await staff.post(f"{path}/approve")).json()["code"] == "charter-not-signed"
    ok(await staff.post(f"{path}/sign-charter", json={"charter_version": "2026-1"}))
    assert ok(await staff.post(f"{path}/approve"))["state"] == "approved"


async def test_a_shop_applies_for_itself_and_changes_its_own_profile_only(shop: Shop, client_of: ClientOf) -> None:
    applicant = await client_of("merchants", role="merchant", area=shop.community)
    mine = ok(await applicant.post("/v1/merchants", json=application(name="云剪理发店", trade="hair")), 201)
    path = f"/v1/merchants/{mine['id']}"
    read = await applicant.get(path)
    assert read.json()["state"] == "applied"
    assert (await applicant.post(f"{path}/approve")).status_code == 403
    assert (await shop.merchant.get(path)).status_code == 404
    changed = await applicant.patch(path, json={"name": "云剪"}, headers={"If-Match": read.headers["etag"]})
    assert ok(changed)["name"] == "云剪"
    stale = await applicant.patch(path, json={"name": "云"}, headers={"If-Match": read.headers["etag"]})
    assert stale.status_code == 412
    assert (await applicant.patch(path, json={"name": "云"})).status_code == 428
    other = f"/v1/merchants/{shop.id}"
    assert (await applicant.patch(other, json={"name": "云"}, headers={"If-Match": '"2"'})).status_code == 404


async def test_the_nearest_come_first_in_pages(client_of: ClientOf) -> None:
    community = a_community()
    staff = await client_of("merchants", role="staff", area=community)
    for step in (3, 1, 2):
        position = {"longitude": 109.97 + step / 100, "latitude": 40.62, "crs": "wgs84"}
        ok(await staff.post("/v1/merchants", json=application(position=position, name=f"店{step}")), 201)
    near = {"longitude": 109.97, "latitude": 40.62, "crs": "wgs84", "limit": 2}
    first = ok(await staff.get("/v1/merchants", params=near))
    assert [(each["name"], each["distance_m"]) for each in first["items"]] == [("店1", 844), ("店2", 1688)]
    last = ok(await staff.get("/v1/merchants", params=near | {"cursor": first["next_cursor"]}))
    assert ([each["name"] for each in last["items"]], last["next_cursor"]) == (["店3"], None)
    assert len(ok(await staff.get("/v1/merchants", params=near | {"within_m": 900}))["items"]) == 1
    assert (await staff.get("/v1/merchants", params={"longitude": 1})).status_code == 422


async def test_another_community_sees_nothing(shop: Shop, client_of: ClientOf) -> None:
    for role in ("staff", "resident", "merchant", "grid_worker"):
        stranger = await client_of("merchants", role=role, area=a_community(), merchant=shop.id)
        assert ok(await stranger.get("/v1/merchants"))["items"] == []
        assert ok(await stranger.get("/v1/offers"))["items"] == []
        assert (await stranger.get(f"/v1/merchants/{shop.id}")).status_code == 404
        assert (await stranger.get(f"/v1/merchants/{shop.id}/items")).status_code == 404


async def test_items_have_prices_of_their_own_version(shop: Shop) -> None:
    path = f"/v1/merchants/{shop.id}/items/{shop.items['苹果']}"
    read = await shop.merchant.get(path)
    changed = await shop.merchant.patch(path, json={"price_fen": 1200}, headers={"If-Match": read.headers["etag"]})
    assert (ok(changed)["price_fen"], changed.json()["version"]) == (1200, 2)
    wrong = await shop.merchant.patch(path, json={"price_fen": None}, headers={"If-Match": '"2"'})
    assert wrong.status_code == 422


ROLES = ("resident", "grid_worker", "responder", "staff", "head", "supervisor", "merchant", "partner", "gateway")
UNKNOWN = "0190a000-0000-7000-8000-000000000000"
WRITERS = {"staff", "head", "merchant"}
MATRIX = {
    ("GET", "/v1/merchants"): set(ROLES) - {"partner"},
    ("POST", "/v1/merchants"): WRITERS,
    ("GET", f"/v1/merchants/{UNKNOWN}"): set(ROLES) - {"partner"},
    ("PATCH", f"/v1/merchants/{UNKNOWN}"): WRITERS,
    ("POST", f"/v1/merchants/{UNKNOWN}/approve"): {"staff", "head"},
    ("POST", f"/v1/merchants/{UNKNOWN}/reject"): {"staff", "head"},
    ("POST", f"/v1/merchants/{UNKNOWN}/suspend"): {"staff", "head"},
    ("POST", f"/v1/merchants/{UNKNOWN}/reinstate"): {"staff", "head"},
    ("POST", f"/v1/merchants/{UNKNOWN}/leave"): WRITERS,
    ("POST", f"/v1/merchants/{UNKNOWN}/sign-charter"): WRITERS,
    ("POST", f"/v1/merchants/{UNKNOWN}/reveal"): {"staff", "head"},
    ("GET", f"/v1/merchants/{UNKNOWN}/items"): set(ROLES) - {"partner"},
    ("POST", f"/v1/merchants/{UNKNOWN}/items"): WRITERS,
    ("GET", f"/v1/merchants/{UNKNOWN}/items/{UNKNOWN}"): set(ROLES) - {"partner"},
    ("PATCH", f"/v1/merchants/{UNKNOWN}/items/{UNKNOWN}"): WRITERS,
    ("GET", "/v1/offers"): set(ROLES) - {"partner"},
    ("POST", "/v1/offers"): WRITERS,
    ("GET", f"/v1/offers/{UNKNOWN}"): set(ROLES) - {"partner"},
    ("PATCH", f"/v1/offers/{UNKNOWN}"): WRITERS,
    ("POST", f"/v1/offers/{UNKNOWN}/publish"): WRITERS,
    ("POST", f"/v1/offers/{UNKNOWN}/withdraw"): WRITERS,
    ("POST", "/v1/quotes"): {"resident", "staff", "head", "merchant"},
    ("POST", "/internal/quotes/conditions"): {"gateway"},
    ("GET", "/v1/redemptions"): {"resident", "staff", "head", "merchant"},
    ("POST", "/v1/redemptions"): {"resident"},
    ("GET", f"/v1/redemptions/{UNKNOWN}"): {"resident", "staff", "head", "merchant"},
    ("POST", "/v1/redemptions/redeem"): {"merchant"},
    ("POST", f"/v1/redemptions/{UNKNOWN}/redeem"): {"merchant"},
    ("POST", f"/v1/redemptions/{UNKNOWN}/reverse"): WRITERS,
    ("POST", f"/v1/redemptions/{UNKNOWN}/cancel"): {"resident"},
}


@pytest.mark.parametrize("role", ROLES)
async def test_who_may_knock_at_which_door(role: str, client_of: ClientOf) -> None:
    anybody = await client_of("merchants")
    headers = bearer(role=role, area=a_community())
    for (method, path), allowed in MATRIX.items():
        answer = await anybody.request(method, path, headers=headers, json={} if method != "GET" else None)
        assert (answer.status_code != 403 or answer.json()["code"] == "no-resident-record") == (role in allowed), path
        assert (await anybody.request(method, path)).status_code == 401


def test_the_matrix_names_every_route() -> None:
    known = {(method, path.replace(UNKNOWN, "{}")) for method, path in MATRIX}
    routes = {
        (method, "/".join("{}" if part.startswith("{") else part for part in route.path.split("/")))
        for module in (alliance, items, offers, quotes, redemptions)
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert routes == known
