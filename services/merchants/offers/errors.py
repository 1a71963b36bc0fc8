from shared.errors import Problem, both


class ScopeUnknown(Problem):
    status = 422
    code = "scope-unknown"
    title = both("优惠范围含有不属于该商户的商品", "The scope names items that are not this shop's")
    detail = both("请只填写该商户的商品编号。", "Name items of this shop only.")


class NeverValid(Problem):
    status = 409
    code = "never-valid"
    title = both("优惠在今后 400 天内不会生效", "The offer would not hold within the next 400 days")
    detail = both("请检查有效期、重复规则和节假日设置。", "Check its validity, recurrence and holidays.")
