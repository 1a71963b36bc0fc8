from shared.errors import Problem, both


class HouseholdExists(Problem):
    status = 409
    code = "household-exists"
    title = both("该地址已登记住户", "A household is registered at this address")
    detail = both(
        "请打开已登记的住户, 或核对楼栋、单元和房号。",
        "Open the registered household, or check building, unit and room.",
    )
