"""Invented names: common surnames of the region and given names drawn from two pools of characters."""

from random import Random

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "单仇解查朴区"
)
COMPOUND_SURNAMES = ("欧阳", "上官", "司马", "诸葛", "尉迟", "皇甫")
GIVEN_MALE = "伟刚勇毅俊峰强军平保东山仁波宁福生元全国胜学祥才发成达厚良海振壮会思群豪心邦承乐绍功松善敏茂裕河"
GIVEN_FEMALE = "秀娟英华巧美娜静淑珠翠雅芝玉萍娥玲芬芳燕彩春菊兰凤洁梅琳素云莲真环雪荣爱妹霞香月莺媛艳瑞凡"
MONGOLIAN = ("巴特尔", "其木格", "乌兰", "格日勒", "萨仁", "阿拉坦", "娜仁", "苏和", "呼和", "斯琴")


def person_name(random: Random, female: bool) -> str:
    """A name of two to four characters, now and then a compound surname or a Mongolian name, as in the region."""
    chance = random.random()
    if chance < 0.02:
        return random.choice(MONGOLIAN)
    surname = random.choice(COMPOUND_SURNAMES) if chance < 0.03 else random.choice(SURNAMES)
    pool = GIVEN_FEMALE if female else GIVEN_MALE
    return surname + "".join(random.sample(pool, 1 if random.random() < 0.25 else 2))


def family_name(random: Random, surname: str, female: bool) -> str:
    """A name with a given surname: children carry their parents'."""
    pool = GIVEN_FEMALE if female else GIVEN_MALE
    return surname + "".join(random.sample(pool, 1 if random.random() < 0.25 else 2))
