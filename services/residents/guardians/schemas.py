from datetime import date
from uuid import UUID

from pydantic import BaseModel

from services.residents.guardians.models import GuardianGround, GuardianRelation
from services.residents.households.schemas import SomebodyKnown
from services.residents.people.schemas import PastDate, Schema


class GuardianAdd(SomebodyKnown):
    relation: GuardianRelation
    """To the ward."""
    ground: GuardianGround = GuardianGround.MINOR
    began_on: PastDate | None = None
    """Default: today, in Asia/Shanghai."""


class GuardianshipEnd(Schema):
    on: PastDate | None = None
    """The first day on which it no longer holds; default: today."""


class GuardianRead(BaseModel):
    """A guardian, masked. A registered one is revealed as the person they are, any other as a field of the ward."""

    id: UUID
    guardian_id: UUID | None
    name: str
    phone: str | None
    relation: GuardianRelation
    ground: GuardianGround
    began_on: date
    ended_on: date | None
    is_in_force: bool
    """False once ended, and for a minor's guardian from the eighteenth birthday on."""
    version: int
