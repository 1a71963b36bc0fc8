from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import china_today, utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class HouseholdRelation(StrEnum):
    """What a member is to the head of their household (与户主关系)."""

    HEAD = "head"
    """户主"""
    SPOUSE = "spouse"
    CHILD = "child"
    CHILD_IN_LAW = "child_in_law"
    PARENT = "parent"
    PARENT_IN_LAW = "parent_in_law"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    OTHER_RELATIVE = "other_relative"
    LODGER = "lodger"
    CARER = "carer"
    EMPLOYEE = "employee"
    OTHER = "other"
    """Not related, or nobody has said yet."""


class EndReason(StrEnum):
    """Why a membership is over."""

    MOVED_WITHIN = "moved_within"
    """To another household of the community."""
    MOVED_OUT = "moved_out"
    DIED = "died"
    CORRECTED = "corrected"
    """It was never true: another membership covers the same time, and `ended_on` is the day that was found out."""
    MERGED = "merged"
    """The person turned out to be somebody who is registered."""


class Destination(StrEnum):
    """Where somebody went who left the community (迁往地)."""

    SAME_CITY = "same_city"
    SAME_PROVINCE = "same_province"
    OTHER_PROVINCE = "other_province"
    ABROAD = "abroad"
    """Outside the mainland."""
    UNKNOWN = "unknown"


class Membership(Base, Tenant, table=True):
    """Who belonged to which household, from one day to another (户内成员). History stays.

    It holds from `began_on` to the day before `ended_on`: on the day of a move one lives in the new home. A person's
    memberships never overlap, save those that were corrected or merged, which say nothing.
    """

    __tablename__ = "membership"
    __table_args__ = (
        one_of("relation", HouseholdRelation),
        one_of("end_reason", EndReason),
        one_of("destination", Destination),
        CheckConstraint("ended_on >= began_on", name="dates_in_order"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ends_for_a_reason"),
        CheckConstraint("is_head = (relation = 'head')", name="head_is_head"),
        ForeignKeyConstraint(
            ["community_code", "household_id"],
            ["household.community_code", "household.id"],
            name="fk_membership_household",
        ),
        ForeignKeyConstraint(
            ["community_code", "person_id"], ["person.community_code", "person.id"], name="fk_membership_person"
        ),
        Index("ix_membership_household", "community_code", "household_id", "began_on"),
        Index("ix_membership_person", "community_code", "person_id", "began_on"),
        Index(
            "uq_membership_open",
            "community_code",
            "person_id",
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
        ),
        Index(
            "uq_membership_head",
            "community_code",
            "household_id",
            unique=True,
            postgresql_where=text("ended_on IS NULL AND is_head"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    household_id: UUID
    person_id: UUID
    relation: HouseholdRelation = Field(default=HouseholdRelation.OTHER, sa_type=text_enum(HouseholdRelation))
    is_head: bool = False
    began_on: date = Field(default_factory=china_today)
    ended_on: date | None = None
    end_reason: EndReason | None = Field(default=None, sa_type=text_enum(EndReason))
    destination: Destination | None = Field(default=None, sa_type=text_enum(Destination))
    """Of those who moved out."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
