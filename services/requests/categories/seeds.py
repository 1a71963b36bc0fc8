"""The catalogue that every community starts with. From then on it is the community's own: staff edit it."""

from dataclasses import dataclass, field

from services.requests.categories.models import Urgency
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
    public: bool = False
    form: tuple[FormAttribute, ...] = ()
    subcategories: tuple["Seed", ...] = field(default=())


def _choice(code: str, zh: str, en: str, *choices: tuple[str, str, str], required: bool = False) -> FormAttribute:
    listed = [Choice(key=key, name_zh=name_zh, name_en=name_en) for key, name_zh, name_en in choices]
    return FormAttribute(code=code, datatype=Datatype.SINGLE, name_zh=zh, name_en=en, required=required, choices=listed)


def _number(code: str, zh: str, en: str) -> FormAttribute:
    return FormAttribute(code=code, datatype=Datatype.NUMBER, name_zh=zh, name_en=en)


def _line(code: str, zh: str, en: str) -> FormAttribute:
    return FormAttribute(code=code, datatype=Datatype.STRING, name_zh=zh, name_en=en)


def _when(code: str, zh: str, en: str) -> FormAttribute:
    return FormAttribute(code=code, datatype=Datatype.DATETIME, name_zh=zh, name_en=en)


_URGENT = Urgency.URGENT
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

CLASSES = (
    Seed(
        "public_safety",
        "公共安全",
        "Public safety",
        deadlines=DANGER,
        subcategories=(
            Seed("public_safety.lost_person", "走失人员", "Lost person", _URGENT, DANGER),
            Seed("public_safety.fire_hazard", "消防隐患", "Fire hazard", _URGENT, DANGER, True, (_HAZARD,)),
            Seed("public_safety.falling_objects", "高空坠物", "Falling objects", _URGENT, DANGER, True),
            Seed("public_safety.manhole", "井盖缺失", "Missing manhole cover", _URGENT, DANGER, True),
            Seed("public_safety.person_at_risk", "人员求助", "Person at risk", _URGENT, DANGER),
        ),
    ),
    Seed(
        "rights_protection",
        "权益保障",
        "Protection of rights",
        subcategories=(
            Seed("rights_protection.domestic_violence", "家庭暴力", "Domestic violence", _URGENT, DANGER),
            Seed("rights_protection.children", "未成年人保护", "Protection of children", _URGENT, DANGER),
            Seed("rights_protection.elders", "老年人权益", "Rights of elders"),
            Seed("rights_protection.wages", "拖欠工资", "Unpaid wages", deadlines=LONG),
            Seed(
                "rights_protection.consumers",
                "消费维权",
                "Consumers' rights",
                form=(_when("bought_at", "消费时间", "Bought at"),),
            ),
        ),
    ),
    Seed(
        "fairness",
        "公平正义",
        "Fairness and justice",
        subcategories=(
            Seed("fairness.neighbour_noise", "邻里噪音", "Noise of neighbours", form=(_NOISE,)),
            Seed("fairness.family_dispute", "家庭纠纷", "Family dispute", deadlines=LONG),
            Seed("fairness.property_management", "物业纠纷", "Dispute with the property company", deadlines=LONG),
            Seed("fairness.conduct_of_staff", "工作作风", "Conduct of staff"),
        ),
    ),
    Seed(
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
    ),
    Seed(
        "livelihood",
        "民生实事",
        "Livelihood",
        public=True,
        subcategories=(
            Seed(
                "livelihood.street_lamp",
                "路灯",
                "Street lamp",
                public=True,
                deadlines=SHORT,
                form=(_FAULT, _line("lamp_number", "灯杆编号", "Number of the lamp")),
            ),
            Seed("livelihood.walls", "墙面", "Walls", public=True, deadlines=LONG),
            Seed("livelihood.greenery", "绿化", "Greenery", public=True, deadlines=LONG),
            Seed(
                "livelihood.paths",
                "道路破损",
                "Broken paths",
                public=True,
                deadlines=LONG,
                form=(_number("length_m", "长度 (米)", "Length in metres"),),
            ),
            Seed("livelihood.playground", "游乐健身设施", "Playground", public=True),
            Seed("livelihood.waste", "垃圾清运", "Waste", public=True, deadlines=SHORT),
            Seed("livelihood.water_heating", "水暖", "Water and heating", deadlines=SHORT),
        ),
    ),
)
