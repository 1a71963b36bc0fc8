"""The alliance's forty shops with their items and offers, enrolled at once."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from stack.demo.access import LOADER, Opened
from stack.demo.places import COMMUNITY_CODE, demo_grids
from stack.demo.shops import DemoOffer, DemoShop, demo_shops

_HOURS = [{"weekday": day, "opens": "08:00", "closes": "20:00"} for day in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")]


async def load_merchants(merchants: Opened) -> dict[str, UUID]:
    """Enrol all of them unless they are there. Returns the merchant of each shop's user name (`shop01` …)."""
    from services.merchants.alliance.models import Merchant  # noqa: PLC0415
    from services.merchants.enrolment import enrol_merchants  # noqa: PLC0415
    from shared.vault import Vault  # noqa: PLC0415

    shops = demo_shops()
    async with merchants.transaction() as session:
        known = await session.scalars(select(Merchant).where(col(Merchant.community_code) == COMMUNITY_CODE))
        present = {merchant.uscc: merchant.id for merchant in known}
        if not present:
            vault = Vault(session, merchants.keyring)
            wanted = [enrolment(shop) for shop in shops]
            enrolled = await enrol_merchants(session, vault, COMMUNITY_CODE, wanted, enrolled_by=LOADER.subject)
            present = {shop.uscc: each.merchant_id for shop, each in zip(shops, enrolled, strict=True)}
    return {f"shop{number:02d}": present[shop.uscc] for number, shop in enumerate(shops, start=1)}


def enrolment(shop: DemoShop):
    """The shop as the alliance enrols it."""
    from services.merchants.alliance.schemas import MerchantCreate  # noqa: PLC0415
    from services.merchants.enrolment import Enrolment  # noqa: PLC0415
    from services.merchants.items.schemas import ItemCreate  # noqa: PLC0415

    items = [ItemCreate(name=name, unit="份", price_fen=price, category=shop.trade) for name, price in shop.items]
    offers = [partial(_offer, offer) for offer in shop.offers]
    return Enrolment(MerchantCreate.model_validate(_application(shop)), items, offers)


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


def _offer(offer: DemoOffer, merchant_id: UUID, items: dict[str, UUID]):
    from services.merchants.offers.schemas import OfferCreate  # noqa: PLC0415

    amount = {"percent_off": "percent", "amount_off": "amount_fen", "fixed_price": "price_fen"}.get(offer.effect)
    terms = {
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
    return OfferCreate.model_validate(terms)
