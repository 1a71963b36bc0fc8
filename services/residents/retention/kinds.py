"""What is kept for how long, and why no longer (PIPL, art. 19: no longer than the purpose needs)."""

from enum import StrEnum
from typing import NamedTuple

from shared.errors import Bilingual, both


class RetentionKind(StrEnum):
    MOVED_OUT_PEOPLE = "moved_out_people"
    DEAD_PEOPLE = "dead_people"
    REVOKED_TAG_EVIDENCE = "revoked_tag_evidence"
    WITHDRAWN_CONSENT_EVIDENCE = "withdrawn_consent_evidence"
    RIGHTS_REQUESTS = "rights_requests"
    ACCESS_REVIEWS = "access_reviews"
    NOTICES = "notices"


class Rule(NamedTuple):
    """The rule of the product for one kind; an installation or a community may keep longer or shorter."""

    days: int
    """Counted from the end: of living here, of the tag, of the request …"""
    least_days: int
    """No community may go below: somebody must still be able to prove or to ask."""
    name: Bilingual
    ends: Bilingual
    """What happens then."""


_YEAR = 365
RULES: dict[RetentionKind, Rule] = {
    RetentionKind.MOVED_OUT_PEOPLE: Rule(
        3 * _YEAR,
        30,
        both("已迁出人员", "People who moved out"),
        both("销毁密钥, 删除个人信息", "erased: their key is destroyed"),
    ),
    RetentionKind.DEAD_PEOPLE: Rule(
        3 * _YEAR,
        30,
        both("已故人员", "People who died"),
        both("销毁密钥, 删除个人信息", "erased: their key is destroyed"),
    ),
    RetentionKind.REVOKED_TAG_EVIDENCE: Rule(
        2 * _YEAR,
        180,
        both("已撤销或到期标签的依据", "Evidence of tags that were revoked or ended"),
        both("删除依据, 保留起止日期", "the evidence is deleted; the dates stay"),
    ),
    RetentionKind.WITHDRAWN_CONSENT_EVIDENCE: Rule(
        3 * _YEAR,
        3 * _YEAR,
        both("已撤回同意的凭据", "Evidence of consents that were withdrawn"),
        both("删除凭据, 保留起止时间", "the evidence is deleted; the times stay"),
    ),
    RetentionKind.RIGHTS_REQUESTS: Rule(
        3 * _YEAR,
        180,
        both("已办结的权利请求", "Requests about one's own data that have ended"),
        both("删除内容和答复, 保留结果", "content and answer are deleted; the outcome stays"),
    ),
    RetentionKind.ACCESS_REVIEWS: Rule(
        3 * _YEAR,
        3 * _YEAR,
        both("已复核的紧急查阅", "Emergency accesses that were reviewed"),
        both("销毁理由和意见, 保留结论", "reason and note become unreadable; the verdict stays"),
    ),
    RetentionKind.NOTICES: Rule(_YEAR, 30, both("通知", "Notices"), both("删除", "deleted")),
}
