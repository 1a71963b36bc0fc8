from shared.errors import Problem, both


class BudgetExceeded(Problem):
    """Carries what is left, in fen."""

    status = 409
    code = "budget-exceeded"
    title = both("超出项目预算", "More than the budget")
    detail = both(
        "支出不能超过已落实的资金, 请先追加资金来源。",
        "Spending cannot exceed the funding. Add a source of funding first.",
    )


class NothingSpent(Problem):
    status = 409
    code = "nothing-spent"
    title = both("冲减超过已支出金额", "More is taken back than was spent")
    detail = both("冲减后的支出合计不能小于零。", "What was spent cannot become less than nothing.")


class Unfunded(Problem):
    status = 409
    code = "unfunded"
    title = both("项目没有资金来源", "The project has no funding")
    detail = both("请先登记资金来源再立项。", "Enter a source of funding before approving it.")


class MilestonesOpen(Problem):
    status = 409
    code = "milestones-open"
    title = both("还有未完成的节点", "A milestone has not been reached")
    detail = both("请先完成全部节点, 或修改计划。", "Reach every milestone first, or change the plan.")


class MilestoneReached(Problem):
    status = 409
    code = "milestone-reached"
    title = both("该节点已完成", "This milestone has been reached")
    detail = both("已完成的节点不能再改。", "It cannot be changed any more.")


class NotAccepted(Problem):
    """Carries how many inspectors were named, have signed, and found it good."""

    status = 409
    code = "not-accepted"
    title = both("尚不具备验收通过条件", "It cannot be accepted yet")
    detail = both(
        "验收须有社区人员和居民代表(或诉求人)参加, 且全部签字通过。",
        "Somebody of the community and a representative or a requester inspect it, and everybody finds it good.",
    )


class InspectorNamed(Problem):
    status = 409
    code = "inspector-named"
    title = both("已在验收名单上", "Named as an inspector already")
    detail = both("每轮验收每人一份意见。", "Everybody inspects once in each round.")


class AlreadySigned(Problem):
    status = 409
    code = "already-signed"
    title = both("验收意见已签署", "This inspection is signed already")
    detail = both("签署后不能修改; 返工后的下一轮可重新验收。", "It stands; after rework there is another round.")
