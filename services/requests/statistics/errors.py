from shared.errors import Problem, both


class AlreadyExcluded(Problem):
    status = 409
    code = "already-excluded"
    title = both("该诉求已剔除", "This request is left out already")
    detail = both("如需重新计入, 请先恢复。", "Take it in again first if that is what you want.")


class NotExcluded(Problem):
    status = 409
    code = "not-excluded"
    title = both("该诉求未被剔除", "This request is not left out")
    detail = both("它本来就计入三率。", "It counts in the rates as it is.")
