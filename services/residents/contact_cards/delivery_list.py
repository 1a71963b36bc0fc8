"""The list that goes with a stack of cards from door to door. It says which card is whose door's, and no name."""

from collections.abc import Sequence

from services.residents.contact_cards.codes import grouped
from services.residents.contact_cards.models import CardState
from services.residents.contact_cards.printing import CardAtDoor
from services.residents.paper import Table, print_document

_BOX = "□"
_TICKED = "■"
_HEADER = ("序号", "小区", "楼栋", "单元", "房号", "卡号", "已送达", "已讲解", "备注")


def render_delivery_list(grid_code: str, cards: Sequence[CardAtDoor]) -> bytes:
    """One line per card, in the order of the printed sheets."""
    rows = [(str(number), *_line(each)) for number, each in enumerate(cards, start=1)]
    notes = (
        f"网格 {grid_code}, 共 {len(cards)} 张; 次序与打印的卡片相同。",
        "含住址, 属个人信息: 仅用于送卡, 用后交回社区销毁。  Holds addresses: for handing out cards only; return it.",
    )
    return print_document("民情联系卡送达清单  Delivery list", notes, [Table("", _HEADER, rows)])


def _line(each: CardAtDoor) -> tuple[str, ...]:
    delivered = _TICKED if each.card.state is CardState.DELIVERED else _BOX
    explained = _TICKED if each.card.is_explained else _BOX
    door = each.door or ("备用卡", "", "", "")
    return (*door, grouped(each.card.code), delivered, explained, "　" * 6)
