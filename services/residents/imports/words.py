"""The words of a sheet, in Chinese and English, and what they mean in the registry. Pure."""

import re
from typing import TypeVar

from services.residents.households.models import Tenure
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.models import Relation, TagKind
from services.residents.words import HOUSEHOLD_RELATIONS as RELATIONS_TO_HEAD
from services.residents.words import TENURES as OUR_TENURES
from shared.errors import Bilingual
from shared.identity import Sex

Meaning = TypeVar("Meaning")

SEXES = {
    Sex.MALE: "男、男性、male、m、1",
    Sex.FEMALE: "女、女性、female、f、2",
}
"""Digits as GB/T 2261.1 has them."""

HOUSEHOLD_RELATIONS = {
    HouseholdRelation.HEAD: "户主、本人、head",
    HouseholdRelation.SPOUSE: "配偶、妻、夫、妻子、丈夫、爱人、夫妻、spouse、wife、husband",
    HouseholdRelation.CHILD: "子女、子、女、儿子、女儿、长子、次子、长女、次女、独生子、独生女、child、son、daughter",
    HouseholdRelation.CHILD_IN_LAW: "儿媳、媳妇、女婿、child in law",
    HouseholdRelation.PARENT: "父母、父、母、父亲、母亲、parent、father、mother",
    HouseholdRelation.PARENT_IN_LAW: "公公、婆婆、岳父、岳母、配偶父母、parent in law",
    HouseholdRelation.GRANDPARENT: "祖父母、祖父、祖母、外祖父、外祖母、奶奶、爷爷、外公、外婆、姥姥、grandparent",
    HouseholdRelation.GRANDCHILD: "孙子女、孙、孙子、孙女、外孙、外孙子、外孙女、grandchild",
    HouseholdRelation.SIBLING: "兄弟姐妹、兄、弟、姐、妹、哥哥、弟弟、姐姐、妹妹、兄弟、姐妹、sibling、brother、sister",
    HouseholdRelation.OTHER_RELATIVE: "其他亲属、亲属、亲戚、relative、other relative",
    HouseholdRelation.LODGER: "租户、租客、承租人、租住、寄住、lodger、tenant",
    HouseholdRelation.CARER: "保姆、护工、看护、carer",
    HouseholdRelation.EMPLOYEE: "雇员、雇工、员工、employee",
    HouseholdRelation.OTHER: "其他、非亲属、other",
}

TENURES = {
    Tenure.OWNER_OCCUPIED: "自住、自有住房、自购、产权房、owner、owned",
    Tenure.RENTED: "租住、出租、租房、承租、rent",
    Tenure.PUBLIC_RENTAL: "廉租房、保障房、公房",
    Tenure.LENT: "借用、lent to them",
    Tenure.OTHER: "其它",
}
"""Beside the registry's own words."""

CONTACT_RELATIONS = {
    Relation.SPOUSE: "配偶、妻、夫、妻子、丈夫、爱人、spouse、wife、husband",
    Relation.CHILD: "子女、子、女、儿子、女儿、长子、次子、长女、次女、child、son、daughter",
    Relation.PARENT: "父母、父、母、父亲、母亲、parent、father、mother",
    Relation.SIBLING: "兄弟姐妹、兄、弟、姐、妹、哥哥、弟弟、姐姐、妹妹、sibling、brother、sister",
    Relation.GRANDCHILD: "孙子女、孙子、孙女、外孙、外孙女、grandchild",
    Relation.OTHER_RELATIVE: "其他亲属、亲属、亲戚、儿媳、女婿、relative、other relative",
    Relation.GUARDIAN: "监护人、guardian",
    Relation.NEIGHBOUR: "邻居、neighbour、neighbor",
    Relation.FRIEND: "朋友、friend",
}

TAGS = {
    TagKind.VETERAN: "退役军人、退伍军人、复员军人、转业军人、veteran",
    TagKind.DISABLED: "残疾人、残疾、disabled",
    TagKind.LIMITED_MOBILITY: "行动不便、失能、半失能、limited mobility",
    TagKind.OLD_CADRE: "老干部、离休干部、old cadre",
    TagKind.OLD_PARTY_MEMBER: "老党员、old party member",
    TagKind.HARDSHIP: "困难群众、低保、低保户、特困、困难户、hardship",
    TagKind.CHILD_IN_HARDSHIP: "困难儿童、困境儿童、child in hardship",
    TagKind.DEMENTIA: "认知症、失智、阿尔茨海默、老年痴呆、dementia",
    TagKind.LIVING_ALONE: "独居、独居老人、living alone",
}
_NO_TAGS = "无、没有、普通、普通居民、一般、高龄、高龄老人、低龄老人、老年人、老人、儿童、未成年人、none"
"""Said in this column, but no tag: nothing at all, or an age, which follows from the birth date."""


def fold(word: str) -> str:
    return re.sub(r"[\s_-]", "", word).casefold()


def _by_word(words: dict[Meaning, str]) -> dict[str, Meaning]:
    return {fold(word): meaning for meaning, listed in words.items() for word in listed.split("、")}


def _by_label(words: dict[Meaning, Bilingual]) -> dict[str, Meaning]:
    return {fold(word): meaning for meaning, said in words.items() for word in said}


def label(words: str) -> str:
    """The first word of a list: what we write ourselves."""
    return words.split("、", maxsplit=1)[0]


SEX_OF = _by_word(SEXES)
TENURE_OF = _by_word(TENURES) | _by_label(OUR_TENURES)
HOUSEHOLD_RELATION_OF = _by_word(HOUSEHOLD_RELATIONS) | _by_label(RELATIONS_TO_HEAD)
CONTACT_RELATION_OF = _by_word(CONTACT_RELATIONS)
TAG_OF: dict[str, TagKind | None] = dict.fromkeys(map(fold, _NO_TAGS.split("、"))) | _by_word(TAGS)
