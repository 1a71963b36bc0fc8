from shared.errors import Problem, both


class CardRevoked(Problem):
    status = 410
    code = "card-revoked"
    title = both("此卡已作废", "This card was revoked")
    detail = both("请拨打卡上的社区热线, 紧急情况请拨打 110。", "Call the community's hotline, in an emergency 110.")


class NotIdentified(Problem):
    status = 409
    code = "person-not-identified"
    title = both("尚未确认身份", "Nobody was identified yet")
    detail = both("请先确认此人身份 (identify)。", "Identify the person first.")


class NoFamilyContact(Problem):
    status = 409
    code = "no-family-contact"
    title = both("没有可联系的家属", "There is no family contact to call")
    detail = both(
        "请补登家属联系人, 或报警 (escalate-to-police) 并移交。",
        "Add a family contact, or escalate to the police and hand over to them.",
    )


class AllContactsCalled(Problem):
    status = 409
    code = "all-contacts-called"
    title = both("家属联系人均已联系过", "Every family contact was called")
    detail = both(
        "如需再次联系, 请用 contact_id 指定; 或报警。",
        "Name one with contact_id to call again, or escalate to the police.",
    )


class PoliceCalledAlready(Problem):
    status = 409
    code = "police-called-already"
    title = both("已经报警", "The police were called already")
    detail = both("请在时间线上查看记录。", "See the timeline.")


class CaseForgotten(Problem):
    status = 410
    code = "case-forgotten"
    title = both("个人信息已到期销毁", "The personal data of this case were destroyed")
    detail = both("保存期已过, 只保留编号和时间。", "Their retention has ended; only codes and times remain.")


class RelayClosed(Problem):
    status = 409
    code = "relay-closed"
    title = both("留言已关闭", "Messages are closed")
    detail = both(
        "此次协助已结束, 不再接收留言。如需联系请拨打社区热线。",
        "The case is over. Call the hotline instead.",
    )


class AgesInDisorder(Problem):
    status = 422
    code = "ages-in-disorder"
    title = both("年龄范围颠倒", "The ages are in the wrong order")
    detail = both("请同时填写 age_from 和 age_to。", "Send age_from and age_to together.")


class TooManySightings(Problem):
    status = 429
    code = "too-many-sightings"
    title = both("位置更新过于频繁", "Too many sightings")
    detail = both("请稍后再更新, 紧急情况请拨 110。", "Wait a while before the next; in an emergency call 110.")


class TooManyPhotos(Problem):
    status = 409
    code = "too-many-photos"
    title = both("照片数量已达上限", "This case has enough photos")
    detail = both("请用文字补充说明。", "Describe the rest in words.")


class NotAHandOverPhoto(Problem):
    status = 422
    code = "not-a-hand-over-photo"
    title = both("交接照片不存在", "Not a photo of this handover")
    detail = both("请先向本案上传 kind=hand_over 的照片。", "Send a photo with kind=hand_over to this case first.")
