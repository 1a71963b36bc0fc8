from shared.errors import Problem, both


class OwnRequest(Problem):
    status = 409
    code = "own-request"
    title = both("这是您自己的诉求", "This request is your own")
    detail = both("如有补充, 请在该诉求下留言 (comment)。", "To add something, send a comment to it.")
