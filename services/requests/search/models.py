from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.requests.tables import Base
from shared.db import Tenant


class RequestToken(Base, Tenant, table=True):
    """A word that a request's texts hold, as a blind index (盲索引): how staff find what is sealed."""

    __tablename__ = "request_token"

    token: int = Field(sa_type=BigInteger, primary_key=True)
    request_id: UUID = Field(primary_key=True)


class RequestFiling(Base, Tenant, table=True):
    """All tokens of a request, so that those of a text that is gone can be found and deleted."""

    __tablename__ = "request_filing"

    request_id: UUID = Field(primary_key=True)
    tokens: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))


class RequestToFile(Base, Tenant, table=True):
    """A request one of whose texts was written or taken away; triggers put it here, whoever wrote it.

    Every change adds a row of its own: whoever files may be at work on the one before, and has not seen this one.
    """

    __tablename__ = "request_to_file"
    __table_args__ = (Index(None, "id"),)

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True, nullable=False)
    )
    request_id: UUID
