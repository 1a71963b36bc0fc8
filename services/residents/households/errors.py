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


class OwnersLiveHere(Problem):
    status = 409
    code = "owners-live-here"
    title = both("该户为自有住房", "The members own this home")
    detail = both("如为租住或借住, 请先更正居住权属。", "If they rent or borrow it, correct the tenure first.")


class AddressUnknown(Problem):
    """Places only: nothing of what was sent is repeated."""

    status = 422
    code = "address-unknown"
    title = both("楼栋不在社区地址表中", "The community's address table has no such building")
    detail = both(
        "请从 nearest 中选择楼栋, 或请社区在网格中补充该地址。",
        "Choose one of `nearest`, or have the address added to its grid.",
    )
