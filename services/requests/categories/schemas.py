from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.requests.categories.models import Urgency
from shared.errors import both
from shared.identity import PersonName

CategoryCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,28}(\.[a-z][a-z_]{1,28})?$")]
AttributeCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Minutes = Annotated[int, Field(ge=0, le=100_000)]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fixed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Datatype(StrEnum):
    """The datatypes of an attribute in Open311 GeoReport v2's service definition."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE = "singlevaluelist"
    MULTIPLE = "multivaluelist"


LISTS = (Datatype.SINGLE, Datatype.MULTIPLE)


class Choice(Schema):
    key: AttributeCode
    name_zh: PersonName
    name_en: PersonName


class FormAttribute(Schema):
    """One question of a category's form."""

    code: AttributeCode
    datatype: Datatype
    name_zh: PersonName
    name_en: PersonName
    required: bool = False
    choices: Annotated[list[Choice], Field(max_length=50)] = []

    @model_validator(mode="after")
    def _lists_have_choices(self) -> Self:
        if (self.datatype in LISTS) != bool(self.choices):
            raise ValueError(
                both("列表类型需要选项, 其他类型不能有选项。", "Lists need choices; other types have none.")
            )
        if len({choice.key for choice in self.choices}) < len(self.choices):
            raise ValueError(both("选项的 key 重复。", "Two choices have the same key."))
        return self


class Terms(Fixed):
    """Promised times, in minutes of working time (normal) or of the clock (urgent)."""

    accept_minutes: Minutes
    first_response_minutes: Minutes
    resolution_minutes: Annotated[Minutes, Field(ge=1)]
    reopened_minutes: Annotated[Minutes, Field(ge=1)]
    """After "not solved"; never longer than the first time."""

    @model_validator(mode="after")
    def _second_clock_is_not_longer(self) -> Self:
        if self.reopened_minutes > self.resolution_minutes:
            raise ValueError(
                both("重新办理的时限不能长于首次时限。", "The clock after reopening must not be the longer one.")
            )
        return self


class Deadlines(Fixed):
    normal: Terms
    urgent: Terms


Form = Annotated[list[FormAttribute], Field(max_length=30)]


class CategoryCreate(Schema):
    code: CategoryCode
    """`class.name` of one of the five classes."""
    name_zh: PersonName
    name_en: PersonName
    default_urgency: Urgency = Urgency.NORMAL
    form: Form = []
    public: bool = False
    deadlines: Deadlines | None = None
    """Default: those of its class."""


class CategoryUpdate(Schema):
    name_zh: PersonName = ""
    name_en: PersonName = ""
    default_urgency: Urgency = Urgency.NORMAL
    form: Form = []
    public: bool = False
    active: bool = True
    deadlines: Deadlines | None = None
    """Applies to requests submitted from now on; those that run keep their promise."""


class CategoryRead(BaseModel):
    code: str
    parent_code: str | None
    name_zh: str
    name_en: str
    default_urgency: Urgency
    form: list[FormAttribute]
    public: bool
    active: bool
    policy_version: int
    deadlines: Deadlines
    version: int


class CategoryTree(CategoryRead):
    subcategories: list[CategoryRead]


class CategoryList(BaseModel):
    """Bounded and small, so never paged."""

    items: list[CategoryTree]
    next_cursor: None = None
