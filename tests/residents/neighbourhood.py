"""A small community for tests of cards, cases and notices: two homes in two grids, an elder, a family to call."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from services.residents.consumers import CONSUMERS
from services.residents.households.models import Household
from services.residents.households.service import seal_room
from services.residents.people.models import FamilyContact, Person, Relation
from services.residents.people.records import PersonalData, seal_contact, seal_person
from shared import audit
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.envelope import Envelope
from shared.ids import new_id
from shared.outbox import outbox
from shared.vault import Vault
from tests.apps import client_for
from tests.principals import a_community, bearer

ELDER_NAME, ELDER_CAUTIONS = "欧阳慧兰", "听力不好, 请慢慢说; 对青霉素过敏"
ELDER_PHONE = "+8619900001234"
CONTACTS = (
    (Relation.CHILD, "欧阳明远", "+8619900005678"),
    (Relation.GRANDCHILD, "欧阳思齐", "+8619900009012"),
)
ROOM = "1702"
PERSONAL = (ELDER_NAME, ELDER_CAUTIONS, ELDER_PHONE, *(text for _, *pair in CONTACTS for text in pair))


@dataclass
class Neighbourhood:
    app: FastAPI
    code: str
    grid: str
    other_grid: str
    household_id: UUID
    neighbour_household_id: UUID
    elder_id: UUID
    neighbour_id: UUID
    contact_ids: list[UUID]
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, role: str | None = "staff", **claims: Any) -> httpx.AsyncClient:
        headers = bearer(role, **{"area": self.code, **claims}) if role else {}
        return client_for(self.app, **headers)

    def worker(self, grid: str | None = None, **claims: Any) -> httpx.AsyncClient:
        return self.client("grid_worker", grids=[grid or self.grid], **claims)

    def resident(self, person_id: UUID | None = None) -> httpx.AsyncClient:
        household = self.neighbour_household_id if person_id == self.neighbour_id else self.household_id
        return self.client("resident", person=person_id or self.elder_id, household=household)

    def transaction(self):
        return self.app.state.database.transaction(self.code)

    async def events(self, kind: str, **matching: Any) -> list[dict[str, Any]]:
        """Payloads that were published of one kind, oldest first, whose fields match."""
        statement = select(outbox.c.data).where(
            outbox.c.community_code == self.code, outbox.c.type == f"residents.{kind}.v1"
        )
        async with self.transaction() as session:
            found = (await session.execute(statement.order_by(outbox.c.id))).scalars().all()
        return [data for data in found if all(data[name] == value for name, value in matching.items())]

    async def consume(self, type_: str, subject: str, version: int, data: dict[str, Any]) -> None:
        """Let the handler of an event of another service see it."""
        source = type_.partition(".")[0]
        envelope = Envelope(
            id=new_id(),
            source=f"/{source}",
            type=type_,
            subject=subject,
            time=utc_now(),
            community=self.code,
            aggregateversion=version,
            data=json.loads(json.dumps(data, default=str)),
        )
        async with self.transaction() as session:
            await CONSUMERS[source][type_](session, envelope)

    async def audited(self, subject_id: UUID | str) -> list[audit.Entry]:
        async with self.transaction() as session:
            return await audit.entries_about(session, self.code, UUID(str(subject_id)))

    async def rows(self, statement: Any) -> Sequence[Any]:
        async with self.transaction() as session:
            return (await session.execute(statement)).scalars().all()

    async def erase(self, person_id: UUID) -> None:
        """What erasing a person does to their row and key."""
        async with self.transaction() as session:
            await Vault(session, self.app.state.keyring).destroy(self.code, person_id)
            person = await session.get(Person, (self.code, person_id))
            assert person is not None
            person.name = person.phone = person.cautions = None
            person.erased_at = utc_now()


async def settle(app: FastAPI) -> Neighbourhood:
    """A community that no other test uses, with its people registered."""
    code = a_community()
    grid, other_grid = f"{code}001", f"{code}002"
    async with app.state.database.transaction(code) as session:
        vault = Vault(session, app.state.keyring)
        home = await _household(session, vault, code, "丰景苑", grid)
        neighbours = await _household(session, vault, code, "安康里", other_grid)
        elder = PersonalData(name=ELDER_NAME, phone=ELDER_PHONE, cautions=ELDER_CAUTIONS)
        elder_id = await _person(session, vault, code, home, elder)
        neighbour_id = await _person(session, vault, code, neighbours, PersonalData(name="单雪梅"))
        contact_ids = []
        for position, (relation, name, phone) in enumerate(CONTACTS, start=1):
            contact_ids.append(await _contact(session, vault, code, elder_id, position, relation, name, phone))
    return Neighbourhood(app, code, grid, other_grid, home, neighbours, elder_id, neighbour_id, contact_ids)


async def _household(session: AsyncSession, vault: Vault, code: str, compound: str, grid: str) -> UUID:
    household_id = new_id()
    key = await vault.key_for(code, household_id)
    session.add(
        Household(
            id=household_id,
            community_code=code,
            compound=compound,
            building="3",
            unit="2",
            room=seal_room(key, household_id, ROOM),
            room_index=household_id.bytes,
            grid_code=grid,
        )
    )
    await session.flush()
    return household_id


async def _person(session: AsyncSession, vault: Vault, code: str, household_id: UUID, data: PersonalData) -> UUID:
    person_id = new_id()
    key = await vault.key_for(code, person_id)
    session.add(
        Person(id=person_id, community_code=code, household_id=household_id, **seal_person(key, person_id, data))
    )
    await session.flush()
    return person_id


async def _contact(
    session: AsyncSession,
    vault: Vault,
    code: str,
    person_id: UUID,
    position: int,
    relation: Relation,
    name: str,
    phone: str,
) -> UUID:
    contact_id = new_id()
    key = await vault.key_for(code, person_id)
    sealed = seal_contact(key, contact_id, name=name, phone=phone)
    session.add(
        FamilyContact(
            id=contact_id, community_code=code, person_id=person_id, position=position, relation=relation, **sealed
        )
    )
    await session.flush()
    return contact_id


def sent_messages(app: FastAPI) -> list[dict[str, Any]]:
    """Everything that the console sender has written."""
    path = Path(app.state.settings.sender_file)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def moved(row: dict[str, Any], earlier: dict[str, Any]) -> bool:
    """Whether a row is a later version than it was."""
    return row["version"] > earlier["version"] and datetime.fromisoformat(row["updated_at"]) >= datetime.fromisoformat(
        earlier["updated_at"]
    )
