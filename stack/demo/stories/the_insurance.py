"""Story 9, what does the insurance pay: a question is answered in time, and the answer is published for everybody."""

from dataclasses import dataclass, field

from shared.clock import china_today
from stack.demo.accounts import DAUGHTER_PHONE
from stack.demo.stories.actors import Actor, City, Json
from stack.demo.stories.lost_elder import Tell

ENQUIRY = "public_services.policy_enquiry"
KNOWN = {
    "title_zh": "居民医保门诊报销比例",
    "title_en": "What the residents' insurance pays at the doctor's",
    "summary_zh": "在社区卫生服务中心看病, 门诊费用报销一半。",
    "body_zh": "出示医保电子凭证即可直接结算。目录内的门诊费用报销百分之五十, 每年有限额。",
    "category": "public_services.medical_insurance",
    "tags": ["医保"],
}
SOURCE = {"title": "城乡居民基本医疗保险办法", "document_number": "政发〔2025〕3号", "issuer": "市医疗保障局"}
QUESTION = "我母亲王秀英摔伤住院, 住院费医保能报多少?"
ANSWER = "住院费用在三级医院报销百分之六十, 起付线八百元。"
TITLE = "住院费用报销比例"
READ_AS = "zhuyuan"
BY_INITIALS = "zyfy"


@dataclass
class TheInsurance:
    """What the story has seen so far; tests look at it when it is over."""

    resident: Actor
    staff: Actor
    head: Actor
    suggested: list[Json] = field(default_factory=list)
    request: Json = field(default_factory=dict)
    proposal: Json = field(default_factory=dict)
    own_review: int = 0
    """What whoever wrote the article was answered when they tried to publish it."""
    article: Json = field(default_factory=dict)
    told: list[Json] = field(default_factory=list)
    found: dict[str, list[Json]] = field(default_factory=dict)
    """By what was searched."""
    votes: Json = field(default_factory=dict)


async def play(city: City, tell: Tell) -> TheInsurance:
    """Play the story; StoryBroken if the system does something else."""
    seen = TheInsurance(
        resident=await city.with_phone("daughter", DAUGHTER_PHONE),
        staff=await city.with_password("staff"),
        head=await city.with_password("head"),
    )
    await _known(seen, tell)
    await _ask(seen, tell)
    await _answer(seen, tell)
    await _publish(seen, tell)
    await _find(seen, tell)
    return seen


def _dated(content: Json) -> Json:
    return content | {"sources": [SOURCE], "valid_from": str(china_today())}


async def _known(seen: TheInsurance, tell: Tell) -> None:
    draft = await seen.staff.post("/v1/articles", _dated(KNOWN))
    await seen.staff.post(f"/v1/articles/{draft['id']}/submit-for-review")
    published = await seen.head.post(f"/v1/articles/{draft['id']}/publish")
    tell("知识库里有一条门诊报销 / The knowledge base knows about visits to the doctor", {"state": published["state"]})


async def _ask(seen: TheInsurance, tell: Tell) -> None:
    typed = {"text": QUESTION, "category": ENQUIRY}
    seen.suggested = (await seen.resident.post("/v1/articles/suggest", typed))["items"]
    body = {"category": ENQUIRY, "title": "住院报销", "description": QUESTION, "share_with_household": False}
    seen.request = await seen.resident.post("/v1/service-requests", body)
    tell("输入问题时先给出相近条目, 再提交咨询 / Suggestions come while typing; then it is asked", {
        "suggested": [each["title_zh"] for each in seen.suggested], "respond_by": seen.request["respond_by"],
    })  # fmt: skip


async def _answer(seen: TheInsurance, tell: Tell) -> None:
    path = f"/v1/service-requests/{seen.request['id']}"
    if (await seen.staff.get(path))["state"] == "submitted":
        await seen.staff.try_post(f"{path}/accept")
    seen.request = await seen.staff.post(f"{path}/resolve", {"text": ANSWER})
    seen.proposal = await seen.staff.get(f"/v1/articles/from-request/{seen.request['id']}")
    tell("按时答复; 答复 (不含提问) 成为条目的底稿 / Answered in time; the article begins with the answer", {
        "breached": seen.request["breached"], "body": seen.proposal["body_zh"],
    })  # fmt: skip


async def _publish(seen: TheInsurance, tell: Tell) -> None:
    content = {
        "title_zh": TITLE,
        "summary_zh": ANSWER,
        "body_zh": seen.proposal["body_zh"],
        "category": seen.proposal["category"],
        "nothing_personal": True,
    }
    draft = await seen.staff.post(f"/v1/articles/from-request/{seen.request['id']}", _dated(content))
    path = f"/v1/articles/{draft['id']}"
    await seen.staff.post(f"{path}/submit-for-review")
    seen.own_review = (await seen.staff.try_post(f"{path}/publish")).status_code
    seen.article = await seen.head.post(f"{path}/publish")
    seen.told = (await seen.resident.get(f"/v1/service-requests/{seen.request['id']}/updates"))["items"]
    tell("他人审核后发布, 提问人收到通知 / Published by another; whoever asked hears of it", {
        "state": seen.article["state"], "told": seen.told[-1]["step"],
    })  # fmt: skip


async def _find(seen: TheInsurance, tell: Tell) -> None:
    for query in (TITLE[:4], READ_AS, BY_INITIALS):
        seen.found[query] = (await seen.resident.get("/v1/articles/search", q=query))["items"]
    seen.votes = await seen.resident.post(f"/v1/articles/{seen.article['id']}/vote", {"helpful": True})
    tell("用汉字、拼音、首字母都能查到 / Found by characters, pinyin and initials", {
        query: len(items) for query, items in seen.found.items()
    })  # fmt: skip
