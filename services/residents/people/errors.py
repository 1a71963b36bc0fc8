from uuid import UUID

from shared.errors import Problem, both


class PersonExists(Problem):
    status = 409
    code = "person-exists"
    title = both("该证件号已登记", "This identity number or passport is registered")
    detail = both(
        "请打开已登记的人员并更新其信息, 不要重复登记。",
        "Open the registered person and update them instead of registering them twice.",
    )

    def __init__(self, existing: UUID | None) -> None:
        """`existing` is named only to those who may see that person."""
        super().__init__()
        if existing is not None:
            self.extra = {"existing_id": str(existing)}


class BirthDateDiffers(Problem):
    status = 422
    code = "birth-date-differs"
    title = both("出生日期与身份证号不一致", "The birth date differs from the identity number's")
    detail = both("请核对二者, 或只填身份证号。", "Check both, or give the identity number only.")


class TooManyContacts(Problem):
    status = 409
    code = "too-many-contacts"
    title = both("家属联系人已满", "There are enough family contacts")
    detail = both("最多 8 名, 请先删除一名。", "At most 8; remove one first.")


class OrderIncomplete(Problem):
    status = 422
    code = "order-incomplete"
    title = both("顺序不完整", "The order is incomplete")
    detail = both("请列出全部联系人各一次。", "Name every contact exactly once.")
