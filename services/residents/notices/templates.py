"""The words of notices, in Chinese and English. Parameters are codes; nothing that anybody wrote gets in."""

from datetime import datetime
from typing import NamedTuple

from services.residents.notices.models import NoticeKind
from services.residents.notices.request_news import news
from shared.clock import CHINA
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
        both("您的诉求({topic}){news}, 请点开查看。", "Your request ({topic}) {news}. Open it to read."),
    ),
    _K.REQUEST_REJECTED: Template(
        both("诉求不予受理", "Your request was declined"),
        both("您的诉求({topic}){news}, 请点开查看。", "Your request ({topic}) {news}. Open it to read."),
        to_phone=True,
    ),
    _K.REQUEST_WAITING: Template(
        both("请补充诉求情况", "We need to know more"),
        both("您的诉求({topic}){news}, 请点开答复。", "Your request ({topic}) {news}. Open it to answer."),
        to_phone=True,
    ),
    _K.REQUEST_WITHDRAWN: Template(
        both("诉求已撤回", "Your request was taken back"),
        both("您的诉求({topic}){news}。", "Your request ({topic}) {news}."),
    ),
    _K.REQUEST_MERGED: Template(
        both("诉求合并办理", "Your request was joined with another"),
        both("您的诉求({topic}){news}。", "Your request ({topic}) {news}."),
    ),
    _K.REQUEST_UNMERGED: Template(
        both("诉求恢复单独办理", "Your request stands by itself again"),
        both("您的诉求({topic}){news}, 期限不变。", "Your request ({topic}) {news}; what was promised stays."),
    ),
    _K.REQUEST_TRANSFERRED: Template(
        both("诉求已转办", "Your request was passed on"),
        both("您的诉求({topic}){news}。", "Your request ({topic}) {news}."),
    ),
    _K.REQUEST_FOLLOWED: Template(
        both("您关注的诉求有新进展", "News about a request that you follow"),
        both("您关注的诉求({topic}){news}。", "A request that you follow ({topic}) {news}."),
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
    _K.OBJECTION_RAISED: Template(
        both("有退单异议待审核", "An objection waits for review"),
        both(
            "一张工单({topic})的办理人认为不属其职责, 请尽快审核; 审核前仍由其负责, 时限照计。",
            "Whoever was asked for a work order ({topic}) holds that it is not theirs. Review it soon: until then it "
            "stays theirs, and its deadline does not wait.",
        ),
    ),
    _K.OBJECTION_OVERDUE: Template(
        both("退单异议审核超时, 请您决定", "An objection is overdue: it is yours to decide"),
        both(
            "一项退单异议({topic})未在时限内审核, 现由负责人决定, 请立即处理。",
            "Nobody reviewed an objection to a work order ({topic}) in time. The head decides it now.",
        ),
    ),
    _K.WORK_LEFT_TO_HEAD: Template(
        both("保密诉求待您指派", "A confidential request waits for you"),
        both(
            "一件保密诉求({topic})没有可以派给的人员, 请您指定可信的办理人。",
            "A confidential request ({topic}) can be given to nobody by the rules. Choose whom you trust with it.",
        ),
    ),
    _K.MEDIATION_OPENED: Template(
        both("邀请您参加调解", "You are invited to a mediation"),
        both(
            "社区邀请您参加一次调解。是否参加由您自愿决定, 请点开查看并答复; 内容仅当事人、调解员和社区主任可见。",
            "The community invites you to a mediation. Whether you take part is yours to decide: open it and answer. "
            "Only the parties, the mediators and the head of the community can read it.",
        ),
        to_phone=True,
    ),
    _K.MEDIATION_NEWS: Template(
        both("调解有新进展", "News about a mediation"),
        both(
            "调解有新进展: {mediation_step}。请点开查看。", "About your mediation: {mediation_step}. Open it to read."
        ),
    ),
    _K.MEDIATION_AGREED: Template(
        both("调解达成协议", "An agreement in mediation"),
        both(
            "各方已确认调解协议。请按期履行; 三十日内可共同申请司法确认。",
            "All parties have confirmed the agreement. Keep its dates; within 30 days you may ask the court together "
            "to confirm it.",
        ),
    ),
    _K.MEDIATION_ENDED: Template(
        both("调解已结束", "A mediation has ended"),
        both("一次调解已结束, 请点开查看结果。", "A mediation has ended. Open it to see how."),
    ),
    _K.DELIBERATION_INVITED: Template(
        both("邀请您参加联合议事", "You are invited to a joint deliberation"),
        both(
            "社区邀请您参加 {when} 的联合议事, 请点开查看议题并答复。",
            "The community invites you to a joint deliberation, {when}. Open it to read the agenda and to answer.",
        ),
        to_phone=True,
    ),
    _K.DELIBERATION_REMINDED: Template(
        both("联合议事即将召开", "A joint deliberation is near"),
        both("您受邀参加的联合议事将于 {when} 召开。", "The joint deliberation you are invited to begins {when}."),
        to_phone=True,
    ),
    _K.DELIBERATION_CANCELLED: Template(
        both("联合议事已取消", "A joint deliberation is called off"),
        both("原定 {when} 的联合议事已取消, 您不必到场。", "The joint deliberation of {when} is called off."),
        to_phone=True,
    ),
    _K.DELIBERATION_OVERDUE: Template(
        both("议事决议逾期未落实", "A resolution has not been carried out"),
        both(
            "一项议事决议应于 {due_on} 前落实, 尚未登记完成, 请跟进。",
            "A resolution was to be carried out by {due_on}, and nobody has reported it done. Follow it up.",
        ),
    ),
    _K.PROJECT_INSPECTION: Template(
        both("请您参加项目验收", "You are asked to inspect a project"),
        both(
            "一个民生实事项目已完工, 请您参加验收并签署意见。",
            "A project of the community is finished. Please inspect it, and sign what you find.",
        ),
        to_phone=True,
    ),
    _K.ARTICLE_ENDING: Template(
        both("知识条目即将到期", "An article is about to end"),
        both(
            "一篇知识条目有效期至 {due_on}, 请核对政策是否更新, 修订后重新发布。",
            "An article is valid until {due_on}. See whether the policy has changed, and publish it anew.",
        ),
    ),
    _K.ARTICLE_ENDED: Template(
        both("知识条目已到期", "An article has ended"),
        both(
            "一篇知识条目已于 {due_on} 到期, 居民查询不再显示。请修订后重新发布, 或停用。",
            "An article was valid until {due_on} and is found no more. Publish it anew, or retire it.",
        ),
    ),
    _K.PROJECT_DELAYED: Template(
        both("民生实事项目进度滞后", "A project is late"),
        both(
            "一个项目的节点应于 {due_on} 完成, 尚未完成, 请跟进。",
            "A milestone of a project was due on {due_on} and has not been reached. Follow it up.",
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
_MEDIATION_STEPS = {
    "accepted": both("各方均同意调解", "all parties want it"),
    "mediator_named": both("增加了调解员", "another mediator was named"),
    "mediator_left": both("有调解员退出", "a mediator has left"),
    "session_scheduled": both("已安排调解会", "a meeting is arranged"),
    "session_cancelled": both("调解会已取消", "a meeting is called off"),
    "session_near": both("明天有调解会", "a meeting is tomorrow"),
    "extension_proposed": both("拟延长期限, 请您答复", "more time is asked for, please answer"),
    "extended": both("期限已延长", "it was given more time"),
    "limit_near": both("期限将到", "its time is nearly over"),
    "agreement_proposed": both("有协议文本待您确认", "the text of an agreement waits for you"),
    "term_near": both("有条款即将到期", "a term is due tomorrow"),
    "term_overdue": both("有条款已过期", "a term is overdue"),
    "fulfilled": both("协议已全部履行", "every term has been kept"),
    "follow_up_due": both("即将回访", "a follow-up visit is due"),
}
_MEDIATION_STEP = both("请查看", "see there")
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
    said = {
        "topic": topic,
        "deadline": deadline,
        "news": news(parameters.get("step", "")),
        "step": step,
        "right": right,
        "decision": decision,
        "mediation_step": _MEDIATION_STEPS.get(parameters.get("step", ""), _MEDIATION_STEP),
    }
    words = {name: getattr(each, language) for name, each in said.items()} | {
        "link": link,
        "when": _when(parameters.get("begins_at"), language),
        "due_on": parameters.get("due_on", ""),
    }
    return getattr(template.title, language), getattr(template.text, language).format(**words)


def _when(begins_at: str | None, language: str) -> str:
    """A moment as it is told in the community, in Asia/Shanghai."""
    if begins_at is None:
        return ""
    local = datetime.fromisoformat(begins_at).astimezone(CHINA)
    if language == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"on {local:%Y-%m-%d} at {local:%H:%M}"
