from shared.errors import Problem, both


class AnonymityNotAllowed(Problem):
    status = 409
    code = "anonymity-not-allowed"
    title = both("该类别不能匿名提交", "This category takes no anonymous requests")
    detail = both(
        "办理此类诉求需要与您联系。请实名提交, 或选择 anonymous_allowed 为真的类别。",
        "Somebody must be able to reach you. Submit it in your name, or choose a category that has anonymous_allowed.",
    )
