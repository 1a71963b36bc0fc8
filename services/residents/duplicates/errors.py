from shared.errors import Problem, both


class SamePerson(Problem):
    status = 422
    code = "same-person"
    title = both("两个编号是同一条记录", "Both are the same record")
    detail = both("请填写两条不同的人员记录。", "Name two different records.")
