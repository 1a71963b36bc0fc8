"""What each step of a request tells its requester and whoever follows it, in words."""

from shared.errors import Bilingual, both

NEWS: dict[str, Bilingual] = {
    "accepted": both("已受理", "was accepted"),
    "rejected": both("不予受理, 已写明理由和其他途径", "was declined; it says why, and where to turn"),
    "dispatched": both("已派给办理人员", "was given to somebody who can do it"),
    "acknowledged": both("办理人员已接单", "was taken up by whoever does it"),
    "started": both("正在办理", "is being worked on"),
    "progress": both("有新进展", "goes on"),
    "waiting": both("需要您补充情况, 答复前计时暂停", "waits for your answer; until then the clock stands"),
    "attached": both("有新照片", "has a new photo"),
    "resolved": both("已办理完毕, 请确认是否解决", "is done; say whether it is solved"),
    "confirmed": both("已确认办结", "is confirmed and closed"),
    "reopened": both("已重新办理, 期限更短", "is open again, with a shorter deadline"),
    "withdrawn": both("已撤回", "was taken back"),
    "merged": both("与同一事项合并办理, 进展照常告诉您", "was joined with another like it; you hear of it all"),
    "unmerged": both("恢复单独办理", "stands by itself again"),
    "split": both("其中另一事项已单独立项办理", "was taken apart: another matter in it became a request of its own"),
    "transferred": both("已转由其他单位或类别办理, 期限不变", "was passed on; what was promised stays"),
    "called_back": both("回访未联系到您", "is done; we called and did not reach you"),
    "handed_over": both("家人已交接", "ended: your relative was handed over"),
    "linked": both("有了后续安排", "led to something more"),
    "redacted": both("有内容被隐去", "had something in it covered"),
    # The rest only the office and its workers hear of, about what they follow.
    "note": both("有新的内部记录", "has a new internal note"),
    "comment": both("诉求人有补充", "has a word more from its requester"),
    "answered": both("诉求人已答复, 计时继续", "was answered by its requester; the clock runs again"),
    "supported": both("又有居民附议", "has one more supporter"),
    "rated": both("已有评价", "was rated"),
    "handed_back": both("已被退回, 将重新派办", "was handed back, and somebody else is asked"),
    "objected": both("办理人员提出退单异议", "met an objection from whoever was asked"),
    "objection_decided": both("退单异议已裁定", "had its objection decided"),
    "escalated": both("已升级督办", "was escalated"),
    "identified": both("身份已确认", "has its person identified"),
    "excluded": both("三率统计口径有调整", "counts otherwise in the three rates"),
}
"""By step, as `requests` names it in `step` of its events. What is missing is news all the same."""

NEWS_OF_A_KIND = both("有新进展", "has news")


def news(step: str) -> Bilingual:
    return NEWS.get(step, NEWS_OF_A_KIND)
