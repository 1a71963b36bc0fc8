from collections.abc import Mapping
from uuid import UUID

from services.merchants.offers.reasons import Reason, explain
from shared.errors import Problem, both


class QuoteChanged(Problem):
    """The offers of a quote do not hold any more; `errors` say of each what happened."""

    status = 409
    code = "quote-changed"
    title = both("报价已变化", "The quote does not hold any more")
    detail = both("没有预订。请查看原因并重新获取报价。", "Nothing was reserved. See why, and ask for a new quote.")

    def __init__(self, changes: Mapping[UUID, Reason]) -> None:
        super().__init__(
            errors=[
                {"pointer": f"/offers/{offer_id}", "code": reason.value, **explain(reason)._asdict()}
                for offer_id, reason in sorted(changes.items())
            ]
        )


class CodeUnknown(Problem):
    status = 404
    code = "code-unknown"
    title = both("没有这个核销码", "No such code")
    detail = both(
        "核销码已使用、已过期或不属于本店, 请顾客重新出示。", "Used, expired or another shop's. Ask to see it again."
    )


class ReversalTooLate(Problem):
    status = 409
    code = "reversal-too-late"
    title = both("已超过 24 小时", "More than 24 hours have passed")
    detail = both("请联系社区工作人员撤销。", "Ask the community's staff to reverse it.")


class NotAPerson(Problem):
    status = 403
    code = "no-resident-record"
    title = both("账号未关联居民档案", "The account is not linked to a resident")
    detail = both("请联系网格员登记。", "Ask your grid worker to register you.")
