from shared.errors import Problem, both


class OwnAccess(Problem):
    status = 409
    code = "own-access"
    title = both("不能复核自己的查阅", "Nobody reviews themself")
    detail = both("请由另一位负责人复核。", "Let another head of the community review it.")
