from shared.errors import Problem, both


class AreaDayExists(Problem):
    status = 409
    code = "area-day-exists"
    title = both("该日期已有通知", "This day has been announced already")
    detail = both("请先撤回原有的安排, 再重新发布。", "Withdraw what was announced of it first.")
