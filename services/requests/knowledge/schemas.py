from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

from services.requests.categories.schemas import CategoryCode
from services.requests.knowledge.states import State
from shared.errors import invalid
from shared.identity import FreeText, PersonName, normalise_text

LongText = Annotated[str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(normalise_text)]
Query = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(normalise_text)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(normalise_text)]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Source(Schema):
    """A document that an article rests on."""

    title: Line
    document_number: PersonName | None = None
    """文号, e.g. `国办发〔2025〕12号`."""
    issuer: Line
    issued_on: date | None = None
    url: Annotated[HttpUrl, Field(max_length=500)] | None = None


class ArticleCreate(Schema):
    title_zh: Line
    title_en: Line | None = None
    summary_zh: FreeText
    summary_en: FreeText | None = None
    body_zh: LongText
    body_en: LongText | None = None
    category: CategoryCode | None = None
    tags: Annotated[list[PersonName], Field(max_length=20)] = []
    sources: Annotated[list[Source], Field(max_length=20)] = []
    valid_from: date
    valid_to: date | None = None

    def check(self) -> None:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise invalid("/valid_to", "range", "不能早于生效日期", "Not before valid_from")


class ArticleUpdate(Schema):
    title_zh: Line = ""
    title_en: Line | None = None
    summary_zh: FreeText = ""
    summary_en: FreeText | None = None
    body_zh: LongText = ""
    body_en: LongText | None = None
    category: CategoryCode | None = None
    tags: Annotated[list[PersonName], Field(max_length=20)] = []
    sources: Annotated[list[Source], Field(max_length=20)] = []
    valid_from: date = date.min
    valid_to: date | None = None


class ArticleFromRequest(ArticleCreate):
    """The answer as somebody has rewritten it for everybody."""

    nothing_personal: Literal[True]
    """They have read it, and there is nobody in it."""


class ReviewNote(Schema):
    note: FreeText


class Vote(Schema):
    helpful: bool


class Suggest(Schema):
    """What somebody is typing. It is answered, and not kept."""

    text: Query
    category: CategoryCode | None = None


class Highlight(BaseModel):
    """A stretch of the article, and which parts of it were hit: [from, up to], in characters."""

    field: str
    text: str
    marks: list[tuple[int, int]]


class ArticleSummary(BaseModel):
    id: UUID
    number: int
    title_zh: str
    title_en: str | None
    summary_zh: str
    summary_en: str | None
    category: str | None
    tags: list[str]
    valid_from: date
    valid_to: date | None
    expired: bool
    published_at: datetime


class ArticleRead(ArticleSummary):
    body_zh: str
    body_en: str | None
    sources: list[Source]
    helpful_count: int
    unhelpful_count: int


class ArticleFound(ArticleSummary):
    highlights: list[Highlight]


class FoundArticles(BaseModel):
    """The best first."""

    items: list[ArticleFound]


class DraftRead(BaseModel):
    """An article as it is being written, for the office."""

    id: UUID
    state: State
    title_zh: str
    title_en: str | None
    summary_zh: str
    summary_en: str | None
    body_zh: str
    body_en: str | None
    category: str | None
    tags: list[str]
    sources: list[Source]
    valid_from: date
    valid_to: date | None
    review_note: str | None
    from_request_id: UUID | None
    published_number: int
    helpful_count: int
    unhelpful_count: int
    version: int
    created_at: datetime
    updated_at: datetime


class VersionRead(ArticleSummary):
    is_current: bool
    body_zh: str
    body_en: str | None
    sources: list[Source]


class Proposal(BaseModel):
    """What an article could begin with: the answer that was given, and never what was asked."""

    request_id: UUID
    category: str
    title_zh: str
    title_en: str
    body_zh: str


class Votes(BaseModel):
    helpful_count: int
    unhelpful_count: int
