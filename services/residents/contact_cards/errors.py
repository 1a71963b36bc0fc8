from shared.errors import Problem, both


class CodeMistyped(Problem):
    status = 404
    code = "card-code-mistyped"
    title = both("卡号有误", "The card's code is mistyped")
    detail = both(
        "请核对卡上的 16 位卡号, 或重新扫描二维码。", "Check the 16 characters printed on the card, or scan it again."
    )


class CodeUnknown(Problem):
    status = 404
    code = "card-code-unknown"
    title = both("没有这张卡", "There is no such card")
    detail = both("请重新扫描二维码; 紧急情况请拨打 110。", "Scan the card again. In an emergency call 110.")


class CardExists(Problem):
    status = 409
    code = "contact-card-exists"
    title = both("已有有效的联系卡", "There is a valid card already")
    detail = both("请补发或作废现有的卡。", "Replace or revoke the existing card.")


class HouseholdWithoutGrid(Problem):
    status = 409
    code = "household-without-grid"
    title = both("该户尚未划入网格", "The household lies in no grid yet")
    detail = both("请先发布其地址所在的网格。", "Publish the grid of its address first.")


class ContactMissing(Problem):
    status = 422
    code = "contact-missing"
    title = both("缺少网格联系人", "The contact of a grid is missing")
    detail = both("contacts 须包含每张卡的网格。", "`contacts` must hold the grid of every card.")


class TooManyCards(Problem):
    status = 409
    code = "too-many-cards"
    title = both("卡片过多", "Too many cards")
    detail = both(
        "一次最多 1000 张; 请按种类或只选未送达的卡。",
        "At most 1,000 at once: choose a kind, or undelivered ones only.",
    )


class PeriodInvalid(Problem):
    status = 422
    code = "period-invalid"
    title = both("统计期间无效", "The period is invalid")
    detail = both(
        "first_on 不得晚于 last_on, 且最多 366 天。", "`first_on` may not be after `last_on`; at most 366 days."
    )
