from shared.errors import NotFound, Problem, both


class NothingToRedact(Problem):
    status = 409
    code = "nothing-to-redact"
    title = both("没有可遮盖的内容", "There is nothing to redact")
    detail = both("该处没有文字或照片, 或已被删除。", "There is no text or photo there, or it is gone already.")


class OriginalMissing(NotFound):
    code = "original-missing"
    title = both("原文已不可读", "The original cannot be read any more")
    detail = both("写下它的人已被删除。", "Whoever wrote it was erased.")


class CategoryNotPublic(Problem):
    status = 409
    code = "category-not-public"
    title = both("该类诉求不对外公开", "Requests of this category are not public")
    detail = both("只有公共空间类别的诉求可以公开文字。", "Only texts about public space can be released to everybody.")
