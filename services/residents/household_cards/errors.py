from shared.errors import Problem, both


class NoScheme(Problem):
    status = 409
    code = "no-colour-scheme"
    title = both("社区尚未发布户卡方案", "The community has no published colour scheme")
    detail = both("请先发布一个方案。", "Publish a scheme first.")


class ColourUnknown(Problem):
    status = 422
    code = "colour-unknown"
    title = both("方案中没有这种颜色", "The scheme has no such colour")
    detail = both("请从已发布方案的颜色中选择。", "Choose one of the colours of the published scheme.")


class OverrideDateOutOfRange(Problem):
    status = 422
    code = "override-date-out-of-range"
    title = both("截止日期不合要求", "The last day is out of range")
    detail = both("截止日期应在今天至一年以内。", "The last day lies between today and a year from now.")


class NotOverridden(Problem):
    status = 409
    code = "not-overridden"
    title = both("该户卡没有人工调整", "This card is not overridden")
    detail = both("无需取消。", "There is nothing to clear.")


class DayInFuture(Problem):
    status = 422
    code = "day-in-future"
    title = both("日期尚未到来", "That day has not come yet")
    detail = both("请选择今天或以前的日期。", "Choose today or a day before.")
