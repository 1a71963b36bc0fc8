from shared.errors import Problem, both


class ReopenTooLate(Problem):
    status = 409
    code = "reopen-too-late"
    title = both("已超过可重新办理的期限", "Too late to reopen")
    detail = both(
        "办结确认满 30 天后不能重新办理, 请提交新的诉求。",
        "Thirty days after it was confirmed a request stays closed. Submit a new one.",
    )
