from shared.errors import Problem, both


class NoQuorum(Problem):
    """Carries how many voting members there are and how many are there."""

    status = 409
    code = "no-quorum"
    title = both("到会人数不足", "There is no quorum")
    detail = both(
        "到会的表决成员未达到会议通知写明的法定人数。请继续签到, 或改期再议。",
        "Fewer voting members are there than the meeting was called for. Check in who comes, or move the meeting.",
    )


class NobodyToDecide(Problem):
    status = 409
    code = "nobody-to-decide"
    title = both("缺少主持人或表决成员", "There is no chair or nobody votes")
    detail = both(
        "请先邀请一名主持人和至少两名表决成员(主持人计入)。",
        "Invite a chair first, and at least two who vote, the chair among them.",
    )


class SeatTaken(Problem):
    status = 409
    code = "seat-taken"
    title = both("该人员或该角色已在名单上", "This person or role has a seat already")
    detail = both(
        "每人一席; 主持人、记录人各一名。请先移除原有席位。",
        "One seat each; one chair and one recorder. Remove the seat that is taken first.",
    )


class NoVote(Problem):
    status = 403
    code = "no-vote"
    title = both("您在本次会议没有表决权", "You have no vote here")
    detail = both(
        "只有已签到的主持人和成员可以表决。请先请记录人签到。",
        "The chair and the members vote, once they are checked in. Ask the recorder to check you in.",
    )


class AlreadyVoted(Problem):
    status = 409
    code = "already-voted"
    title = both("已经投过票", "This vote is cast already")
    detail = both("每名成员每项表决一票, 不能更改。", "One vote a member and motion; it cannot be changed.")


class MotionClosed(Problem):
    status = 409
    code = "motion-closed"
    title = both("该项表决已结束", "This motion is closed")
    detail = both("结果已经公布, 请查看会议详情。", "Its outcome stands; read the deliberation.")


class SecretByHand(Problem):
    status = 409
    code = "secret-by-hand"
    title = both("无记名表决须本人投票", "A secret ballot is cast by oneself")
    detail = both(
        "请由本人用自己的账号投票; 举手表决请用记名方式。",
        "Let them vote with their own account; for a show of hands use an open ballot.",
    )


class AreaUnknown(Problem):
    status = 409
    code = "area-unknown"
    title = both("没有登记专有部分面积", "The floor area is not known")
    detail = both(
        "按民法典第二百七十八条表决的业主须登记专有部分面积, 请工作人员补登。",
        "Votes of owners under art. 278 of the Civil Code count by floor area. Ask the staff to enter it.",
    )


class MotionsOpen(Problem):
    status = 409
    code = "motions-open"
    title = both("还有未结束的表决", "A motion is still open")
    detail = both("请先结束全部表决。", "Close every motion first.")


class MinutesNotApproved(Problem):
    status = 409
    code = "minutes-not-approved"
    title = both("会议记录未经主持人确认", "The minutes are not approved")
    detail = both("请先写好会议记录并由主持人确认。", "Write the minutes and let the chair approve them first.")


class MinutesApproved(Problem):
    status = 409
    code = "minutes-approved"
    title = both("会议记录已经确认", "The minutes are approved")
    detail = both("确认后的会议记录不能再改。", "Approved minutes cannot be changed any more.")


class AgainstTheVote(Problem):
    status = 409
    code = "against-the-vote"
    title = both("与表决结果不符", "This is not what was voted")
    detail = both(
        "至少一项表决通过才能形成决议; 有表决通过时不能否决。",
        "A resolution needs a motion that was carried; where one was, the matter cannot be rejected.",
    )


class AlreadyCarriedOut(Problem):
    status = 409
    code = "already-carried-out"
    title = both("决议已经落实", "This has been carried out already")
    detail = both("无需重复登记。", "It need not be reported again.")
