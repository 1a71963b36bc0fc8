"""Which column of a sheet says what: headings in Chinese and English, however communities spell them. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum

from shared.errors import Bilingual, both


class Column(StrEnum):
    """What a column of a sheet can say."""

    NAME = "name"
    SEX = "sex"
    IDENTITY_NUMBER = "identity_number"
    PASSPORT = "passport"
    BIRTH_ON = "birth_on"
    PHONE = "phone"
    COMPOUND = "compound"
    BUILDING = "building"
    UNIT = "unit"
    ROOM = "room"
    TENURE = "tenure"
    RELATION = "relation"
    LIVES_HERE_SINCE = "lives_here_since"
    TAGS = "tags"
    CAUTIONS = "cautions"
    CONTACT_NAME = "contact_name"
    CONTACT_PHONE = "contact_phone"
    CONTACT_RELATION = "contact_relation"

    @property
    def label(self) -> Bilingual:
        """The heading of the template."""
        return LABELS[self]


LABELS = {
    Column.NAME: both("姓名", "Name"),
    Column.SEX: both("性别", "Sex"),
    Column.IDENTITY_NUMBER: both("身份证号", "Identity number"),
    Column.PASSPORT: both("护照号", "Passport"),
    Column.BIRTH_ON: both("出生日期", "Birth date"),
    Column.PHONE: both("联系电话", "Phone"),
    Column.COMPOUND: both("小区", "Compound"),
    Column.BUILDING: both("楼栋", "Building"),
    Column.UNIT: both("单元", "Unit"),
    Column.ROOM: both("房号", "Room"),
    Column.TENURE: both("住房性质", "Tenure"),
    Column.RELATION: both("与户主关系", "Relation to head"),
    Column.LIVES_HERE_SINCE: both("入住日期", "Lives here since"),
    Column.TAGS: both("人员类别", "Tags"),
    Column.CAUTIONS: both("注意事项", "Cautions"),
    Column.CONTACT_NAME: both("紧急联系人", "Emergency contact"),
    Column.CONTACT_PHONE: both("紧急联系人电话", "Emergency phone"),
    Column.CONTACT_RELATION: both("紧急联系人关系", "Emergency relation"),
}
REQUIRED = (Column.NAME, Column.COMPOUND, Column.BUILDING, Column.ROOM)
"""Without a name there is nobody, without a door nobody lives anywhere."""
PLACES = frozenset({Column.COMPOUND, Column.BUILDING, Column.UNIT, Column.ROOM})
"""Columns whose merged cells count for every row that they cover: a household's door is often written once."""

_SYNONYMS = {
    Column.NAME: "名字、居民姓名、人员姓名、成员姓名、full name、resident",
    Column.SEX: "gender",
    Column.IDENTITY_NUMBER: "身份证号码、身份证、公民身份号码、公民身份证号、证件号码、id number、id card、id no",
    Column.PASSPORT: "护照、护照号码、passport number、passport no",
    Column.BIRTH_ON: "出生年月、出生年月日、出生、生日、date of birth、birthday、dob",
    Column.PHONE: "手机号、手机号码、手机、电话、电话号码、联系方式、本人电话、mobile、telephone、phone number",
    Column.COMPOUND: "小区名称、所属小区、住宅小区、院落、estate",
    Column.BUILDING: "楼栋号、楼号、栋号、楼、栋、幢、幢号、楼房号、building no",
    Column.UNIT: "单元号、unit no、entrance",
    Column.ROOM: "房间号、门牌、门牌号、室、室号、户号、房间、door、room no",
    Column.TENURE: "房屋性质、房屋产权、产权性质、居住性质、自有或租赁、自住出租、ownership",
    Column.RELATION: "与户主的关系、户主关系、家庭关系、关系、relation、relationship",
    Column.LIVES_HERE_SINCE: "入住时间、迁入日期、迁入时间、居住起始日期、来本社区日期、moved in、since",
    Column.TAGS: "标签、人员标签、类别、重点人群、特殊人群、人群分类、tag、groups",
    Column.CAUTIONS: "备注、特殊情况、说明、remarks、notes",
    Column.CONTACT_NAME: "紧急联系人姓名、家属姓名、家属、监护人姓名、emergency contact name",
    Column.CONTACT_PHONE: "紧急联系电话、紧急联系人手机、家属电话、家属联系方式、emergency contact phone",
    Column.CONTACT_RELATION: "与紧急联系人关系、与本人关系、家属关系、emergency contact relation",
}
"""Other headings that communities use, beside the template's."""
_LOOKED_AT = 10
"""Rows among which the headings are looked for: titles and notes may stand above them."""
_ENOUGH = 3
"""Known headings that make a row the row of headings. One could be anybody's word."""


def fold_heading(text: str) -> str:
    """What compares equal: no spaces, marks, or remarks in brackets (`姓名*（必填）` is `姓名`), whatever the width."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]", "", re.sub(r"[(\[【].*?[)\]】]", "", plain))


def _known() -> dict[str, Column]:
    spelled = {column: (*LABELS[column], column.value, *_SYNONYMS[column].split("、")) for column in Column}
    return {fold_heading(text): column for column, texts in spelled.items() for text in texts}


_KNOWN = _known()


def find_headings(rows: Sequence[Sequence[object]]) -> int | None:
    """The position of the row of headings among the first rows; None if none of them is one."""
    counts = [len(propose_mapping([str(cell) for cell in row])) for row in rows[:_LOOKED_AT]]
    most = max(counts, default=0)
    return counts.index(most) if most >= _ENOUGH else None


def propose_mapping(headings: Sequence[str]) -> dict[Column, int]:
    """Column → position, by heading; of two columns that say the same the first counts."""
    mapping: dict[Column, int] = {}
    for position, heading in enumerate(headings):
        column = _KNOWN.get(fold_heading(heading))
        if column is not None:
            mapping.setdefault(column, position)
    return mapping


def missing(mapping: Mapping[Column, int]) -> list[Column]:
    """Columns without which no row can be imported."""
    return [column for column in REQUIRED if column not in mapping]


def letter(position: int) -> str:
    """`A` for 0, `AA` for 26: how spreadsheets name their columns."""
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def position_of(letters: str) -> int:
    """The inverse of `letter`."""
    position = 0
    for character in letters.upper():
        position = position * 26 + ord(character) - ord("A") + 1
    return position - 1
