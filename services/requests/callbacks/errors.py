from shared.errors import Problem, both


class CallBackFirst(Problem):
    status = 409
    code = "call-back-first"
    title = both("回访次数不够", "Not called back often enough")
    detail = both(
        "三次回访未能联系到诉求人后, 才可由工作人员确认办结。",
        "The office closes a request only after it has called back three times in vain.",
    )
