"""The words of notices, in Chinese and English. Parameters are codes; nothing that anybody wrote gets in."""

from typing import NamedTuple

from services.residents.notices.models import NoticeKind
from shared.errors import Bilingual, both


class Template(NamedTuple):
    title: Bilingual
    text: Bilingual
    to_phone: bool = False
    """Whether it also goes to the recipient's phone."""


_K = NoticeKind
TEMPLATES: dict[NoticeKind, Template] = {
    _K.REQUEST_ACCEPTED: Template(
        both("诉求已受理", "Your request was accepted"),
        both(
            "您的诉求({topic})已受理, 进展会在这里告诉您。",
            "Your request ({topic}) was accepted. News follow here.",
        ),
    ),
    _K.REQUEST_PROGRESSED: Template(
        both("诉求有新进展", "News about your request"),
        both("您的诉求({topic})有新进展, 请点开查看。", "There is news about your request ({topic}). Open it to read."),
    ),
    _K.REQUEST_RESOLVED: Template(
        both("诉求已办结", "Your request is done"),
        both(
            "您的诉求({topic})已办理完毕。请查看结果并告诉我们是否解决; 没解决可以退回重办。",
            "Your request ({topic}) is done. Look at the result and say whether it is solved; if not, send it back.",
        ),
        to_phone=True,
    ),
    _K.REQUEST_CONFIRMED: Template(
        both("诉求已确认办结", "Your request is closed"),
        both("您的诉求({topic})已确认办结, 谢谢。", "Your request ({topic}) is confirmed and closed. Thank you."),
    ),
    _K.REQUEST_REOPENED: Template(
        both("诉求重新办理", "Your request is open again"),
        both(
            "您的诉求({topic})已重新办理, 期限更短。", "Your request ({topic}) is open again, with a shorter deadline."
        ),
    ),
    _K.REQUEST_DUE_SOON: Template(
        both("诉求即将超时", "A request is nearly due"),
        both(
            "一件诉求({topic})的{deadline}时限已用去八成, 请尽快办理。",
            "Four fifths of the time in which a request ({topic}) is to be {deadline} have passed. Please see to it.",
        ),
    ),
    _K.REQUEST_OVERDUE: Template(
        both("诉求已超时", "A request is overdue"),
        both(
            "一件诉求({topic})未在时限内{deadline}, 已升级督办, 请立即处理。",
            "A request ({topic}) was not {deadline} in time and is escalated. Please act now.",
        ),
    ),
    _K.FOUND_PERSON_OVERDUE: Template(
        both("走失人员超时未处置", "A found person is overdue"),
        both(
            "一名被发现的人员超过规定时间仍未{step}, 已升级处置。请报警 (110) 并接手。",
            "A found person has not been {step} in time; the case is escalated. Call the police (110) and take over.",
        ),
    ),
    _K.FOUND_PERSON_MESSAGE: Template(
        both("走失人员有新留言", "A message about a found person"),
        both(
            "发现人或家属有新留言, 请打开案件查看并回复。", "The finder or the family wrote. Open the case to answer."
        ),
    ),
    _K.FOUND_PERSON_FAMILY: Template(
        both("家人已被找到", "Your relative was found"),
        both(
            "【社区】您的家人在外被好心人发现, 社区人员正在陪伴。查看进展、会合地点并留言: {link} 紧急情况请拨 110。",
            "[Community] Your relative was found outdoors and is being looked after. News, where to meet, messages: "
            "{link} In an emergency call 110.",
        ),
        to_phone=True,
    ),
    _K.FOUND_PERSON_FAMILY_NEWS: Template(
        both("家人有新消息", "News of your relative"),
        both(
            "【社区】关于您的家人有新留言或会合地点, 请查看: {link}",
            "[Community] There is a new message or a place to meet for your relative: {link}",
        ),
        to_phone=True,
    ),
    _K.RIGHTS_REQUEST_RECEIVED: Template(
        both("个人信息权利请求", "A request about one's own data"),
        both(
            "有居民申请{right}个人信息, 请在 15 日内作出决定。",
            "A resident asks that their data be {right}. Decide within 15 days.",
        ),
    ),
    _K.RIGHTS_REQUEST_DECIDED: Template(
        both("您的个人信息请求有了结果", "Your request about your data was decided"),
        both(
            "您申请{right}个人信息的请求: {decision}。请点开查看说明; 不同意可向社区负责人反映。",
            "Your request that your data be {right}: {decision}. Open it to read why; if you disagree, tell the head "
            "of the community.",
        ),
        to_phone=True,
    ),
    _K.ACCESS_UNJUSTIFIED: Template(
        both("您的信息曾被不当查阅", "Your data was read without good reason"),
        both(
            "社区复核发现, 有人以“紧急”为由查阅了您的信息但理由不充分, 已作处理。您可在“谁看过我的信息”中查看。",
            "A review found that somebody read your data as an emergency without good reason; it is being dealt with. "
            "See who looked at your record in the app.",
        ),
        to_phone=True,
    ),
}

_TOPICS = {
    "public_safety": both("公共安全", "public safety"),
    "rights_protection": both("权益保障", "protection of rights"),
    "fairness": both("公平正义", "fairness and justice"),
    "public_services": both("公共服务", "public services"),
    "livelihood": both("民生实事", "livelihood"),
}
_OTHER_TOPIC = both("其他", "other")
_RIGHTS = {"correction": both("更正", "corrected"), "erasure": both("删除", "erased")}
_DECISIONS = {
    "done": both("已办理", "done"),
    "approved": both("已同意, 到期后办理", "approved, and made when the time for reflection has passed"),
    "declined": both("未予办理", "declined"),
}
_DEADLINES = {
    "accept": both("受理", "accepted"),
    "first_response": both("首次回应", "answered first"),
    "resolution": both("办结", "resolved"),
}
_STEPS = {"identify": both("确认身份", "identified"), "hand_over": both("交接", "handed over")}


def render(kind: NoticeKind, parameters: dict[str, str], language: str, *, link: str = "") -> tuple[str, str]:
    """(title, text) in `zh` or `en`. A category's topic is its class, the part before the first dot.

    `link` is the address of the reader's own page; it is a secret, so it is never among the parameters.
    """
    template = TEMPLATES[kind]
    topic = _TOPICS.get(parameters.get("category", "").partition(".")[0], _OTHER_TOPIC)
    step = _STEPS.get(parameters.get("step", ""), _STEPS["hand_over"])
    right = _RIGHTS.get(parameters.get("right", ""), _RIGHTS["correction"])
    decision = _DECISIONS.get(parameters.get("decision", ""), _DECISIONS["done"])
    deadline = _DEADLINES.get(parameters.get("deadline", ""), _DEADLINES["resolution"])
    said = {"topic": topic, "deadline": deadline, "step": step, "right": right, "decision": decision}
    words = {name: getattr(each, language) for name, each in said.items()} | {"link": link}
    return getattr(template.title, language), getattr(template.text, language).format(**words)
