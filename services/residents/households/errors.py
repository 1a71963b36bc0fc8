from shared.errors import Problem, both


class HouseholdExists(Problem):
    status = 409
    code = "household-exists"
    title = both("该地址已登记住户", "A household is registered at this address")
    detail = both(
        "请打开已登记的住户, 或核对楼栋、单元和房号。",
        "Open the registered household, or check building, unit and room.",
    )


class HouseholdEnded(Problem):
    status = 409
    code = "household-ended"
    title = both("该住户已注销", "This household has ended")
    detail = both("请登记新的住户, 再添加成员。", "Register a new household and add the members to it.")
