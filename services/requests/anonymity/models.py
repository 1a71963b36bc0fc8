from datetime import date

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.requests.tables import Base
from shared.db import Tenant


class AnonymousCount(Base, Tenant, table=True):
    """How many anonymous requests somebody has submitted on one day, without saying who or which.

    Keyed by a blind index of person and day, forgotten after two days. No row and no time of day leads to a request.
    """

    __tablename__ = "anonymous_count"
    __table_args__ = (CheckConstraint("count > 0", name="count"),)

    counted_on: date = Field(primary_key=True)
    submitter_index: bytes = Field(primary_key=True)
    count: int = 1
