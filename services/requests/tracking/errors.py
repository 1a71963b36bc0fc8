from shared.errors import NotFound, Problem, both


class ReferenceUnknown(NotFound):
    code = "reference-unknown"
    title = both("没有这个编号", "No such reference")
    detail = both("请核对诉求编号: 共十位, 不含字母 I、L、O、U。", "Check the ten symbols; there is no I, L, O or U.")


class LinkSpent(Problem):
    status = 410
    code = "link-spent"
    title = both("链接已使用或已过期", "The link was used or has expired")
    detail = both("请在页面上申请新的链接, 或联系社区。", "Ask for a new link on the page, or call the community.")


class CodeWrong(Problem):
    status = 403
    code = "code-wrong"
    title = both("查询码不对", "The code is not right")
    detail = both(
        "请核对提交时得到的 26 位查询码, 以及诉求编号。",
        "Check the 26 symbols that you were given when you submitted it, and the reference.",
    )


class NotTheHolder(Problem):
    status = 403
    code = "link-needed"
    title = both("请先打开您的专用链接", "Open your own link first")
    detail = both("请在页面上申请新的链接, 或联系社区。", "Ask for a new link on the page, or call the community.")
