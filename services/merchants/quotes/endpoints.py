from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from services.merchants.holders.service import holder_now, holder_of
from services.merchants.offers.evaluation import EffectKind
from services.merchants.offers.reasons import explain
from services.merchants.quotes import service
from services.merchants.quotes.auth import ConditionsAsk, QuotesAsk
from services.merchants.quotes.schemas import Attestations, ConditionsQuery, ConditionsRead, QuoteCreate, QuoteRead
from services.merchants.quotes.service import Priced
from services.merchants.quotes.tokens import QuoteSigner
from shared.auth import Role
from shared.clock import CHINA, utc_now
from shared.routing import Router
from shared.sessions import Session

router = Router(tags=["quotes"])


@router.post("/v1/quotes", response_model=QuoteRead)
async def quote_basket(
    principal: QuotesAsk, session: Session, data: QuoteCreate, request: Request, attestations: Attestations = None
) -> dict[str, Any]:
    """What a basket costs with the shop's offers, and why each offer applies or does not."""
    holder = None
    if principal.role is Role.RESIDENT and principal.person_id is not None:
        holder = holder_of(request.app.state.keyring, principal.person_id)
        holder = await holder_now(session, principal.community_code, holder)
    priced = await service.price_basket(
        session,
        community_code=principal.community_code,
        merchant_id=data.merchant_id,
        basket=data.items,
        at=data.at or utc_now(),
        attested=service.attested_conditions(request.app.state.attestations, principal, attestations),
        holder=holder,
    )
    shown = _shown(priced)
    if attestations is None and holder is not None and priced.lacks_attestations:
        shown["unavailable"] = ["residents"]
    if holder is not None and data.at is None and priced.quote.applied:
        promise = priced.promise(holder)
        signer: QuoteSigner = request.app.state.quotes
        shown |= {"quote": signer.sign(promise), "expires_at": datetime.fromtimestamp(promise.expires_at, UTC)}
    return shown


@router.post("/internal/quotes/conditions", response_model=ConditionsRead, include_in_schema=False)
async def list_conditions(
    principal: ConditionsAsk, session: Session, query: ConditionsQuery, request: Request
) -> ConditionsRead:
    """What the gateway should ask residents to attest before this basket is quoted or this quote reserved."""
    merchant_id, items, at = query.merchant_id, query.items, query.at or utc_now()
    if query.quote is not None:
        signer: QuoteSigner = request.app.state.quotes
        promise = signer.read(query.quote, community_code=principal.community_code)
        merchant_id, items, at = promise.merchant_id, promise.basket, utc_now()
    assert merchant_id is not None
    assert items is not None
    conditions = await service.conditions_for(session, principal.community_code, merchant_id, items, at)
    return ConditionsRead(conditions=conditions)


def _shown(priced: Priced) -> dict[str, Any]:
    quote = priced.quote
    return {
        "merchant_id": priced.merchant.id,
        "at": priced.at.astimezone(CHINA),
        "lines": [
            {
                "item_id": line.item_id,
                "name": item.name,
                "unit": item.unit,
                "quantity": line.quantity,
                "before_fen": line.before_fen,
                "after_fen": line.after_fen,
                "offer_ids": line.offer_ids,
            }
            for line, item in zip(quote.lines, priced.items, strict=True)
        ],
        "total_before_fen": quote.total_before_fen,
        "total_after_fen": quote.total_after_fen,
        "applied": [
            {"offer_id": applied.offer_id, "saving_fen": applied.saving_fen} | _named(priced, applied.offer_id)
            for applied in quote.applied
        ],
        "not_applied": [
            {
                "offer_id": refusal.offer_id,
                "reason": refusal.reason,
                **explain(refusal.reason, refusal.next_valid_at)._asdict(),
                "next_valid_at": refusal.next_valid_at,
                "better_offer_id": refusal.better_offer_id,
                **_named(priced, refusal.offer_id),
            }
            for refusal in quote.not_applied
        ],
        "quote": None,
        "expires_at": None,
    }


def _named(priced: Priced, offer_id: Any) -> dict[str, Any]:
    offer = priced.offers[offer_id]
    named = {"title": offer.title, "title_en": offer.title_en}
    if offer.effect["kind"] == EffectKind.GIFT:
        named |= {"gift": offer.effect["gift"], "gift_en": offer.effect["gift_en"]}
    return named
