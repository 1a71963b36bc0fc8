"""The alliance's forty shops with their items and offers, one transaction each."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from stack.demo.access import LOADER, Opened
from stack.demo.places import COMMUNITY_CODE, demo_grids
from stack.demo.shops import DemoOffer, DemoShop, demo_shops

_HOURS = [{"weekday": day, "opens": "08:00", "closes": "20:00"} for day in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")]


async def load_merchants(merchants: Opened) -> dict[str, UUID]:
    """Load what is missing. Returns the merchant of each shop's user name (`shop01` …)."""
    from services.merchants.alliance.models import Merchant  # noqa: PLC0415

    async with merchants.transaction() as session:
        rows = select(Merchant.uscc, Merchant.id).where(Merchant.community_code == COMMUNITY_CODE)  # type: ignore[arg-type]
        present = {code: merchant_id for code, merchant_id in await session.execute(rows)}  # noqa: C416 - a Result has keys()
    loaded = {}
    for number, shop in enumerate(demo_shops(), start=1):
        merchant_id = present.get(shop.uscc) or await _open_shop(merchants, shop)
        loaded[f"shop{number:02d}"] = merchant_id
    return loaded


async def _open_shop(merchants: Opened, shop: DemoShop) -> UUID:
    """The shop applies, is approved, puts its items on sale and publishes its offers."""
    from services.merchants.alliance import service as alliance  # noqa: PLC0415
    from services.merchants.alliance.schemas import MerchantCreate  # noqa: PLC0415
    from services.merchants.items.schemas import ItemCreate  # noqa: PLC0415
    from services.merchants.items.service import add_item  # noqa: PLC0415
    from services.merchants.offers.schemas import OfferCreate  # noqa: PLC0415
    from services.merchants.offers.service import draft_offer, publish_offer  # noqa: PLC0415
    from shared.vault import Vault  # noqa: PLC0415

    async with merchants.transaction() as session:
        application = MerchantCreate.model_validate(_application(shop))
        merchant = await alliance.apply_for_membership(session, Vault(session, merchants.keyring), LOADER, application)
        await alliance.approve(session, LOADER, merchant.id)
        items = {}
        for name, price_fen in shop.items:
            item = ItemCreate(name=name, unit="份", price_fen=price_fen, category=shop.trade)
            items[name] = (await add_item(session, LOADER, merchant.id, item)).id
        for offer in shop.offers:
            draft = OfferCreate.model_validate(_offer(merchant.id, offer, items))
            await publish_offer(session, LOADER, (await draft_offer(session, LOADER, draft)).id)
        return merchant.id


def _application(shop: DemoShop) -> dict[str, Any]:
    compound = next(grid.compound for grid in demo_grids() if grid.code == shop.grid_code)
    return {
        "name": shop.name,
        "trade": shop.trade,
        "uscc": shop.uscc,
        "address": f"{compound}沿街商铺",
        "public_phone": shop.contact_phone,
        "position": {"longitude": shop.longitude, "latitude": shop.latitude, "crs": "wgs84"},
        "grid_code": shop.grid_code,
        "hours": _HOURS,
        "themes": ["love"],
        "contact_name": shop.contact_name,
        "contact_phone": shop.contact_phone,
        "charter_version": "2026",
    }


def _offer(merchant_id: UUID, offer: DemoOffer, items: dict[str, UUID]) -> dict[str, Any]:
    amount = {"percent_off": "percent", "amount_off": "amount_fen", "fixed_price": "price_fen"}.get(offer.effect)
    return {
        "merchant_id": merchant_id,
        "title": offer.title,
        "title_en": offer.title_en,
        "theme": "love",
        "effect": {"kind": offer.effect} | ({amount: offer.amount} if amount else {}),
        "scope": {"item_ids": [items[offer.item]] if offer.item else []},
        "eligibility": {"conditions": list(offer.conditions)},
        "valid_from": "2026-01-01",
        "recurrence": f"FREQ=WEEKLY;BYDAY={offer.weekday}" if offer.weekday else None,
        "limits": {"total": offer.total_limit},
    }
