import math
from datetime import datetime, timedelta

from shared.clock import CHINA
from shared.errors import Problem, both


class TooManySubmissions(Problem):
    status = 429
    code = "too-many-submissions"
    title = both("提交的诉求过多", "Too many requests submitted")

    def __init__(self, allowed: int, window: timedelta, wait: timedelta) -> None:
        """At most `allowed` within `window`; there is room again after `wait`."""
        seconds = max(1, math.ceil(wait.total_seconds()))
        minutes, hours = int(window.total_seconds()) // 60, int(window.total_seconds()) // 3600
        zh, en = (f"{hours} 小时", f"{hours} hours") if hours else (f"{minutes} 分钟", f"{minutes} minutes")
        super().__init__(
            both(
                f"{zh}内最多提交 {allowed} 件。同一件事请在已提交的诉求中补充说明, 紧急情况请拨打社区热线。",
                f"At most {allowed} within {en}. Add to a request of yours by a comment; if it is urgent, ring the "
                "community's hotline.",
            ),
            headers={"Retry-After": str(seconds)},
            retry_after=seconds,
            allowed=allowed,
        )


class IntakeBlocked(Problem):
    status = 403
    code = "intake-blocked"
    title = both("暂停接受您的诉求", "No requests are taken from you for now")

    def __init__(self, until: datetime) -> None:
        day = until.astimezone(CHINA).date().isoformat()
        super().__init__(
            both(
                f"您有多件诉求被认定为滥用, {day} 前不再接受新的诉求; 紧急类别不受影响。如有异议, 请致电社区或当面说明,"
                "工作人员可以撤销认定。",
                f"Several of your requests were held for abuse; no others are taken until {day}, except urgent ones. "
                "If you disagree, ring or visit the community: its staff can take that back.",
            ),
            until=until.isoformat(),
        )


class AlreadyFlagged(Problem):
    status = 409
    code = "already-flagged"
    title = both("该诉求已被标记", "This request is flagged already")
    detail = both("如标记有误, 请撤销已有标记。", "If that was wrong, lift the flag that it has.")


class NobodyToFlag(Problem):
    status = 409
    code = "nobody-to-flag"
    title = both("该诉求没有可识别的提交人", "Nobody is known to have submitted this")
    detail = both(
        "匿名或未留联系方式的诉求不能标记, 可以不予受理并说明理由。",
        "What came without a name or phone cannot be flagged; it can be rejected with a reason.",
    )


class FlagLifted(Problem):
    status = 409
    code = "flag-lifted"
    title = both("该标记已撤销", "This flag was lifted before")
    detail = both("不需要再次撤销。", "Nothing more is to be done.")
