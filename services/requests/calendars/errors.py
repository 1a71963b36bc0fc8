from shared.errors import Problem, both


class DayExists(Problem):
    status = 409
    code = "calendar-day-exists"
    title = both("该日期已有安排", "This day is in the calendar already")
    detail = both("请修改或删除已有的安排。", "Change or delete what the calendar says of it.")


class TooManyDays(Problem):
    status = 409
    code = "calendar-full"
    title = both("日历中的特殊日期过多", "Too many days of their own")
    detail = both(
        "一份日历最多 500 个特殊日期。经常性的安排请改用每周作息。",
        "A calendar holds 500 single days. Use the hours of the week for what is regular.",
    )
