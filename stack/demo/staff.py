"""Those who answer: fourteen grid workers, twenty-five partner units, three social organisations, and the accounts."""

from dataclasses import dataclass
from random import Random

from stack.demo.names import person_name
from stack.demo.places import COMMUNITY_CODE, COUNTY, DemoGrid, demo_grids
from stack.demo.shops import make_uscc

PASSWORD = "kaiyuan-365"  # noqa: S105 - public on purpose: it is printed in the banner
"""Of every demo account that signs in by password. So the demo community has no place beside a real one."""


@dataclass(frozen=True)
class DemoWorker:
    """A grid worker (网格员); the last two are part-time and stand in."""

    username: str
    name: str
    phone: str
    home_grid: DemoGrid
    own_grid: DemoGrid | None
    backup_grids: tuple[DemoGrid, ...]


@dataclass(frozen=True)
class DemoUnit:
    name: str
    force: str
    skills: tuple[str, ...]
    uscc: str
    phone: str
    username: str | None = None
    """Of those who sign in, to mediate or to build."""


def demo_workers() -> list[DemoWorker]:
    """One for each of the twelve grids, whose neighbour is the backup, and two part-time ones."""
    random = Random(3651)
    grids = demo_grids()
    workers = []
    for number in range(1, 15):
        home = grids[(number - 1) % len(grids)]
        workers.append(
            DemoWorker(
                username=f"worker{number:02d}",
                name=person_name(random, female=number % 3 != 0),
                phone=f"1990000{9300 + number}",
                home_grid=home,
                own_grid=home if number <= len(grids) else None,
                backup_grids=(grids[(number - 2) % len(grids)],) if number <= len(grids) else (),
            )
        )
    return workers


_UNITS = (
    "区文化馆", "第一中学", "实验小学", "中心幼儿园", "艺术职业学校", "社区卫生服务中心", "司法所", "派出所",
    "综合执法中队", "消防救援站", "供热公司", "供水公司", "供电所", "燃气公司", "园林队", "环卫站", "邮政支局",
    "农商银行支行", "物业服务公司", "街道团工委", "街道妇联", "街道残联", "老年大学", "图书馆", "公交车队",
)  # fmt: skip
_SKILLS = {
    "司法所": ("mediation", "legal"), "派出所": ("police", "lost_person"), "社区卫生服务中心": ("health",),
    "消防救援站": ("fire",), "综合执法中队": ("enforcement",), "供热公司": ("heating",), "供水公司": ("water",),
    "供电所": ("electricity", "street_lamp"), "燃气公司": ("gas",), "园林队": ("greenery",), "环卫站": ("cleaning",),
    "物业服务公司": ("property",),
}  # fmt: skip
_SIGN_IN = {"司法所": "judicial", "派出所": "police", "园林队": "greenery"}
_ORGANISATIONS = ("银龄守护社", "巧手志愿者之家", "暖阳社工服务中心")


def demo_units() -> list[DemoUnit]:
    """Twenty-five partner units (共建单位) and three social organisations (社会组织)."""
    units = [
        DemoUnit(
            name,
            "partner_unit",
            _SKILLS.get(name, ()),
            make_uscc(100 + index),
            f"1990000{9500 + index}",
            _SIGN_IN.get(name),
        )
        for index, name in enumerate(_UNITS)
    ]  # fmt: skip
    return units + [
        DemoUnit(name, "social_organisation", ("care",), make_uscc(200 + index), f"1990000{9550 + index}")
        for index, name in enumerate(_ORGANISATIONS)
    ]


@dataclass(frozen=True)
class DemoAccount:
    """Someone who can sign in; residents sign in with their phone and a one-time code."""

    username: str
    role: str
    area: str
    title: str
    title_en: str


STAFF = (
    DemoAccount("staff", "staff", COMMUNITY_CODE, "社区工作人员", "Community staff"),
    DemoAccount("head", "head", COMMUNITY_CODE, "社区主任", "Community head"),
    DemoAccount("supervisor", "supervisor", COUNTY, "区级督导", "Supervisor of the county"),
)
