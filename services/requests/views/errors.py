from shared.errors import Problem, both


class TooManyViews(Problem):
    status = 409
    code = "too-many-views"
    title = both("视图太多", "Too many views")
    detail = both("请先删除不再使用的视图。", "Delete views that are no longer used first.")
