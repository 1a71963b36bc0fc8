from shared.errors import Problem, both


class NotOnesOwn(Problem):
    status = 409
    code = "review-by-another"
    title = both("须由他人审核", "Somebody else has to review it")
    detail = both("编写过本稿的人不能审核发布。", "Whoever has written in this version cannot publish it.")


class NoSource(Problem):
    status = 409
    code = "no-source"
    title = both("缺少政策依据", "It names no source")
    detail = both("请至少写明一个文件依据后再送审。", "Name at least one document that it rests on, then submit it.")


class NotAnswered(Problem):
    status = 409
    code = "not-answered"
    title = both("该咨询尚未答复", "This enquiry has not been answered")
    detail = both("办结并答复后才能整理为知识条目。", "An article is made of the answer. Resolve the request first.")


class NotForEverybody(Problem):
    status = 409
    code = "not-for-everybody"
    title = both("该诉求不宜公开", "This request is nobody else's business")
    detail = both("保密类别的诉求不能整理为知识条目。", "Answers of confidential categories are not published.")
