from shared.errors import Problem, both


class NothingToSearchBy(Problem):
    status = 422
    code = "nothing-to-search-by"
    title = both("关键词太短", "Too little to search by")
    detail = both(
        "请输入至少两个相连的汉字, 或一个词、一个数字。", "Give two neighbouring characters, a word or a number."
    )
