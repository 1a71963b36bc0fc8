from shared.errors import Problem, both


class CategoryExists(Problem):
    status = 409
    code = "category-exists"
    title = both("类别编码已存在", "This category code exists already")
    detail = both("请换一个编码, 或修改已有类别。", "Choose another code or change the existing category.")


class ClassUnknown(Problem):
    status = 409
    code = "category-class-unknown"
    title = both("没有这个大类", "No such class of categories")
    detail = both(
        "新类别应写作“大类.名称”, 大类须是已有的五类之一。",
        "A new category is written `class.name`, where the class is one of the existing five.",
    )
