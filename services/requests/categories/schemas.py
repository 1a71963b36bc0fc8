from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.requests.categories.models import Privacy, ResponderKind, Urgency
from shared.errors import both
from shared.identity import FreeText, PersonName

CategoryCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,28}(\.[a-z][a-z_]{1,28})?$")]
AttributeCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Hint = Annotated[FreeText, Field(max_length=300)]
Bound = Annotated[float, Field(allow_inf_nan=False)]
Radius = Annotated[int, Field(ge=0, le=2000)]
DailyLimit = Annotated[int, Field(ge=1, le=1000)]
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
    hint_zh: Hint | None = None
    hint_en: Hint | None = None
    """How to answer (`datatype_description` in Open311)."""
    required: bool = False
    variable: bool = True
    """False: a notice to read, which takes no answer (as in Open311)."""
    choices: Annotated[list[Choice], Field(max_length=50)] = []
    minimum: Bound | None = None
    maximum: Bound | None = None
    """Of numbers only; both are allowed answers."""

    @model_validator(mode="after")
    def _fits_its_datatype(self) -> Self:
        if self.datatype is not Datatype.NUMBER and (self.minimum, self.maximum) != (None, None):
            raise ValueError(both("只有数字才有最小值和最大值。", "Only numbers have a minimum and a maximum."))
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(both("最小值不能大于最大值。", "The minimum must not exceed the maximum."))
        if self.required and not self.variable:
            raise ValueError(both("仅供阅读的说明不能必填。", "A notice to read cannot require an answer."))
        return self

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


def _codes_differ(form: list[FormAttribute]) -> list[FormAttribute]:
    if len({attribute.code for attribute in form}) < len(form):
        raise ValueError(both("两个问题的 code 相同。", "Two questions have the same code."))
    return form


Form = Annotated[list[FormAttribute], Field(max_length=30), AfterValidator(_codes_differ)]


class CategoryContent(BaseModel):
    """What a category says besides its deadlines, whose versions are counted on their own."""

    name_zh: PersonName
    name_en: PersonName
    default_urgency: Urgency = Urgency.NORMAL
    form: Form = []
    privacy: Privacy = Privacy.PRIVATE
    responder_kind: ResponderKind = ResponderKind.GRID_WORKER
    anonymous_allowed: bool = False
    duplicate_radius_m: Radius = 50
    """Metres within which an open request of this category is suggested to be supported instead."""
    daily_limit: DailyLimit | None = None
    """How many a person may submit a day of this category; null: the usual limit over all categories."""


class CategoryCreate(CategoryContent, Schema):
    code: CategoryCode
    """`class.name` of one of the five classes."""
    deadlines: Deadlines | None = None
    """Default: those of its class."""


class CategoryUpdate(Schema):
    name_zh: PersonName = ""
    name_en: PersonName = ""
    default_urgency: Urgency = Urgency.NORMAL
    form: Form = []
    privacy: Privacy = Privacy.PRIVATE
    """Of requests submitted from now on; those that run stay as private as they were."""
    responder_kind: ResponderKind = ResponderKind.GRID_WORKER
    anonymous_allowed: bool = False
    duplicate_radius_m: Radius = 50
    daily_limit: DailyLimit | None = None
    active: bool = True
    deadlines: Deadlines | None = None
    """Applies to requests submitted from now on; those that run keep their promise."""


class CategoryRead(CategoryContent):
    code: str
    parent_code: str | None
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


class CategoryVersionRead(BaseModel):
    """What a category said from `created_at` on."""

    version: int
    changed: list[str]
    """Which fields differ from the version before; empty for the first."""
    changed_by: str
    created_at: datetime
    content: CategoryContent
    active: bool
    deadlines: Deadlines


class CatalogueEntry(CategoryContent, Schema):
    """A category of another community's catalogue, as `GET /v1/categories` shows it there."""

    model_config = ConfigDict(extra="ignore")

    code: CategoryCode
    active: bool = True
    deadlines: Deadlines


class CatalogueTree(CatalogueEntry):
    subcategories: Annotated[list[CatalogueEntry], Field(max_length=100)] = []


class CatalogueImport(BaseModel):
    """The answer of `GET /v1/categories` in another community."""

    model_config = ConfigDict(extra="ignore")

    items: Annotated[list[CatalogueTree], Field(max_length=5)]


class CatalogueImported(BaseModel):
    """Codes of what was added, changed (a new version each) and left as it was."""

    added: list[str]
    changed: list[str]
    unchanged: list[str]
