from shared.errors import Problem, both


class AlreadyRated(Problem):
    status = 409
    code = "already-rated"
    title = both("您已评价过", "You have rated this already")
    detail = both("每次办理结果每人评价一次。", "Each outcome is rated once by each person.")
