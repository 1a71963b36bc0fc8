"""A quote in its holder's hands: signed, for five minutes, stored nowhere.

Nothing that was quoted and not used leaves a trace here, and what a token says of its holder is only that it is theirs.
"""

import base64
import hmac
import json
import time
from dataclasses import dataclass
from uuid import UUID

from services.merchants.quotes.errors import QuoteInvalid
from services.merchants.quotes.schemas import BasketItem

QUOTE_SECONDS = 300
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True)
class Promise:
    """What was quoted: a basket, its price, and what each applied offer saves."""

    community_code: str
    merchant_id: UUID
    items: tuple[tuple[UUID, int], ...]
    applied: tuple[tuple[UUID, int], ...]
    total_after_fen: int
    holder: bytes
    """The holder's pseudonym."""
    expires_at: int
    """Unix time in seconds."""

    @property
    def basket(self) -> list[BasketItem]:
        return [BasketItem(item_id=item_id, quantity=quantity) for item_id, quantity in self.items]


class QuoteSigner:
    """Seals promises under the service's signing key."""

    def __init__(self, signing_key: bytes) -> None:
        self._key = hmac.digest(signing_key, b"quotes", "sha256")

    def sign(self, promise: Promise) -> str:
        payload = json.dumps(
            [
                promise.community_code,
                promise.merchant_id.hex,
                [[item_id.hex, quantity] for item_id, quantity in promise.items],
                [[offer_id.hex, saving] for offer_id, saving in promise.applied],
                promise.total_after_fen,
                self._bound(promise.holder),
                promise.expires_at,
            ],
            separators=(",", ":"),
        ).encode()
        return base64.urlsafe_b64encode(self._mac(payload) + payload).rstrip(b"=").decode()

    def read(self, token: str, *, community_code: str, holder: bytes | None = None) -> Promise:
        """The promise, if it is genuine, current, of this community and, where a holder is given, theirs."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise QuoteInvalid from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise QuoteInvalid
        community, merchant, items, applied, total, bound, expires_at = json.loads(payload)
        stale = expires_at <= time.time() or community != community_code
        if stale or (holder is not None and not hmac.compare_digest(bound, self._bound(holder))):
            raise QuoteInvalid
        return Promise(
            community,
            UUID(merchant),
            tuple((UUID(item_id), quantity) for item_id, quantity in items),
            tuple((UUID(offer_id), saving) for offer_id, saving in applied),
            total,
            holder or b"",
            expires_at,
        )

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")

    def _bound(self, holder: bytes) -> str:
        return hmac.digest(self._key, b"holder\0" + holder, "sha256")[:16].hex()
