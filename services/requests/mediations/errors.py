from shared.errors import Problem, both


class PartyErased(Problem):
    status = 409
    code = "party-erased"
    title = both("当事人的个人信息已删除", "A party's data has been erased")
    detail = both("不能再以该当事人的名义记录。", "Nothing can be written in this party's name any more.")


class UnderMediation(Problem):
    status = 409
    code = "under-mediation"
    title = both("该诉求正在调解", "This request is being mediated")
    detail = both("同一诉求同时只有一次调解。", "A request has one mediation at a time.")


class RequestClosed(Problem):
    status = 409
    code = "request-closed"
    title = both("该诉求已经办结", "This request has ended")
    detail = both(
        "只有尚在办理的诉求可以转入调解; 也可以不关联诉求直接登记。",
        "Only an open request can go into mediation; or open the mediation without a request.",
    )


class ConflictOfInterest(Problem):
    status = 409
    code = "conflict-of-interest"
    title = both("调解员须回避", "A mediator must stand back")
    detail = both(
        "当事人本人不能担任调解员, 请以 conflict_of_interest 辞任。",
        "A party cannot mediate. Decline with conflict_of_interest.",
    )


class MediatorLeft(Problem):
    status = 409
    code = "mediator-left"
    title = both("该调解员已退出", "This mediator has left")
    detail = both("退出或被当事人拒绝的调解员不能再次担任。", "Who left or was refused by a party is not named again.")


class NoMediator(Problem):
    status = 409
    code = "no-mediator"
    title = both("还没有调解员接受", "No mediator has accepted yet")
    detail = both("请先由一名调解员接受并声明无利害关系。", "A mediator has to accept first, and declare no interest.")


class NothingProposed(Problem):
    status = 409
    code = "nothing-proposed"
    title = both("没有待同意的事项", "There is nothing to agree to")
    detail = both("请先提出延期或协议文本。", "Propose an extension or the text of an agreement first.")


class Outdated(Problem):
    status = 409
    code = "proposal-outdated"
    title = both("内容已更新", "There is a newer one")
    detail = both("请阅读最新的延期或协议文本后再确认。", "Read the latest proposal or text, and confirm that.")


class SessionOver(Problem):
    status = 409
    code = "session-over"
    title = both("该场调解会已结束或取消", "This session is over or was cancelled")
    detail = both("请安排新的调解会。", "Schedule another one.")


class LimitNotLater(Problem):
    status = 422
    code = "limit-not-later"
    title = both("延期日期无效", "This is no extension")
    detail = both(
        "新期限须晚于现期限, 且在一年之内。", "The new last day must be after the present one, and within a year."
    )


class TermSettled(Problem):
    status = 409
    code = "term-settled"
    title = both("该条款已履行", "This term has been kept")
    detail = both("已履行的条款不再更改。", "What has been kept is not changed again.")


class TooLateToConfirm(Problem):
    status = 409
    code = "too-late-to-confirm"
    title = both("已过申请司法确认的期限", "The time to ask the court has passed")
    detail = both(
        "双方应自协议生效之日起三十日内共同申请 (人民调解法第三十三条)。",
        "The parties apply together within 30 days of the agreement (People's Mediation Law, art. 33).",
    )


class NotApplied(Problem):
    status = 409
    code = "confirmation-not-applied"
    title = both("尚未申请司法确认", "The court has not been asked")
    detail = both(
        "请先登记双方的共同申请; 每份协议申请一次。", "Record the parties' application first; one for each agreement."
    )
