from shared.errors import Problem, both


class TemplateExists(Problem):
    status = 409
    code = "template-exists"
    title = both("模板编码已存在", "This template code exists already")
    detail = both("请换一个编码, 或修改已有模板。", "Choose another code or change the existing template.")
