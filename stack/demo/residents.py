"""Households, people, the five colours, and a contact card for every household."""

from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from stack.demo.access import LOADER, Opened
from stack.demo.people import DemoHousehold, DemoPerson
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
        async with residents.transaction() as session:
            await import_registry(session, residents.keyring, COMMUNITY_CODE, *_rows(households[start : start + BATCH]))
    await _publish_colours(residents)


def _rows(households: list[DemoHousehold]):
    from services.residents.households.schemas import HouseholdImport  # noqa: PLC0415

    homes, people = [], []
    for each in households:
        home = HouseholdImport(
            compound=each.door.compound, building=each.door.building, unit=each.door.unit, room=each.door.room
        )
        homes.append(home)
        people += [_person(home.id, member) for member in each.members]
    return homes, people


def _person(household_id: UUID, person: DemoPerson):
    from services.residents.people.schemas import PersonImport  # noqa: PLC0415

    return PersonImport.model_validate(
        {
            "household_id": household_id,
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
