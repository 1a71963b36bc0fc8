"""Why a request is declined (不予受理), and where its requester can turn instead.

The grounds follow what the State Council's guidance on 12345 (国办发〔2020〕53号), the standard of government hotlines
(GB/T 33358-2016) and the regulations on letters and visits (《信访工作条例》, 2022) are about: what belongs to courts,
arbitration or review is led into those procedures, and who declines says why and where to turn. The list is ours, not
a quotation of any of them; a community's legal adviser has the last word on its use.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from shared.errors import Bilingual, both


class Remedy(StrEnum):
    """Where the requester can turn (救济途径)."""

    HOTLINE_12345 = "hotline_12345"
    COMPETENT_DEPARTMENT = "competent_department"
    OTHER_COMMUNITY = "other_community"
    COURT = "court"
    ARBITRATION = "arbitration"
    ADMINISTRATIVE_REVIEW = "administrative_review"
    LETTERS_AND_VISITS = "letters_and_visits"
    LEGAL_AID_12348 = "legal_aid_12348"
    MEDIATION = "mediation"
    EMERGENCY_SERVICES = "emergency_services"
    SUBMIT_AGAIN = "submit_again"
    FOLLOW_THE_OTHER = "follow_the_other"


class Reason(StrEnum):
    NOT_OUR_TASK = "not_our_task"
    OUT_OF_AREA = "out_of_area"
    NO_LEGAL_BASIS = "no_legal_basis"
    IN_LITIGATION = "in_litigation"
    IN_PETITION = "in_petition"
    PRIVATE_DISPUTE = "private_dispute"
    ALREADY_ANSWERED = "already_answered"
    DUPLICATE = "duplicate"
    UNCLEAR = "unclear"
    EMERGENCY = "emergency"


class Refusal(NamedTuple):
    words: Bilingual
    remedies: tuple[Remedy, ...]
    """What is named when staff name nothing else."""


_R = Remedy
REMEDIES: dict[Remedy, Bilingual] = {
    _R.HOTLINE_12345: both("拨打政务服务便民热线 12345", "Call the government hotline 12345"),
    _R.COMPETENT_DEPARTMENT: both("向主管部门提出", "Turn to the department in charge"),
    _R.OTHER_COMMUNITY: both("向事项所在地的社区提出", "Turn to the community where the matter is"),
    _R.COURT: both("向人民法院起诉, 或等待判决", "Go to court, or await its judgment"),
    _R.ARBITRATION: both("申请仲裁 (劳动争议、合同纠纷)", "Apply for arbitration (labour, contracts)"),
    _R.ADMINISTRATIVE_REVIEW: both("申请行政复议", "Apply for administrative review"),
    _R.LETTERS_AND_VISITS: both("向信访部门反映", "Turn to the office of letters and visits"),
    _R.LEGAL_AID_12348: both("拨打公共法律服务热线 12348, 可申请法律援助", "Call 12348; legal aid is free"),
    _R.MEDIATION: both("申请人民调解", "Apply for people's mediation"),
    _R.EMERGENCY_SERVICES: both("立即拨打 110、119 或 120", "Call 110, 119 or 120 at once"),
    _R.SUBMIT_AGAIN: both("补充时间、地点、经过后重新提交", "Submit it again with time, place and what happened"),
    _R.FOLLOW_THE_OTHER: both("关注已在办理的同一诉求", "Follow the request that is under way already"),
}

_W = Reason
REFUSALS: dict[Reason, Refusal] = {
    _W.NOT_OUR_TASK: Refusal(
        both("不属于社区职责范围", "Not a task of the community"), (_R.COMPETENT_DEPARTMENT, _R.HOTLINE_12345)
    ),
    _W.OUT_OF_AREA: Refusal(
        both("不在本社区管辖范围", "Outside this community's area"), (_R.OTHER_COMMUNITY, _R.HOTLINE_12345)
    ),
    _W.NO_LEGAL_BASIS: Refusal(both("诉求没有法律或政策依据", "No law or policy supports it"), (_R.LEGAL_AID_12348,)),
    _W.IN_LITIGATION: Refusal(
        both("已进入或应通过诉讼、仲裁、行政复议解决", "A matter of a court, arbitration or administrative review"),
        (_R.COURT, _R.ARBITRATION, _R.ADMINISTRATIVE_REVIEW, _R.LEGAL_AID_12348),
    ),
    _W.IN_PETITION: Refusal(
        both("已进入信访渠道办理", "Under way with the office of letters and visits"), (_R.LETTERS_AND_VISITS,)
    ),
    _W.PRIVATE_DISPUTE: Refusal(
        both("属于民事纠纷, 应由当事人协商或调解", "A private dispute, to be settled by those concerned"),
        (_R.MEDIATION, _R.LEGAL_AID_12348, _R.COURT),
    ),
    _W.ALREADY_ANSWERED: Refusal(
        both("同一事项已有答复, 没有新的事实", "Answered before, and nothing new was said"),
        (_R.LETTERS_AND_VISITS, _R.HOTLINE_12345),
    ),
    _W.DUPLICATE: Refusal(both("与正在办理的诉求重复", "Repeats a request under way"), (_R.FOLLOW_THE_OTHER,)),
    _W.UNCLEAR: Refusal(
        both("诉求不清, 且无法联系诉求人核实", "Unclear, and the requester could not be reached"), (_R.SUBMIT_AGAIN,)
    ),
    _W.EMERGENCY: Refusal(
        both("紧急警情、火情或急救, 不应等待社区办理", "An emergency that cannot wait for the community"),
        (_R.EMERGENCY_SERVICES,),
    ),
}


def worded(reason: str, remedies: Sequence[str]) -> dict[str, Any]:
    """The codes of a refusal with their words, as a reader gets them."""
    return {
        "reason": _worded(reason, REFUSALS[Reason(reason)].words),
        "remedies": [_worded(remedy, REMEDIES[Remedy(remedy)]) for remedy in remedies],
    }


def table() -> list[dict[str, Any]]:
    """Every reason with the remedies that go with it."""
    return [worded(reason, refusal.remedies) for reason, refusal in REFUSALS.items()]


def _worded(code: str, words: Bilingual) -> dict[str, str]:
    return {"code": code, "zh": words.zh, "en": words.en}
