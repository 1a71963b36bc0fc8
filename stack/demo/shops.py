"""Forty shops of the alliance and their offers, three of them the ones of the newspaper article."""

from dataclasses import dataclass, field
from random import Random

from stdnum.cn import uscc

from stack.demo.names import person_name
from stack.demo.places import COUNTY, demo_grids

TRADES = (
    ("fruit", "果园", "水果店", (("苹果", 1280), ("香蕉", 680), ("砂糖橘", 980))),
    ("hair", "云剪", "理发店", (("洗剪吹", 3800), ("儿童理发", 2500))),
    ("butcher", "草原", "肉铺", (("羊腿肉", 7800), ("牛腱子", 8600), ("切片加工", 500))),
    ("bakery", "麦香", "面包房", (("牛奶吐司", 1500), ("鸡蛋糕", 1200))),
    ("pharmacy", "康宁", "药房", (("血压计", 19900), ("创可贴", 800))),
    ("grocery", "邻里", "便利店", (("大米 5 千克", 3200), ("食用油", 6500))),
    ("laundry", "洁净", "洗衣店", (("羽绒服清洗", 4500), ("衬衫清洗", 1500))),
    ("repair", "巧手", "维修铺", (("换锁芯", 12000), ("修鞋", 2000))),
)
"""Trade code, first part of the name, what the shop is called, its items with prices in fen."""


@dataclass(frozen=True)
class DemoOffer:
    title: str
    title_en: str
    effect: str
    amount: int
    """Per cent off, fen off or fixed price in fen, by effect."""
    item: str | None = None
    """The item it is for; None: everything."""
    weekday: str | None = None
    """RFC 5545 weekday; None: every day."""
    conditions: tuple[str, ...] = ()
    total_limit: int | None = None


@dataclass
class DemoShop:
    name: str
    trade: str
    uscc: str
    contact_name: str
    contact_phone: str
    longitude: float
    latitude: float
    grid_code: str
    items: tuple[tuple[str, int], ...]
    offers: list[DemoOffer] = field(default_factory=list)


def demo_shops() -> list[DemoShop]:
    """Five shops of each trade, spread over the grids."""
    random = Random(3653)
    grids = demo_grids()
    shops = []
    for index in range(40):
        trade, first, kind, items = TRADES[index % len(TRADES)]
        grid = grids[index % len(grids)]
        longitude, latitude = grid.centre
        shops.append(
            DemoShop(
                name=f"{first}{kind}" + ("" if index < len(TRADES) else f" {index // len(TRADES) + 1} 店"),
                trade=trade,
                uscc=make_uscc(index),
                contact_name=person_name(random, female=index % 2 == 0),
                contact_phone=f"1990000{9400 + index}",
                longitude=round(longitude + random.uniform(-0.0015, 0.0015), 6),
                latitude=round(latitude + random.uniform(-0.001, 0.001), 6),
                grid_code=grid.code,
                items=items,
            )
        )
    _give_offers(shops)
    return shops


def make_uscc(sequence: int) -> str:
    """A unified social credit code with a correct check character (GB 32100-2015) under the unassigned county."""
    organisation = f"MADEM{sequence:03d}"
    body = f"92{COUNTY}{organisation}"
    for last in "0123456789ABCDEFGHJKLMNPQRTUWXY":
        code = f"{body}{last}"
        code += uscc.calc_check_digit(code)
        if uscc.is_valid(code):
            return code
    raise AssertionError("some character always completes the organisation code")


def _give_offers(shops: list[DemoShop]) -> None:
    fruit, hair, butcher, bakery, pharmacy = shops[:5]
    fruit.offers.append(DemoOffer("周六水果八折", "20 % off fruit on Saturdays", "percent_off", 20, weekday="SA"))
    hair.offers.append(DemoOffer("周一 9.9 元理发", "Haircut ¥9.9 on Mondays", "fixed_price", 990, "洗剪吹", "MO"))
    butcher.offers.append(
        DemoOffer("周六免费切羊肉片", "Free meat slicing on Saturdays", "free_service", 0, "切片加工", "SA")
    )
    bakery.offers.append(
        DemoOffer("前 100 份吐司八折", "20 % off for the first 100", "percent_off", 20, "牛奶吐司", total_limit=100)
    )
    pharmacy.offers.append(
        DemoOffer("退役军人立减 20 元", "¥20 off for veterans", "amount_off", 2000, conditions=("tag:veteran",))
    )
    hair.offers.append(
        DemoOffer(
            "80 岁以上老人免费理发", "Free haircut for over-80s", "free_service", 0, "洗剪吹", conditions=("age>=80",)
        )
    )
    for index, shop in enumerate(shops[8:], start=8):
        day = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[index % 7]
        off = 5 + index % 4 * 5
        shop.offers.append(
            DemoOffer(f"每周会员日 {100 - off} 折", f"{off} % off once a week", "percent_off", off, weekday=day)
        )
