"""What can be wrong with a row, said so that whoever keeps the sheet can put it right. Never with the value."""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Bilingual, both


class Severity(StrEnum):
    ERROR = "error"
    """The row cannot be imported."""
    WARNING = "warning"
    """The row is imported; somebody should look."""


class ProblemCode(StrEnum):
    MISSING = "missing"
    TOO_LONG = "too_long"
    CHARACTERS = "characters"
    NOT_A_NAME = "not_a_name"
    FORMULA_ERROR = "formula_error"
    MERGED_CELL = "merged_cell"
    NUMBER_LOST_DIGITS = "number_lost_digits"
    IDENTITY_FORMAT = "identity_format"
    IDENTITY_CHECK_DIGIT = "identity_check_digit"
    IDENTITY_BIRTH_DATE = "identity_birth_date"
    IDENTITY_FUTURE = "identity_future"
    PASSPORT = "passport"
    PHONE = "phone"
    DATE = "date"
    BIRTH_DATE_IMPLAUSIBLE = "birth_date_implausible"
    BIRTH_DATE_DIFFERS = "birth_date_differs"
    SINCE_IMPLAUSIBLE = "since_implausible"
    SEX = "sex"
    SEX_DIFFERS = "sex_differs"
    TENURE = "tenure"
    RELATION = "relation"
    TAG = "tag"
    CONTACT_INCOMPLETE = "contact_incomplete"
    CONTACT_RELATION = "contact_relation"
    TWO_HEADS = "two_heads"
    SAME_PERSON_TWICE = "same_person_twice"
    ADDRESS_UNKNOWN = "address_unknown"
    HIDDEN_ROW = "hidden_row"
    NAME_DIFFERS = "name_differs"
    LIVES_ELSEWHERE = "lives_elsewhere"
    NO_LONGER_HERE = "no_longer_here"
    AMBIGUOUS = "ambiguous"
    DOCUMENTS_DISAGREE = "documents_disagree"
    ANOTHER_HEAD = "another_head"
    TOO_MANY_CONTACTS = "too_many_contacts"

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self in _WARNINGS else Severity.ERROR

    @property
    def message(self) -> Bilingual:
        return _MESSAGES[self]


_WARNINGS = frozenset(
    {
        ProblemCode.HIDDEN_ROW,
        ProblemCode.SEX_DIFFERS,
        ProblemCode.ANOTHER_HEAD,
        ProblemCode.TOO_MANY_CONTACTS,
    }
)

_MESSAGES = {
    ProblemCode.MISSING: both("必填, 请补上。", "Required; fill it in."),
    ProblemCode.TOO_LONG: both("文字太长, 请缩短。", "Too long; shorten it."),
    ProblemCode.CHARACTERS: both(
        "含有不可见的控制字符, 请重新输入。", "Holds invisible control characters; type it again."
    ),
    ProblemCode.NOT_A_NAME: both("不是姓名: 没有文字。", "Not a name: it has no letters."),
    ProblemCode.FORMULA_ERROR: both(
        "公式出错 (如 #N/A), 请改为文字或数值。", "A formula failed (as #N/A); write the value instead."
    ),
    ProblemCode.MERGED_CELL: both(
        "合并单元格只能用于地址列, 请取消合并并逐行填写。",
        "Merged cells are understood in address columns only; unmerge it and fill each row.",
    ),
    ProblemCode.NUMBER_LOST_DIGITS: both(
        "被当作数字存储, 末几位已丢失: 请把该列设为文本格式后重新输入。",
        "Stored as a number, its last digits are lost: make the column text and type it again.",
    ),
    ProblemCode.IDENTITY_FORMAT: both("身份证号应为 18 位。", "An identity number has 18 characters."),
    ProblemCode.IDENTITY_CHECK_DIGIT: both(
        "身份证号校验码不符, 可能有一位写错。", "The check digit does not fit: a digit is wrong."
    ),
    ProblemCode.IDENTITY_BIRTH_DATE: both(
        "身份证号中的出生日期不存在。", "The birth date within the number does not exist."
    ),
    ProblemCode.IDENTITY_FUTURE: both(
        "身份证号中的出生日期不合理。", "The birth date within the number is not plausible."
    ),
    ProblemCode.PASSPORT: both(
        "护照号不正确: 写国家三字母代码和号码, 如 CHN E12345678。",
        "Not a passport: write the country's three letters and the number, as in CHN E12345678.",
    ),
    ProblemCode.PHONE: both(
        "电话号码不正确: 手机写 11 位, 座机带区号; 只写一个号码。",
        "Not a phone number: 11 digits for a mobile, the area code for a landline; one number only.",
    ),
    ProblemCode.DATE: both("不是存在的日期, 请写成 1958-02-28。", "Not a date that exists; write 1958-02-28."),
    ProblemCode.BIRTH_DATE_IMPLAUSIBLE: both("出生日期不合理。", "Not a plausible birth date."),
    ProblemCode.BIRTH_DATE_DIFFERS: both(
        "出生日期与身份证号不一致。", "The birth date differs from the identity number's."
    ),
    ProblemCode.SINCE_IMPLAUSIBLE: both("入住日期不合理。", "Not a plausible day to have moved in."),
    ProblemCode.SEX: both("性别请写男或女。", "Write male or female."),
    ProblemCode.SEX_DIFFERS: both(
        "性别与身份证号不一致, 请核对; 按表中所写导入。",
        "The sex differs from the identity number's; check it. Imported as written.",
    ),
    ProblemCode.TENURE: both(
        "不认识的住房性质, 请从模板的下拉项中选择。", "Unknown tenure; choose one of the template's."
    ),
    ProblemCode.RELATION: both(
        "不认识的户内关系, 请从模板的下拉项中选择。", "Unknown relation; choose one of the template's."
    ),
    ProblemCode.TAG: both(
        "有不认识的人员类别, 请从模板列出的类别中选择。", "An unknown tag; use those that the template lists."
    ),
    ProblemCode.CONTACT_INCOMPLETE: both(
        "紧急联系人的姓名和电话须一并填写。", "An emergency contact needs both name and phone."
    ),
    ProblemCode.CONTACT_RELATION: both("不认识的联系人关系。", "Unknown relation of the contact."),
    ProblemCode.TWO_HEADS: both("同一户有两名户主。", "The household has two heads."),
    ProblemCode.SAME_PERSON_TWICE: both("同一人在表中出现两次。", "The same person is in the sheet twice."),
    ProblemCode.ADDRESS_UNKNOWN: both(
        "楼栋不在社区地址表中: 请按地址表填写, 或请社区在网格中补充该地址。",
        "The community's address table has no such building: write it as the table does, or have it added to its grid.",
    ),
    ProblemCode.HIDDEN_ROW: both("该行被隐藏或筛选掉, 仍会导入。", "The row is hidden or filtered; it is imported."),
    ProblemCode.NAME_DIFFERS: both(
        "该身份证号已登记在另一姓名之下, 请核实后在系统中更正。",
        "The identity number is registered under another name; check it and correct it in the registry.",
    ),
    ProblemCode.LIVES_ELSEWHERE: both(
        "此人登记在另一住址, 如已搬家请在系统中办理迁移。",
        "The person is registered at another address; if they moved, record the move in the registry.",
    ),
    ProblemCode.NO_LONGER_HERE: both(
        "此人已登记为迁出或死亡, 请核实。", "The person is registered as moved out or deceased; check it."
    ),
    ProblemCode.AMBIGUOUS: both(
        "该户有多名相同姓名的人, 无法判断是哪一位: 请补上身份证号或出生日期。",
        "Several people of this name live there; add the identity number or birth date.",
    ),
    ProblemCode.DOCUMENTS_DISAGREE: both(
        "身份证号和护照号登记在不同的人名下, 请核实。",
        "Identity number and passport are registered for different people; check them.",
    ),
    ProblemCode.ANOTHER_HEAD: both(
        "该户已有另一名户主: 按其他成员导入, 户主不变。",
        "The household has another head: imported as a member, the head stays.",
    ),
    ProblemCode.TOO_MANY_CONTACTS: both(
        "紧急联系人已满 8 名, 未再添加。", "There are eight emergency contacts already; this one is not added."
    ),
}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One problem of one row."""

    row: int
    code: ProblemCode
    column: int | None = None
    """Position of the column in the sheet, from 0; None: the row as a whole."""
    other_row: int | None = None
    """The row with which it disagrees."""
