from shared.errors import Problem, both


class HeadExists(Problem):
    status = 409
    code = "head-exists"
    title = both("该户已有户主", "This household has a head")
    detail = both("请先更换户主, 或选择与户主的其他关系。", "Appoint another head first, or choose another relation.")


class NotAMember(Problem):
    status = 409
    code = "not-a-member"
    title = both("不是该户成员", "Not a member of this household")
    detail = both("请从该户现有成员中选择。", "Choose from the present members of the household.")


class SameHousehold(Problem):
    status = 409
    code = "same-household"
    title = both("已是该户成员", "Already a member of this household")
    detail = both("请选择另一户, 或更正成员关系。", "Choose another household, or correct the membership.")


class DateTooEarly(Problem):
    status = 422
    code = "date-too-early"
    title = both("日期早于入户日期", "The date lies before the membership")
    detail = both(
        "请核对日期; 如入户日期有误, 请先更正成员关系。",
        "Check the date; if the membership began earlier, correct that first.",
    )


class HistoryBroken(Problem):
    status = 422
    code = "history-broken"
    title = both("居住经历前后矛盾", "The dates contradict the person's other memberships")
    detail = both(
        "居住经历不能重叠, 户间迁移不能中断; 请按时间顺序逐条更正。",
        "Memberships must not overlap, nor leave a gap where somebody moved within. Correct them one by one in order.",
    )


class DepartureStays(Problem):
    status = 422
    code = "departure-stays"
    title = both("不能更正结束日期", "This end cannot be corrected here")
    detail = both(
        "只有迁出或死亡的日期可以更正; 户间迁移请更正后一户的入户日期。",
        "Only the day of leaving or of death can be corrected; for a move correct when the next membership began.",
    )


class HouseholdNotEmpty(Problem):
    status = 409
    code = "household-not-empty"
    title = both("该户还有成员", "The household has members")
    detail = both("请先办理成员迁出、移居或死亡登记。", "Record first where its members went.")
