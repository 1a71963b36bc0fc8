from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from services.residents.contact_cards.codes import read_code
from services.residents.household_cards.rules import ColourCode
from services.residents.households.schemas import PlaceName, Room, Unit
from services.residents.people.models import PersonState, TagKind
from services.residents.people.schemas import Age, BirthDate, Emergency, PersonField, RevealedPerson
from shared.audit import Purpose
from shared.documents import PassportText
from shared.errors import both
from shared.identity import FreeText, IdentityNumberText, PersonName, PhoneText, Sex

REVEALED_AT_ONCE = 20
"""People of whom one search may show something in the clear."""


def _card_code(text: str) -> str:
    code = read_code(text)
    if code is None:
        raise ValueError(both("联系卡号不正确, 请核对。", "Not a contact card's code. Check it for a mistyped symbol."))
    return code


class PersonSearch(Emergency):
    """What is known of the person looked for. All of it must fit."""

    purpose: Purpose
    q: Annotated[FreeText | None, Field(max_length=100)] = None
    """Anything of what follows, each word understood by its shape: `zsf 3栋`, `阳光 5-2-301`, `8000 独居 80岁以上`."""
    name: PersonName | None = None
    """Characters, pinyin, initials or a mixture; the whole name or a part of it."""
    phone: PhoneText | None = None
    identity_number: IdentityNumberText | None = None
    passport: PassportText | None = None
    """With its country, `FRA 21AB34567`; a Chinese one by its number alone."""
    last_four: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}[0-9Xx]$")] | None = None
    """Of the phone or of the identity number."""
    birth_on: BirthDate | None = None
    age_from: Age | None = None
    age_to: Age | None = None
    compound: PlaceName | None = None
    """The whole name or a part of it, in characters, pinyin or initials."""
    building: PlaceName | None = None
    """`3`, `3栋` and `3号楼` are the same."""
    unit: Unit | None = None
    room: Room | None = None
    """Exact: behind its blind index no part of it is found."""
    card_code: Annotated[str, StringConstraints(max_length=40), AfterValidator(_card_code)] | None = None
    """Of a contact card of the person or of their household."""
    colour: ColourCode | None = None
    """What the household's card shows."""
    tags: set[TagKind] = Field(default_factory=set)
    """Groups to all of which the person belongs today."""
    state: PersonState | Literal["any"] = PersonState.RESIDING
    reveal: set[PersonField] = Field(default_factory=set)
    """Fields to show in the clear, for at most 20 people a page; without any, results are masked."""

    @model_validator(mode="after")
    def _ages_in_order(self) -> "PersonSearch":
        if self.age_from is not None and self.age_to is not None and self.age_from > self.age_to:
            raise ValueError(both("年龄范围颠倒。", "The ages are in the wrong order."))
        return self


class FoundPersonRow(BaseModel):
    """One search result: enough to recognise someone, not to know them."""

    id: UUID
    household_id: UUID
    """Where the person lives, or lived last."""
    state: PersonState
    grid_code: str | None
    compound: str
    building: str
    unit: str
    colour: str | None = None
    """What the household's card shows."""
    name: str
    age: int | None
    sex: Sex | None
    tags: list[TagKind]
    """Those that the purpose makes relevant."""
    has_cautions: bool
    revealed: RevealedPerson | None = None
    """What was asked for in the clear."""
