from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState


class TagKind(StrEnum):
    """Groups that the community looks after (重点人群). Age groups are not tags: they follow from the birth date."""

    VETERAN = "veteran"
    """退役军人"""
    DISABLED = "disabled"
    """残疾人"""
    LIMITED_MOBILITY = "limited_mobility"
    """行动不便"""
    OLD_CADRE = "old_cadre"
    """老干部"""
    OLD_PARTY_MEMBER = "old_party_member"
    """老党员"""
    HARDSHIP = "hardship"
    """困难群众"""
    CHILD_IN_HARDSHIP = "child_in_hardship"
    """困难儿童"""
    DEMENTIA = "dementia"
    """认知症"""
    LIVING_ALONE = "living_alone"
    """独居"""


class Relation(StrEnum):
    """What a family contact is to the person."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    GRANDCHILD = "grandchild"
    OTHER_RELATIVE = "other_relative"
    GUARDIAN = "guardian"
    NEIGHBOUR = "neighbour"
    FRIEND = "friend"


class PersonState(NamedState):
    """Where a person is to be looked for."""

    RESIDING = "residing", "在住"
    MOVED_OUT = "moved_out", "已迁出"
    """Left the community; the record stays for when they come back."""
    DIED = "died", "已故"


class Person(Base, Tenant, table=True):
    """A resident (居民). Every personal field is sealed under the person's own data key.

    An erased person stays as an anonymous row: nothing sealed, no index, found by nothing and read by nobody.
    """

    __tablename__ = "person"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_code", "household_id"],
            ["household.community_code", "household.id"],
            name="fk_person_household",
        ),
        one_of("state", PersonState),
        ForeignKeyConstraint(
            ["community_code", "merged_into"], ["person.community_code", "person.id"], name="fk_person_merged_into"
        ),
        UniqueConstraint("community_code", "identity_index", name="uq_person_identity"),
        UniqueConstraint("community_code", "passport_index", name="uq_person_passport"),
        Index("ix_person_household", "community_code", "household_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    household_id: UUID
    """Where the person lives or, after they left or died, lived last; `membership` has the history."""
    state: PersonState = Field(default=PersonState.RESIDING, sa_type=text_enum(PersonState))
    state_since: date | None = None
    """When the person left, died or came back; None while they have never been away."""
    merged_into: UUID | None = None
    """The person whom this record turned out to be."""
    name: bytes | None = None
    phone: bytes | None = None
    identity_number: bytes | None = None
    passport: bytes | None = None
    birth_on: bytes | None = None
    sex: bytes | None = None
    cautions: bytes | None = None
    """What whoever meets the person should know, in free text."""
    identity_index: bytes | None = None
    """Blind index of the whole identity number: one person per number and community, under any concurrency."""
    passport_index: bytes | None = None
    """The same of the passport."""
    erased_at: datetime | None = None
    field_versions: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """{field: version, time and role of its last change}, kept by a trigger: whose edits concern the same field."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


SEALED = ("name", "phone", "identity_number", "passport", "birth_on", "sex", "cautions")
"""The sealed columns of a person."""


class PersonToken(Base, Tenant, table=True):
    """One blind index under which a person is found: a piece of the name, the phone, last four digits.

    A row per token, because equality is what an index may serve under row-level security. The primary key holds every
    column, in the order in which results are ranked.
    """

    __tablename__ = "person_token"
    __table_args__ = (Index("ix_person_token_person", "community_code", "person_id"),)

    token: bytes = Field(primary_key=True)
    fit: int = Field(primary_key=True, sa_type=SmallInteger)
    """How well the token fits: 0 the whole name or value, 1 the beginning of the name, 2 a part within it."""
    person_id: UUID = Field(primary_key=True)


class PhoneLookup(Base, table=True):
    """Which people, of any community, answer to a phone: for signing in. Global, so it holds blind indexes only."""

    __tablename__ = "phone_lookup"
    __table_args__ = (Index("ix_phone_lookup_person", "community_code", "person_id"),)

    phone_index: bytes = Field(primary_key=True)
    community_code: str = Field(primary_key=True, max_length=12)
    person_id: UUID = Field(primary_key=True)


class TagState(NamedState):
    """Whether a tag was taken back."""

    GRANTED = "granted", "已认定"
    REVOKED = "revoked", "已撤销"


class PersonTag(Base, Tenant, table=True):
    """A tag (标签): a person belongs to a group from one date to another, granted by someone on some evidence.

    Revoked tags stay: why a card was yellow in May must remain answerable.
    """

    __tablename__ = "person_tag"
    __table_args__ = (
        one_of("kind", TagKind),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),
        ForeignKeyConstraint(
            ["community_code", "person_id"], ["person.community_code", "person.id"], name="fk_person_tag_person"
        ),
        Index("ix_person_tag_person", "community_code", "person_id"),
        Index("ix_person_tag_kind", "community_code", "kind", "person_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    kind: TagKind = Field(sa_type=text_enum(TagKind))
    valid_from: date
    valid_to: date | None = None
    """The last day on which it holds."""
    evidence: bytes | None = None
    granted_by: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class FamilyContact(Base, Tenant, table=True):
    """Whom to call for a person (紧急联系人), in the order of `position`."""

    __tablename__ = "family_contact"
    __table_args__ = (
        one_of("relation", Relation),
        ForeignKeyConstraint(
            ["community_code", "person_id"], ["person.community_code", "person.id"], name="fk_family_contact_person"
        ),
        Index("ix_family_contact_person", "community_code", "person_id", "position"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    position: int
    """1 is called first. Changed only while the person's row is locked."""
    relation: Relation = Field(sa_type=text_enum(Relation))
    name: bytes
    phone: bytes
    created_at: datetime = Field(default_factory=utc_now)
