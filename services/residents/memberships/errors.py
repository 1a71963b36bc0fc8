from shared.errors import Problem, both


class HeadExists(Problem):
    status = 409
    code = "head-exists"
    title = both("该户已有户主", "This household has a head")
    detail = both("请先更换户主, 或选择与户主的其他关系。", "Appoint another head first, or choose another relation.")
