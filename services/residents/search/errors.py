from shared.errors import Problem, both


class NothingToSearchBy(Problem):
    status = 422
    code = "nothing-to-search-by"
    title = both("请至少填写一项查找条件", "Give something to search by")
    detail = both(
        "请填写姓名、拼音或首字母、电话、证件号、末四位、住址、联系卡号、标签、颜色或年龄。",
        "Give a name, pinyin or initials, a phone, a document's number, last four digits, an address, a contact card's "
        "code, a tag, a colour or an age.",
    )
