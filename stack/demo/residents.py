"""Households, people, the five colours, and a contact card for every household."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from shared.db import AsyncSession
from shared.vault import Vault
from stack.demo.access import LOADER, Opened
from stack.demo.people import GONE_ON, DemoHousehold, DemoPerson
from stack.demo.places import COMMUNITY_CODE, demo_grids

BATCH = 500
"""Households in one transaction: a load that is interrupted loses one batch and no more."""

COLOURS = (
    ("red", "红户", "Red", "需要紧密关怀: 认知症, 或行动不便的独居老人", "Close care: dementia, or alone and frail", 7,
     {"any": [{"tag": "dementia"}, {"member": {"all": [{"tag": "living_alone"}, {"tag": "limited_mobility"}]}}]}),
    ("orange", "橙户", "Orange", "困难家庭与残疾人家庭", "Hardship or disability", 14,
     {"any": [{"tag": "hardship"}, {"tag": "child_in_hardship"}, {"tag": "disabled"}]}),
    ("yellow", "黄户", "Yellow", "高龄与独居老人", "The very old and those living alone", 30,
     {"any": [{"age": {"min": 80}}, {"tag": "living_alone"}, {"tag": "limited_mobility"}]}),
    ("blue", "蓝户", "Blue", "退役军人、老党员、老干部家庭", "Veterans, old Party members, old cadres", 90,
     {"any": [{"tag": "veteran"}, {"tag": "old_party_member"}, {"tag": "old_cadre"}]}),
    ("green", "绿户", "Green", "普通家庭", "Everyone else", 180, None),
)  # fmt: skip


async def load_registry(residents: Opened, households: list[DemoHousehold]) -> None:
    """Import what is missing, batch by batch, then publish the colour scheme."""
    from services.residents.households.models import Household  # noqa: PLC0415
    from services.residents.importing import import_registry  # noqa: PLC0415

    async with residents.transaction() as session:
        count = select(func.count()).where(col(Household.community_code) == COMMUNITY_CODE)
        present = (await session.execute(count)).scalar_one()
    for start in range(present - present % BATCH, len(households), BATCH):
        batch = households[start : start + BATCH]
        async with residents.transaction() as session:
            await import_registry(session, residents.keyring, COMMUNITY_CODE, *_rows(batch))
            await _record_departures(session, Vault(session, residents.keyring), batch)
    await _publish_colours(residents)


def _rows(households: list[DemoHousehold]):
    from services.residents.households.schemas import HouseholdImport  # noqa: PLC0415

    homes, people = [], []
    here = {member.id for each in households for member in each.members}
    for each in households:
        home = HouseholdImport.model_validate(
            asdict(each.door) | {"tenure": each.tenure, "owner": _owner(each.owner, here)}
        )
        homes.append(home)
        lived_here = [*each.members, *([each.gone] if each.gone else [])]
        people += [_person(home.id, each.since, member) for member in lived_here]
    return homes, people


def _owner(owner: DemoPerson | None, here: set[UUID]) -> dict[str, Any] | None:
    """By id if loaded in the same transaction, by name and phone otherwise."""
    if owner is None:
        return None
    return {"person_id": owner.id} if owner.id in here else {"name": owner.name, "phone": owner.phone}


async def _record_departures(session: AsyncSession, vault: Vault, households: list[DemoHousehold]) -> None:
    from services.residents.memberships.moves import move_out, record_death  # noqa: PLC0415
    from services.residents.memberships.schemas import Death, MoveOut  # noqa: PLC0415

    for gone in [each.gone for each in households if each.gone]:
        if gone.relation == "lodger":
            await move_out(session, vault, LOADER, gone.id, MoveOut(on=GONE_ON))
        else:
            await record_death(session, vault, LOADER, gone.id, Death(on=GONE_ON))


def _person(household_id: UUID, since: date, person: DemoPerson):
    from services.residents.people.schemas import PersonImport  # noqa: PLC0415

    return PersonImport.model_validate(
        {
            "id": person.id,
            "household_id": household_id,
            "relation": person.relation,
            "lives_here_since": max(since, person.birth_on),
            "parents": [parent.id for parent in person.parents],
            "name": person.name,
            "phone": person.phone,
            "identity_number": person.identity_number,
            "cautions": person.cautions,
            "consents": ["eligibility", "engagement"] if person.age >= 14 else [],
            "tags": [{"kind": tag, "valid_from": "2026-01-01"} for tag in person.tags],
            "family_contacts": [
                {"name": contact.name, "phone": contact.phone, "relation": relation}
                for relation, contact in person.contacts
                if contact.phone
            ],
        }
    )


async def _publish_colours(residents: Opened) -> None:
    from services.residents.household_cards.models import ColourScheme  # noqa: PLC0415
    from services.residents.household_cards.schemas import ColourSchemeCreate  # noqa: PLC0415
    from services.residents.household_cards.service import draft_scheme, publish_scheme  # noqa: PLC0415

    colours = [
        {
            "code": code,
            "name": {"zh": zh, "en": en},
            "meaning": {"zh": meaning, "en": meaning_en},
            "visit_interval_days": days,
            "rule": rule,
        }
        for code, zh, en, meaning, meaning_en, days, rule in COLOURS
    ]
    async with residents.transaction() as session:
        there = select(col(ColourScheme.id)).where(col(ColourScheme.community_code) == COMMUNITY_CODE)
        if (await session.execute(there)).first() is None:
            data = ColourSchemeCreate.model_validate({"colours": colours})
            scheme = await draft_scheme(session, COMMUNITY_CODE, data)
            await publish_scheme(session, LOADER, scheme.id)


async def load_cards(residents: Opened) -> None:
    """A contact card for every household that has none."""
    from services.residents.contact_cards.schemas import GridIssue  # noqa: PLC0415
    from services.residents.contact_cards.service import issue_for_grid  # noqa: PLC0415

    for grid in demo_grids():
        async with residents.transaction() as session:
            await issue_for_grid(session, LOADER, GridIssue(grid_code=grid.code))
