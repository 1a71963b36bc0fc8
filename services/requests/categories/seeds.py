"""The catalogue that every community starts with. From then on it is the community's own: staff edit it."""

from dataclasses import dataclass, field

from services.requests.categories.models import Privacy, ResponderKind, Urgency
from services.requests.categories.schemas import Choice, Datatype, Deadlines, FormAttribute, Terms

HOUR = 60
WORKING_DAY = 7 * HOUR

USUAL = Deadlines(
    normal=Terms(
        accept_minutes=4 * HOUR,
        first_response_minutes=WORKING_DAY,
        resolution_minutes=5 * WORKING_DAY,
        reopened_minutes=2 * WORKING_DAY,
    ),
    urgent=Terms(accept_minutes=5, first_response_minutes=30, resolution_minutes=24 * HOUR, reopened_minutes=12 * HOUR),
)
"""Five working days for ordinary matters, as the hotlines 12345 of most cities promise."""
SHORT = Deadlines(
    normal=Terms(
        accept_minutes=2 * HOUR,
        first_response_minutes=4 * HOUR,
        resolution_minutes=3 * WORKING_DAY,
        reopened_minutes=WORKING_DAY,
    ),
    urgent=USUAL.urgent,
)
LONG = Deadlines(
    normal=Terms(
        accept_minutes=WORKING_DAY,
        first_response_minutes=2 * WORKING_DAY,
        resolution_minutes=15 * WORKING_DAY,
        reopened_minutes=5 * WORKING_DAY,
    ),
    urgent=USUAL.urgent,
)
DANGER = Deadlines(
    normal=SHORT.normal,
    urgent=Terms(accept_minutes=0, first_response_minutes=5, resolution_minutes=8 * HOUR, reopened_minutes=4 * HOUR),
)
"""Somebody may be hurt if nobody comes."""


@dataclass(frozen=True)
class Seed:
    code: str
    name_zh: str
    name_en: str
    urgency: Urgency = Urgency.NORMAL
    deadlines: Deadlines = USUAL
    privacy: Privacy = Privacy.PRIVATE
    form: tuple[FormAttribute, ...] = ()
    responder_kind: ResponderKind = ResponderKind.GRID_WORKER
    anonymous_allowed: bool = False
    duplicate_radius_m: int = 50
    subcategories: tuple["Seed", ...] = field(default=())


def _choice(code: str, zh: str, en: str, *choices: tuple[str, str, str], required: bool = False) -> FormAttribute:
    listed = [Choice(key=key, name_zh=name_zh, name_en=name_en) for key, name_zh, name_en in choices]
    return FormAttribute(code=code, datatype=Datatype.SINGLE, name_zh=zh, name_en=en, required=required, choices=listed)


def _number(code: str, zh: str, en: str, minimum: float, maximum: float) -> FormAttribute:
    return FormAttribute(code=code, datatype=Datatype.NUMBER, name_zh=zh, name_en=en, minimum=minimum, maximum=maximum)


def _notice(code: str, zh: str, en: str) -> FormAttribute:
    return FormAttribute(code=code, datatype=Datatype.TEXT, name_zh=zh, name_en=en, variable=False)


def _line(code: str, zh: str, en: str, hint_zh: str | None = None, hint_en: str | None = None) -> FormAttribute:
    return FormAttribute(code=code, datatype=Datatype.STRING, name_zh=zh, name_en=en, hint_zh=hint_zh, hint_en=hint_en)


def _when(code: str, zh: str, en: str) -> FormAttribute:
    return FormAttribute(code=code, datatype=Datatype.DATETIME, name_zh=zh, name_en=en)


_URGENT = Urgency.URGENT
_PUBLIC, _CONFIDENTIAL = Privacy.PUBLIC, Privacy.CONFIDENTIAL
_KIND = ResponderKind
_NOISE = _choice(
    "source",
    "声源",
    "Source",
    ("neighbour", "邻居", "Neighbour"),
    ("shop", "商铺", "Shop"),
    ("works", "施工", "Building works"),
    ("square", "广场活动", "Activity in the square"),
)
_HAZARD = _choice(
    "hazard",
    "隐患类型",
    "Kind of hazard",
    ("blocked_exit", "通道堵塞", "Blocked way out"),
    ("wiring", "电线飞线", "Loose wiring"),
    ("charging", "电动车违规充电", "Charging of e-bikes"),
    ("gas", "燃气异味", "Smell of gas"),
    required=True,
)
_FAULT = _choice(
    "fault",
    "故障",
    "Fault",
    ("dark", "不亮", "Dark"),
    ("flickering", "闪烁", "Flickering"),
    ("broken", "损坏", "Broken"),
)

_CALL_POLICE = _notice("call_110", "如有人正处于危险中, 请先拨打 110", "If somebody is in danger now, call 110 first")
_CALL_FIRE = _notice("call_119", "发现明火请先拨打 119", "If you see flames, call 119 first")

_PUBLIC_SAFETY = Seed(
    "public_safety",
    "公共安全",
    "Public safety",
    deadlines=DANGER,
    subcategories=(
        Seed("public_safety.lost_person", "走失人员", "Lost person", _URGENT, DANGER),
        Seed(
            "public_safety.fire_hazard",
            "消防隐患",
            "Fire hazard",
            _URGENT,
            DANGER,
            _PUBLIC,
            (_CALL_FIRE, _HAZARD),
            anonymous_allowed=True,
        ),
        Seed(
            "public_safety.falling_objects",
            "高空坠物",
            "Falling objects",
            _URGENT,
            DANGER,
            _PUBLIC,
            anonymous_allowed=True,
        ),
        Seed("public_safety.manhole", "井盖缺失", "Missing manhole cover", _URGENT, DANGER, _PUBLIC),
        Seed("public_safety.person_at_risk", "人员求助", "Person at risk", _URGENT, DANGER, form=(_CALL_POLICE,)),
    ),
)
_RIGHTS_PROTECTION = Seed(
    "rights_protection",
    "权益保障",
    "Protection of rights",
    subcategories=(
        Seed(
            "rights_protection.domestic_violence",
            "家庭暴力",
            "Domestic violence",
            _URGENT,
            DANGER,
            _CONFIDENTIAL,
            (_CALL_POLICE,),
            _KIND.POLICE,
            anonymous_allowed=True,
        ),
        Seed(
            "rights_protection.children",
            "未成年人保护",
            "Protection of children",
            _URGENT,
            DANGER,
            _CONFIDENTIAL,
            (_CALL_POLICE,),
            _KIND.SOCIAL_WORKER,
            anonymous_allowed=True,
        ),
        Seed(
            "rights_protection.elders",
            "老年人权益",
            "Rights of elders",
            responder_kind=_KIND.SOCIAL_WORKER,
            anonymous_allowed=True,
        ),
        Seed(
            "rights_protection.wages", "拖欠工资", "Unpaid wages", deadlines=LONG, responder_kind=_KIND.JUDICIAL_OFFICER
        ),
        Seed(
            "rights_protection.consumers",
            "消费维权",
            "Consumers' rights",
            form=(_when("bought_at", "消费时间", "Bought at"),),
        ),
    ),
)
_FAIRNESS = Seed(
    "fairness",
    "公平正义",
    "Fairness and justice",
    subcategories=(
        Seed("fairness.neighbour_noise", "邻里噪音", "Noise of neighbours", form=(_NOISE,)),
        Seed("fairness.family_dispute", "家庭纠纷", "Family dispute", deadlines=LONG, responder_kind=_KIND.MEDIATOR),
        Seed("fairness.property_management", "物业纠纷", "Dispute with the property company", deadlines=LONG),
        Seed(
            "fairness.conduct_of_staff",
            "工作作风",
            "Conduct of staff",
            privacy=_CONFIDENTIAL,
            anonymous_allowed=True,
        ),
    ),
)
_PUBLIC_SERVICES = Seed(
    "public_services",
    "公共服务",
    "Public services",
    subcategories=(
        Seed("public_services.policy_enquiry", "政策法规咨询", "Policy enquiry", deadlines=SHORT),
        Seed("public_services.medical_insurance", "医疗保险", "Medical insurance", deadlines=SHORT),
        Seed(
            "public_services.certificate",
            "开具证明",
            "Certificate",
            deadlines=SHORT,
            form=(_line("certificate", "证明名称", "Which certificate"),),
        ),
        Seed("public_services.elder_care", "养老服务", "Care of elders"),
        Seed("public_services.visit_wish", "希望上门", "Wish for a visit"),
    ),
)
_LAMP = _line("lamp_number", "灯杆编号", "Number of the lamp", "见灯杆上的标牌", "On the plate of the lamp post")
_LIVELIHOOD = Seed(
    "livelihood",
    "民生实事",
    "Livelihood",
    privacy=_PUBLIC,
    subcategories=(
        Seed(
            "livelihood.street_lamp",
            "路灯",
            "Street lamp",
            privacy=_PUBLIC,
            deadlines=SHORT,
            form=(_FAULT, _LAMP),
            anonymous_allowed=True,
            duplicate_radius_m=30,
        ),
        Seed("livelihood.walls", "墙面", "Walls", privacy=_PUBLIC, deadlines=LONG, anonymous_allowed=True),
        Seed(
            "livelihood.greenery",
            "绿化",
            "Greenery",
            privacy=_PUBLIC,
            deadlines=LONG,
            anonymous_allowed=True,
            duplicate_radius_m=100,
        ),
        Seed(
            "livelihood.paths",
            "道路破损",
            "Broken paths",
            privacy=_PUBLIC,
            deadlines=LONG,
            form=(_number("length_m", "长度 (米)", "Length in metres", 0, 10_000),),
            anonymous_allowed=True,
        ),
        Seed("livelihood.playground", "游乐健身设施", "Playground", privacy=_PUBLIC, anonymous_allowed=True),
        Seed("livelihood.waste", "垃圾清运", "Waste", privacy=_PUBLIC, deadlines=SHORT, anonymous_allowed=True),
        Seed("livelihood.water_heating", "水暖", "Water and heating", deadlines=SHORT, duplicate_radius_m=100),
    ),
)

CLASSES = (_PUBLIC_SAFETY, _RIGHTS_PROTECTION, _FAIRNESS, _PUBLIC_SERVICES, _LIVELIHOOD)
