from shared.errors import Problem, both


class CategoryClosed(Problem):
    status = 409
    code = "category-closed"
    title = both("该类别不接受新诉求", "This category takes no new requests")
    detail = both("请从 /v1/categories 选择一个启用的类别。", "Choose an active category from /v1/categories.")


class AlreadyWaiting(Problem):
    status = 409
    code = "already-waiting"
    title = both("已在等待诉求人答复", "Already waiting for the requester")
    detail = both("计时已暂停, 诉求人答复后自动恢复。", "The clock stands; it runs on when the requester has answered.")


class NotWaiting(Problem):
    status = 409
    code = "not-waiting"
    title = both("没有等待答复的问题", "Nobody is waiting for an answer")
    detail = both("如需补充情况, 请用 comment。", "To add something, send a comment.")


class PersonErased(Problem):
    status = 409
    code = "person-erased"
    title = both("该居民的个人信息已删除", "This person's data has been erased")
    detail = both("不能再以该居民的名义登记或留言。", "Nothing can be written in this person's name any more.")


class UnknownRequest(LookupError):
    """An event about a request that is not here yet; it is delivered again."""
