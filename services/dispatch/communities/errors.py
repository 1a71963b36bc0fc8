from shared.errors import Problem, both


class CommunityExists(Problem):
    status = 409
    code = "community-exists"
    title = both("社区已登记", "This community is registered already")
    detail = both("请修改已有的社区资料。", "Change the existing community instead.")
