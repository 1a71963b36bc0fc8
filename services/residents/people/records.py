"""A person's fields, sealed for the table and opened for someone who may read them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.residents.people.models import SEALED, FamilyContact, Person, PersonTag, Relation
from shared.crypto import DataKey
from shared.identity import Sex


@dataclass(slots=True, repr=False)
class PersonalData:
    """What is known of a person, in the clear: never logged, never kept."""

    name: str | None = None
    phone: str | None = None
    identity_number: str | None = None
    passport: str | None = None
    birth_on: date | None = None
    sex: Sex | None = None
    cautions: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ContactData:
    """One family contact in the clear."""

    id: UUID
    position: int
    relation: Relation
    name: str
    phone: str


def seal_person(
    key: DataKey, person_id: UUID, data: PersonalData, fields: Iterable[str] = SEALED
) -> dict[str, bytes | None]:
    """These sealed columns of a person."""
    values = {name: getattr(data, name) for name in fields}
    return {
        name: None if value is None else key.seal(str(value), table="person", column=name, row_id=person_id)
        for name, value in values.items()
    }


def open_person(key: DataKey, person: Person, fields: Iterable[str] = SEALED) -> PersonalData:
    """Only the named fields are opened; the others stay None."""
    return open_columns(key, person.id, {name: getattr(person, name) for name in fields})


def open_columns(key: DataKey, person_id: UUID, sealed: Mapping[str, bytes | None]) -> PersonalData:
    """The same from some of the columns alone, by name."""
    texts = {
        name: key.open(blob, table="person", column=name, row_id=person_id)
        for name, blob in sealed.items()
        if blob is not None
    }
    birth_on, sex = texts.pop("birth_on", None), texts.pop("sex", None)
    return PersonalData(
        birth_on=date.fromisoformat(birth_on) if birth_on else None, sex=Sex(sex) if sex else None, **texts
    )


def open_birth_date(key: DataKey, person_id: UUID, sealed: bytes) -> date:
    return date.fromisoformat(key.open(sealed, table="person", column="birth_on", row_id=person_id))


def seal_contact(key: DataKey, contact_id: UUID, *, name: str, phone: str) -> dict[str, bytes]:
    return {
        "name": key.seal(name, table="family_contact", column="name", row_id=contact_id),
        "phone": key.seal(phone, table="family_contact", column="phone", row_id=contact_id),
    }


def open_contact(key: DataKey, contact: FamilyContact) -> ContactData:
    """Sealed under the key of the person whom the contact belongs to."""
    return ContactData(
        id=contact.id,
        position=contact.position,
        relation=contact.relation,
        name=key.open(contact.name, table="family_contact", column="name", row_id=contact.id),
        phone=key.open(contact.phone, table="family_contact", column="phone", row_id=contact.id),
    )


def seal_evidence(key: DataKey, tag_id: UUID, evidence: str | None) -> bytes | None:
    return None if evidence is None else key.seal(evidence, table="person_tag", column="evidence", row_id=tag_id)


def open_evidence(key: DataKey, tag: PersonTag) -> str | None:
    if tag.evidence is None:
        return None
    return key.open(tag.evidence, table="person_tag", column="evidence", row_id=tag.id)
