"""The templates that a community may start with. From then on they are the community's own: staff edit them."""

from services.requests.templates.models import TemplatePurpose
from services.requests.templates.schemas import TemplateCreate

USUAL = (
    TemplateCreate(
        code="accepted",
        purpose=TemplatePurpose.ACCEPTANCE,
        name_zh="已受理",
        name_en="Accepted",
        text_zh="您好, 您{submitted_on}反映的“{category}”问题我们已受理 (编号 {reference}), 将在{resolve_by}前答复。",
        text_en="We have taken up what you told us on {submitted_on} ({category}) and will answer by {resolve_by}.",
    ),
    TemplateCreate(
        code="not_ours",
        purpose=TemplatePurpose.REFUSAL,
        name_zh="不属社区职责",
        name_en="Not ours to solve",
        text_zh="您好, 您反映的“{category}”问题不在社区职责范围内。您可以拨打 12345 热线反映; 如有疑问请联系社区。",
        text_en="This ({category}) is not the community's to solve. The hotline 12345 takes it; ask us if in doubt.",
    ),
    TemplateCreate(
        code="asked_before",
        purpose=TemplatePurpose.REFUSAL,
        name_zh="重复反映",
        name_en="Asked before",
        text_zh="您好, 同一问题已有诉求正在办理, 进展会一并告知您, 不必重复提交。",
        text_en="The same is being looked after already; you will hear of it, and need not ask again.",
    ),
    TemplateCreate(
        code="where_exactly",
        purpose=TemplatePurpose.WAIT,
        name_zh="请补充地点",
        name_en="Where exactly",
        text_zh="您好, 为尽快办理, 请补充具体位置 (楼栋、单元、楼层) , 有照片更好。收到后继续办理。",
        text_en="Which building, entrance and floor is it? A photo helps. We go on as soon as you answer.",
    ),
    TemplateCreate(
        code="when_at_home",
        purpose=TemplatePurpose.WAIT,
        name_zh="请约时间",
        name_en="When are you at home",
        text_zh="您好, 工作人员需要上门查看, 请告知您方便的时间。",
        text_en="Somebody needs to come and look. When are you at home?",
    ),
    TemplateCreate(
        code="under_way",
        purpose=TemplatePurpose.PROGRESS,
        name_zh="办理中",
        name_en="Under way",
        text_zh="您好, 您反映的“{category}”问题正在办理, 预计{resolve_by}前完成。",
        text_en="We are working on it ({category}) and expect to be done by {resolve_by}.",
    ),
    TemplateCreate(
        code="waiting_for_parts",
        purpose=TemplatePurpose.PROGRESS,
        name_zh="等待配件",
        name_en="Waiting for parts",
        text_zh="您好, 维修所需配件已订购, 到货后立即安装, 给您带来不便请谅解。",
        text_en="The parts are ordered and will be fitted as soon as they are here. We are sorry for the wait.",
    ),
    TemplateCreate(
        code="repaired",
        purpose=TemplatePurpose.RESOLUTION,
        name_zh="已修复",
        name_en="Repaired",
        text_zh="您好, 您{submitted_on}反映的“{category}”问题已修复, 请您确认。如未解决请告知, 我们再来。",
        text_en="What you told us on {submitted_on} ({category}) is repaired. If it is not, say so and we come back.",
    ),
    TemplateCreate(
        code="explained",
        purpose=TemplatePurpose.RESOLUTION,
        category_code="public_services",
        name_zh="政策已答复",
        name_en="Policy explained",
        text_zh="您好, 关于您咨询的“{category}”, 答复如下: ",
        text_en="You asked about {category}. Our answer: ",
    ),
    TemplateCreate(
        code="is_it_solved",
        purpose=TemplatePurpose.CALLBACK,
        name_zh="回访",
        name_en="Is it solved",
        text_zh="您好, 这里是社区。您反映的“{category}”问题解决了吗? 您对办理结果满意吗? 还有什么需要我们做的?",
        text_en="This is the community. Is it solved ({category})? Are you satisfied? Is there anything left to do?",
    ),
)
