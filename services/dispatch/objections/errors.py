from shared.errors import Problem, both


class ObjectionLimit(Problem):
    status = 409
    code = "objection-limit"
    title = both("该工单已不能再提异议", "No more objections to this work order")
    detail = both(
        "每张工单最多提两次异议, 且同一时间只审一次。请先办理, 或请工作人员改派。",
        "An order takes two objections at most, one at a time. Work on it, or ask staff to assign it to another.",
    )


class OwnObjection(Problem):
    status = 403
    code = "own-objection"
    title = both("不能审核自己提出的异议", "Nobody reviews their own objection")
    detail = both("请由其他工作人员或负责人审核。", "Another member of staff, or the head, decides.")


class HeadDecides(Problem):
    status = 403
    code = "head-decides"
    title = both("审核已超时, 由负责人决定", "Overdue: the head decides")
    detail = both("请社区负责人审核这项异议。", "Ask the head of the community to review this objection.")
