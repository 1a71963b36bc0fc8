"""What the tracking page says, in the reader's language: one at a time, chosen by their browser or by the switch."""

from shared.errors import Bilingual, both

STATES = {
    "submitted": both("已提交", "Submitted"),
    "accepted": both("已受理", "Accepted"),
    "dispatched": both("已派单", "Passed on"),
    "in_progress": both("办理中", "In progress"),
    "resolved": both("已答复", "Answered"),
    "confirmed": both("已办结", "Closed"),
    "rejected": both("不予受理", "Declined"),
    "withdrawn": both("已撤回", "Withdrawn"),
    "reopened": both("重新办理", "Reopened"),
    "merged": both("已并案", "Merged"),
}
STEPS = {
    "submitted": both("诉求已提交", "Submitted"),
    "accepted": both("社区已受理", "Taken up by the community"),
    "rejected": both("不予受理", "Declined"),
    "dispatched": both("已派给办理人员", "Passed on to be handled"),
    "acknowledged": both("办理人员已接单", "Whoever handles it has taken it on"),
    "started": both("开始办理", "Work has begun"),
    "progress": both("进展", "Progress"),
    "comment": both("补充说明", "Comment"),
    "waiting": both("需要您补充", "A question to you"),
    "answered": both("已补充", "Answered by you"),
    "resolved": both("办理结果", "Result"),
    "confirmed": both("确认已解决", "Confirmed as solved"),
    "reopened": both("未解决, 重新办理", "Not solved: reopened"),
    "withdrawn": both("已撤回", "Withdrawn"),
    "rated": both("已评价", "Rated"),
    "merged": both("与另一件诉求并案", "Merged with another request"),
    "unmerged": both("解除并案", "Separated again"),
    "split": both("拆分", "Split"),
    "transferred": both("已转办", "Transferred"),
    "called_back": both("电话回访", "Called back"),
    "attached": both("添加了照片", "A photo was added"),
    "redacted": both("有内容被遮盖", "Something was redacted"),
    "identified": both("已确认身份", "Identified"),
    "handed_over": both("已平安交接", "Handed over safely"),
    "linked": both("已转入后续工作", "Continued elsewhere"),
}
SOMETHING = both("有新的进展", "There is news")
PAGE = {
    "title": both("诉求查询", "Your request"),
    "other": both("English", "中文"),
    "number": both("编号", "Reference"),
    "expected": both("预计答复", "Answer expected by"),
    "submitted": both("提交时间", "Submitted"),
    "about": both("诉求内容", "What it is about"),
    "question": both("请您补充", "We need to know"),
    "result": both("办理结果", "The result"),
    "history": both("办理经过", "What has happened"),
    "you": both("您", "You"),
    "answer": both("您的答复", "Your answer"),
    "send_answer": both("发送答复", "Send the answer"),
    "comment": both("补充说明", "Add something"),
    "send_comment": both("发送", "Send"),
    "solved_question": both("问题解决了吗?", "Is it solved?"),
    "confirm": both("已解决", "Yes, it is solved"),
    "reopen": both("还没有解决", "No, it is not solved"),
    "why": both("还有什么问题?", "What is still wrong?"),
    "rate": both("评价这次办理", "How did we do?"),
    "score": both("打分", "Score"),
    "scores": both("5 非常好,4 好,3 一般,2 不好,1 很差", "5 very good,4 good,3 fair,2 poor,1 very poor"),
    "is_solved": both("问题已解决", "It is solved"),
    "is_satisfied": both("对办理满意", "I am satisfied with how it was handled"),
    "rating_text": both("想说的话 (可不填)", "Anything to add (optional)"),
    "send_rating": both("提交评价", "Send the rating"),
    "open_title": both("打开您的诉求", "Open your request"),
    "open_note": both(
        "此链接只能打开一次。打开后, 30 天内可以在这部手机的浏览器里再次查看。",
        "This link opens once. After that you can come back in this browser for 30 days.",
    ),
    "open": both("打开", "Open"),
    "hidden": both(
        "这件诉求只有本人可以查看。请打开短信里的链接; 链接用过了, 可以在下面重新获取。",
        "Only the requester can see this one. Open the link in your text message, or ask for a new one below.",
    ),
    "everyone": both(
        "这里是任何人都能看到的内容。要看全部内容或补充说明, 请打开您的专用链接。",
        "This is what everybody can see. To see it all, or to add something, open your own link.",
    ),
    "ask": both("重新获取链接", "Ask for a new link"),
    "phone_end": both("登记时所留电话的后四位", "The last four digits of the phone you left"),
    "send_ask": both("发送到我的手机", "Send it to my phone"),
    "merged_into": both("并入的诉求编号", "Merged into"),
    "place": both("地点", "Where"),
    "photos": both("照片", "Photos"),
    "photo": both("照片 (最大 10 MB)", "A photo (at most 10 MB)"),
    "photo_note": both("照片里的拍摄地点会自动删除。", "Where it was taken is removed from the photo."),
    "send_photo": both("发送照片", "Send the photo"),
    "withdraw": both("不需要办理了", "I no longer need this"),
    "withdraw_note": both("撤回后不再办理, 也不能恢复。", "Nobody works on it any more, and it cannot be undone."),
    "send_withdraw": both("撤回这件诉求", "Take it back"),
    "thanks": both("送一面锦旗", "Give a pennant of thanks"),
    "anonymous": both("匿名提交的? 用查询码打开", "Did you ask without giving your name?"),
    "code": both("提交时得到的查询码 (26 位)", "The code you were given then (26 symbols)"),
    "send_code": both("打开", "Open it"),
    "merged_note": both(
        "您的诉求与另一件相同的诉求一起办理。",
        "Yours is being handled together with another request about the same matter.",
    ),
    "find": both("查询诉求", "Find a request"),
    "type_number": both("诉求编号 (十位)", "Reference (ten symbols)"),
    "unknown": both("没有这个编号, 请核对。", "There is no such reference. Please check it."),
    "away": both(
        "系统暂时无法查询, 请稍后再试, 或拨打社区热线。", "It cannot be looked up just now. Try later, or call."
    ),
    "hotline": both("社区热线", "Community hotline"),
    "again": both("刷新", "Refresh"),
    "footer": both("您填写的内容只用于办理这件诉求。", "What you write is used for this request only."),
}
DONE = {
    "open": both("已打开。", "Opened."),
    "comment": both("已收到, 谢谢。", "Received. Thank you."),
    "confirm": both("已确认, 谢谢。", "Thank you for confirming."),
    "reopen": both("已重新办理, 我们会尽快处理。", "Reopened. We look into it again."),
    "rating": both("感谢您的评价。", "Thank you for the rating."),
    "photo": both("照片已收到, 谢谢。", "The photo was received. Thank you."),
    "withdraw": both("已撤回。", "It was taken back."),
    "ask-for-link": both(
        "如果号码无误, 新链接几分钟内会发到该手机。",
        "If the digits are right, a new link reaches that phone in minutes.",
    ),
}
FAILED = {
    409: both("情况已有变化, 请看最新进展。", "It has changed meanwhile; see below."),
    410: both("链接已使用或已过期, 请在下面重新获取。", "The link was used or has expired; ask for a new one below."),
    403: both("请先打开您的专用链接。", "Open your own link first."),
    422: both("请检查填写的内容。", "Please check what you wrote."),
    413: both("照片太大, 最大 10 MB。", "The photo is too large: 10 MB at most."),
    429: both("操作太频繁, 请稍候再试。", "Too often; please wait a while."),
    503: both("没有发出, 请再试一次, 或拨打社区热线。", "Not sent. Try again, or call."),
}

WHY = {
    "code-wrong": both("查询码不对, 请核对后再试。", "The code is not right. Please check it and try again."),
    "photo-unreadable": both(
        "照片无法识别, 请换一张 (JPEG、PNG、WebP)。", "That is not a photo we can read. Try another (JPEG, PNG, WebP)."
    ),
    "too-many-attachments": both(
        "照片已经够了, 请用文字说明。", "There are enough photos; describe the rest in words."
    ),
    "reopen-too-late": both(
        "办结已超过 30 天, 请重新提交一件诉求。", "It was closed more than 30 days ago. Please make a new request."
    ),
    "already-rated": both("您已经评价过了, 谢谢。", "You have rated it already. Thank you."),
}
"""By the code of what went wrong, where more can be said than by its status."""


def step_name(step: str) -> Bilingual:
    """Of a step that is newer than this page: that there is news."""
    return STEPS.get(step, SOMETHING)
