"""Why an offer was not applied: a code for programs, a sentence in each language for people."""

from datetime import datetime
from enum import StrEnum

from shared.clock import CHINA
from shared.errors import Bilingual, both


class Reason(StrEnum):
    NOT_IN_SCOPE = "not_in_scope"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    WRONG_DAY = "wrong_day"
    WRONG_HOURS = "wrong_hours"
    NOT_ELIGIBLE = "not_eligible"
    """Never says why: the shop may not learn it and the person knows."""
    PERSON_LIMIT = "person_limit"
    TOTAL_LIMIT = "total_limit"
    BUDGET_SPENT = "budget_spent"
    MINIMUM_NOT_MET = "minimum_not_met"
    NO_SAVING = "no_saving"
    """The offer's price is not below the normal one."""
    BETTER_OFFER = "better_offer"
    """Another offer that cannot be combined with this one saves more."""
    NO_LONGER_OFFERED = "no_longer_offered"


_TEXTS = {
    Reason.NOT_IN_SCOPE: both("所选商品不在此优惠范围内。", "Nothing in the basket belongs to this offer."),
    Reason.NOT_STARTED: both("优惠尚未开始。", "The offer has not started yet."),
    Reason.ENDED: both("优惠已结束。", "The offer has ended."),
    Reason.WRONG_DAY: both("今天不是优惠日。", "The offer does not hold on this day."),
    Reason.WRONG_HOURS: both("不在优惠时段内。", "The offer does not hold at this hour."),
    Reason.NOT_ELIGIBLE: both("您暂不符合此优惠的条件。", "You do not meet this offer's conditions."),
    Reason.PERSON_LIMIT: both("您的使用次数已达上限。", "You have used this offer as often as it allows."),
    Reason.TOTAL_LIMIT: both("优惠名额已用完。", "All places of this offer are taken."),
    Reason.BUDGET_SPENT: both("优惠预算已用完。", "The offer's budget is spent."),
    Reason.MINIMUM_NOT_MET: both("未达到最低消费金额。", "The basket is below the offer's minimum."),
    Reason.NO_SAVING: both("原价不高于优惠价。", "The normal price is no higher than the offer's."),
    Reason.BETTER_OFFER: both("已使用更优惠的活动, 不能同时使用。", "A better offer is used that excludes this one."),
    Reason.NO_LONGER_OFFERED: both("优惠已下架, 或商品、价格已变化。", "Withdrawn, or items or prices have changed."),
}


def explain(reason: Reason, next_valid_at: datetime | None = None) -> Bilingual:
    """The sentence for people, with the next time the offer holds where there is one."""
    text = _TEXTS[reason]
    if next_valid_at is None:
        return text
    local = next_valid_at.astimezone(CHINA)
    weekday = "一二三四五六日"[local.weekday()]
    return both(
        f"{text.zh}下一次: {local:%Y-%m-%d} 周{weekday} {local:%H:%M}。", f"{text.en} Next: {local:%a %Y-%m-%d %H:%M}."
    )
