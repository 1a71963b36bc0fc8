"""The relay: finder, family and community write to each other through the case, and never learn a phone number."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.residents.found_persons.trail_models import of_case
from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class Side(StrEnum):
    """All that one side learns of who wrote."""

    FINDER = "finder"
    """发现人"""
    FAMILY = "family"
    """家属"""
    COMMUNITY = "community"
    """社区"""


class FamilyLink(Base, Tenant, table=True):
    """The page of one family contact, behind a random token that goes to their phone and nowhere else.

    It holds for as long as the person identified is the one whom the contact belongs to.
    """

    __tablename__ = "found_family_link"
    __table_args__ = (
        of_case("found_family_link"),
        UniqueConstraint("community_code", "digest", name="uq_found_family_link_digest"),
        UniqueConstraint("community_code", "found_person_id", "contact_id", name="uq_found_family_link_contact"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    found_person_id: UUID
    person_id: UUID
    contact_id: UUID
    token: bytes | None
    """Sealed under the case's key, for the texts that carry it; gone when the case is forgotten."""
    digest: bytes | None
    """SHA-256 of the token."""
    opened_at: datetime | None = None
    """When the page was first looked at: the text has arrived."""
    texted_at: datetime | None = None
    """When the last text went out, so that many messages are few texts."""
    created_at: datetime = Field(default_factory=utc_now)


class FoundMessage(Base, Tenant, table=True):
    """One message of the relay, sealed, with every phone number taken out before it was kept."""

    __tablename__ = "found_message"
    __table_args__ = (
        one_of("side", Side),
        of_case("found_message"),
        ForeignKeyConstraint(
            ["community_code", "report_id"],
            ["found_report.community_code", "found_report.id"],
            name="fk_found_message_found_report",
        ),
        ForeignKeyConstraint(
            ["community_code", "link_id"],
            ["found_family_link.community_code", "found_family_link.id"],
            name="fk_found_message_found_family_link",
        ),
        Index("ix_found_message_found_person", "community_code", "found_person_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    found_person_id: UUID
    side: Side = Field(sa_type=text_enum(Side))
    report_id: UUID | None = None
    """The report of the finder who wrote it."""
    link_id: UUID | None = None
    """The link of the family contact who wrote it."""
    actor: str | None = None
    """The account that wrote for the community."""
    content: bytes
    created_at: datetime = Field(default_factory=utc_now)
