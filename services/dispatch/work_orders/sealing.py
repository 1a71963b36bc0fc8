"""Words about an order, under the order's own data key: erasing the requester makes them unreadable."""

from services.dispatch.work_orders.models import WorkOrder
from shared.crypto import DataKey
from shared.vault import Erased, Vault

_TABLE = "work_order"


async def seal_text(vault: Vault, order: WorkOrder, column: str, text: str) -> bytes | None:
    """The text sealed; None when the person it concerns was erased: nothing is kept of them."""
    try:
        key = await vault.key_for(order.community_code, order.id)
    except Erased:
        return None
    return key.seal(text, table=_TABLE, column=column, row_id=order.id)


def open_text(key: DataKey | None, order: WorkOrder, column: str, sealed: bytes | None) -> str | None:
    if key is None or sealed is None:
        return None
    return key.open(sealed, table=_TABLE, column=column, row_id=order.id)
