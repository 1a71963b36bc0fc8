from shared.errors import Problem, both


class NotHolder(Problem):
    status = 403
    code = "not-your-work-order"
    title = both("这张工单不在您手上", "This work order is not yours")
    detail = both(
        "只有正被派到的人 (或值班台) 可以操作; 需要改派请联系社区工作人员。",
        "Only those who are asked, or the duty desk, may act on it. Ask staff to assign it to you.",
    )


class InterestConflict(Problem):
    status = 409
    code = "conflict-of-interest"
    title = both("此人与诉求人有利益关系", "This responder has a conflict of interest")
    detail = both("请指定其他人办理。", "Assign someone outside the requester's household.")


class AlreadyHolds(Problem):
    status = 409
    code = "already-assigned"
    title = both("工单已在此人手上", "This responder holds the order already")
    detail = both("请指定其他人, 或请其接单。", "Assign someone else, or ask them to acknowledge it.")
