from shared.errors import Problem, both


class RequestPending(Problem):
    status = 409
    code = "rights-request-pending"
    title = both("已有同类请求在办理", "A request of this kind is pending")
    detail = both("请等待办结, 或先撤回原请求。", "Wait for its decision, or withdraw it first.")
