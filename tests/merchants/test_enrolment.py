"""A whole alliance at once: the demo community's shops with the article's offers."""

from sqlalchemy import text

from services.merchants.enrolment import enrol_merchants
from shared.vault import Vault
from stack.demo.merchants import enrolment
from stack.demo.places import COMMUNITY_CODE
from stack.demo.shops import demo_shops
from tests.apps import AppOf, ClientOf
from tests.merchants.shop import Shop, coming, ok


async def test_forty_shops_move_in(app_of: AppOf, client_of: ClientOf, attestation_pair: tuple[str, str]) -> None:
    app, community, shops = await app_of("merchants"), COMMUNITY_CODE, demo_shops()
    async with app.state.database.transaction(community) as session:
        vault = Vault(session, app.state.keyring)
        moved_in = await enrol_merchants(session, vault, community, [*map(enrolment, shops)], enrolled_by="demo")
    staff = await client_of("merchants", role="staff", area=community)
    listed = ok(await staff.get("/v1/merchants", params={"limit": 200}))["items"]
    assert ([each["name"] for each in listed], {each["state"] for each in listed}) == (
        [shop.name for shop in shops],
        {"approved"},
    )
    assert ok(await staff.get(f"/v1/merchants/{moved_in[0].merchant_id}"))["contact"]["phone"] == "199****9400"
    fruit = Shop(community, str(moved_in[0].merchant_id), staff, staff, None)  # type: ignore[arg-type]
    fruit.items = {name: str(item_id) for name, item_id in moved_in[0].item_ids.items()}
    saturday = await fruit.quote(fruit.resident(), fruit.basket(苹果=1), at=coming(5).isoformat())
    assert saturday["total_after_fen"] == 1024
    async with app.state.database.transaction(community) as session:
        events = (await session.execute(text("SELECT type, count(*) FROM outbox GROUP BY type ORDER BY type"))).all()
    offers = sum(len(shop.offers) for shop in shops)
    assert [tuple(event) for event in events] == [
        ("merchants.merchant_approved.v1", 40),
        ("merchants.offer_published.v1", offers),
    ]
