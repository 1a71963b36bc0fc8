from shared.errors import Problem, both


class GridExists(Problem):
    status = 409
    code = "grid-exists"
    title = both("网格编码已存在", "This grid code exists already")
    detail = both("请换一个编码, 或修改已有网格。", "Choose another code or change the existing grid.")
