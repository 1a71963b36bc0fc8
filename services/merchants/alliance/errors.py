from shared.errors import Problem, both


class MerchantExists(Problem):
    status = 409
    code = "merchant-exists"
    title = both("该商户已在联盟中", "This shop is in the alliance already")
    detail = both("同一统一社会信用代码只能有一份申请或会籍。", "One application or membership per credit code.")


class CharterNotSigned(Problem):
    status = 409
    code = "charter-not-signed"
    title = both("尚未签署承诺书", "The charter is not signed")
    detail = both("请商户先签署承诺书, 再通过申请。", "Let the shop sign the charter first, then approve it.")


class NotAMember(Problem):
    status = 409
    code = "not-a-member"
    title = both("商户当前不能经营优惠", "The shop cannot do this now")
    detail = both(
        "商户须为联盟的有效成员, 请联系社区工作人员。", "It must be an active member. Ask the community's staff."
    )
