from shared.errors import Problem, both


class ItemUnavailable(Problem):
    status = 422
    code = "item-unavailable"
    title = both("有商品已下架或不属于该商户", "An item is not sold any more, or not by this shop")
    detail = both("请刷新商品列表后重新选择。", "Load the shop's items again and choose anew.")


class AttestationRejected(Problem):
    status = 422
    code = "attestation-rejected"
    title = both("资格证明无效或已过期", "A proof of eligibility is invalid or has expired")
    detail = both("请重新获取报价。", "Ask for a new quote.")


class QuoteInvalid(Problem):
    status = 422
    code = "quote-invalid"
    title = both("报价无效或已过期", "The quote is invalid or has expired")
    detail = both("报价五分钟内有效且只限本人使用, 请重新获取。", "A quote holds five minutes, for whom it was made.")
