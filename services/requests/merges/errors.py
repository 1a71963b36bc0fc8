from shared.errors import Problem, both


class TargetClosed(Problem):
    status = 409
    code = "merge-target-closed"
    title = both("合并到的诉求已办结或关闭", "The request that it is merged with is closed")
    detail = both("只能与仍在办理的诉求合并或拆开。", "Only open requests can be merged, or their merges undone.")


class HoldsOthers(Problem):
    status = 409
    code = "holds-merged-requests"
    title = both("已有其他诉求并入本诉求", "Other requests have been merged into this one")
    detail = both("请反过来合并, 或先撤销那些合并。", "Merge the other way round, or undo those merges first.")
