from shared.errors import Problem, both


class ResponderUnknown(Problem):
    status = 409
    code = "responder-unknown"
    title = both("没有这名工作人员", "No such responder in this community")
    detail = both("请先登记并启用此人, 再指定。", "Register this responder, active, before naming them.")


class ResponderBusy(Problem):
    status = 409
    code = "responder-busy"
    title = both("此人仍有工作在身", "This responder still has work")
    detail = both(
        "请先把其网格、值班台和未完成的工单交给他人, 再停用。",
        "Hand their grids, the duty desk and open work orders to others before deactivating them.",
    )
