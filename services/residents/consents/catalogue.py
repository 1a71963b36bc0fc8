"""Why the community processes personal data, and what entitles it to: every purpose has a lawful basis (PIPL, art. 13).

Who is asked for consent is shown the text of this catalogue. A text that changes gets a new version: consents to an
older one no longer count, and the person is asked anew (art. 14).
"""

from enum import StrEnum
from typing import NamedTuple

from shared.audit import Purpose
from shared.errors import Bilingual, both


class LawfulBasis(StrEnum):
    """What entitles to process personal data (处理依据), by the items of PIPL, art. 13, paragraph 1."""

    CONSENT = "consent"
    """Item 1. Asked, informed, withdrawable (art. 14 to 16)."""
    CONTRACT = "contract"
    """Item 2: necessary for what the person asked for."""
    LEGAL_DUTY = "legal_duty"
    """Item 3: necessary for statutory functions and duties."""
    EMERGENCY = "emergency"
    """Item 4: necessary to protect life, health and property in an emergency."""


class Ground(NamedTuple):
    """One purpose: its basis, the rule behind it, and what the person is told."""

    basis: LawfulBasis
    source: Bilingual
    text: Bilingual
    is_sensitive: bool = False
    """Touches sensitive personal information: consent must be given separately (PIPL, art. 28 and 29)."""
    text_version: int = 1


_BASIS = LawfulBasis
_HELP = both("《个人信息保护法》第十三条第一款第四项", "PIPL, art. 13(1)(4)")
_RIGHTS = both("《个人信息保护法》第四十四至五十条", "PIPL, art. 44 to 50")
_ASKED = both("《个人信息保护法》第十三条第一款第一项", "PIPL, art. 13(1)(1)")

CATALOGUE: dict[Purpose, Ground] = {
    Purpose.LOST_PERSON: Ground(
        _BASIS.EMERGENCY,
        _HELP,
        both(
            "有人走失时, 用于确认身份、联系家属并护送回家。每次查阅都会记录并由社区负责人复核。",
            "When somebody is lost: to find out who they are, call the family and bring them home. Every look is "
            "written down and reviewed by the head of the community.",
        ),
        is_sensitive=True,
    ),
    Purpose.EMERGENCY: Ground(
        _BASIS.EMERGENCY,
        _HELP,
        both(
            "火灾、急病等紧急情况下, 用于保护您或他人的生命、健康和财产安全。",
            "In a fire, an illness or another emergency: to protect your or others' life, health and property.",
        ),
        is_sensitive=True,
    ),
    Purpose.FAMILY_CONTACT: Ground(
        _BASIS.EMERGENCY,
        _HELP,
        both(
            "您遇到紧急情况时, 按您排定的顺序联系家属。",
            "To call your family, in the order you gave, when you need help.",
        ),
    ),
    Purpose.VISIT: Ground(
        _BASIS.LEGAL_DUTY,
        both(
            "《城市居民委员会组织法》第三条; 《老年人权益保障法》第七条",
            "Organic Law of Urban Residents' Committees, art. 3; Law on the Elderly, art. 7",
        ),
        both("网格员入户走访, 了解需要并提供帮助。", "For the grid worker's visits: to learn what you need, and help."),
    ),
    Purpose.SERVICE_DELIVERY: Ground(
        _BASIS.CONTRACT,
        both("《个人信息保护法》第十三条第一款第二项", "PIPL, art. 13(1)(2)"),
        both("办理您提出的诉求或预约的服务。", "To do what you asked for or booked."),
    ),
    Purpose.NOTIFICATION: Ground(
        _BASIS.LEGAL_DUTY,
        both("《个人信息保护法》第十三条第一款第三项", "PIPL, art. 13(1)(3)"),
        both("告知您诉求的进展、结果和您权利的行使情况。", "To tell you what became of your requests and rights."),
    ),
    Purpose.MEDIATION: Ground(
        _BASIS.LEGAL_DUTY,
        both("《人民调解法》第二条、第七条", "People's Mediation Law, art. 2 and 7"),
        both(
            "应当事人申请调解纠纷; 只有当事人和调解员可见。",
            "To mediate a dispute; only its parties and mediators see it.",
        ),
    ),
    Purpose.REGISTRATION: Ground(
        _BASIS.LEGAL_DUTY,
        both("《城市居民委员会组织法》第三条", "Organic Law of Urban Residents' Committees, art. 3"),
        both("登记辖区住户和居民, 以便提供公共服务。", "To keep the register of residents, for public services."),
    ),
    Purpose.CORRECTION: Ground(
        _BASIS.LEGAL_DUTY,
        both("《个人信息保护法》第八条、第四十六条", "PIPL, art. 8 and 46"),
        both("更正或补充不准确、不完整的信息。", "To correct and complete what is kept about you."),
    ),
    Purpose.SUBJECT_ACCESS: Ground(
        _BASIS.LEGAL_DUTY, _RIGHTS, both("让您查阅、复制自己的信息。", "To let you read and copy your own data.")
    ),
    Purpose.ERASURE: Ground(
        _BASIS.LEGAL_DUTY,
        both("《个人信息保护法》第四十七条", "PIPL, art. 47"),
        both("保存期满或依您的申请删除信息。", "To erase your data when their time is over or you ask for it."),
    ),
    Purpose.STATISTICS: Ground(
        _BASIS.LEGAL_DUTY,
        both("《统计法》第七条", "Statistics Law, art. 7"),
        both("汇总人数, 不涉及具体个人。", "To count; nobody in particular appears."),
    ),
    Purpose.OVERSIGHT: Ground(
        _BASIS.LEGAL_DUTY,
        both("《个人信息保护法》第五十一条、第五十四条", "PIPL, art. 51 and 54"),
        both("检查查阅个人信息的行为是否正当。", "To check that those who read personal data were right to."),
    ),
    Purpose.ELIGIBILITY: Ground(
        _BASIS.CONSENT,
        both("《个人信息保护法》第二十三条、第二十九条", "PIPL, art. 23 and 29"),
        both(
            "向您光顾的商户签发“符合优惠条件”的证明 (例如年满 80 周岁、退役军人)。商户只会知道您符合该条件, "
            "有效期 5 分钟, 不会得到您的年龄、证件或其他信息。这会透露您属于某一人群, 属于敏感个人信息。"
            "不同意不影响其他服务, 只是不能享受这类优惠; 您可以随时撤回。",
            "To tell a shop you buy from, by a signed yes that lasts five minutes, that you fulfil a condition of its "
            "offer (for instance: 80 or older, a veteran). The shop learns that and nothing else: not your age, no "
            "document. It tells that you belong to a group, which is sensitive. Without consent everything else stays "
            "as it is, only such offers do not apply. You can withdraw at any time.",
        ),
        is_sensitive=True,
    ),
    Purpose.ENGAGEMENT: Ground(
        _BASIS.CONSENT,
        _ASKED,
        both(
            "用您的联系方式邀请您参加社区活动、兴趣班, 告知惠民优惠。不同意不影响其他服务; 您可以随时撤回。",
            "To invite you to activities and classes and tell you of offers. Without consent everything else stays as "
            "it is. You can withdraw at any time.",
        ),
    ),
    Purpose.PORTRAIT: Ground(
        _BASIS.CONSENT,
        both("《个人信息保护法》第二十九条", "PIPL, art. 29"),
        both(
            "留存一张照片, 以便走失时辨认。照片加密保存, 仅在说明目的后查看并留痕, 不作人脸识别。不同意不影响其他服务; "
            "撤回后照片即删除。",
            "To keep one photo, so that you can be recognised when lost. It is sealed, looked at for a named purpose "
            "only, and never used for face recognition. Without consent everything else stays as it is; withdraw, and "
            "the photo is deleted.",
        ),
        is_sensitive=True,
    ),
}


def rests_on_consent(purpose: Purpose) -> bool:
    return CATALOGUE[purpose].basis is LawfulBasis.CONSENT
