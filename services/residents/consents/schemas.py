from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.residents.consents.catalogue import Ground, LawfulBasis
from services.residents.consents.models import ConsentChannel, GivenBy
from services.residents.people.schemas import Schema
from shared.audit import Purpose
from shared.identity import FreeText


class ProcessingPurpose(BaseModel):
    """One purpose of the catalogue, in the caller's language."""

    purpose: Purpose
    name: str
    basis: LawfulBasis
    source: str
    """The rule that entitles to it."""
    text: str
    """What the person is told."""
    text_version: int
    is_sensitive: bool
    is_withdrawable: bool

    @classmethod
    def of(cls, purpose: Purpose, ground: Ground, language: str) -> "ProcessingPurpose":
        return cls(
            purpose=purpose,
            name=getattr(purpose.label, language),
            basis=ground.basis,
            source=getattr(ground.source, language),
            text=getattr(ground.text, language),
            text_version=ground.text_version,
            is_sensitive=ground.is_sensitive,
            is_withdrawable=ground.basis is LawfulBasis.CONSENT,
        )


class ConsentGive(Schema):
    """Consent to one purpose. Staff and grid workers record what was signed on paper, with `evidence`."""

    purpose: Purpose
    text_version: Annotated[int, Field(ge=1)]
    """Of the text that the person was shown."""
    is_separate: bool = False
    """For sensitive data: it was asked on its own, with the reason and what it means for the person."""
    evidence: FreeText | None = None
    """Where the signed paper is."""
    guardianship_id: UUID | None = None
    """On paper: the guardianship under which a guardian signed."""


class ConsentRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    purpose: Purpose
    text_version: int
    channel: ConsentChannel
    given_by: GivenBy
    is_separate: bool
    given_at: datetime
    withdrawn_at: datetime | None
    version: int
