"""What people of the village ask for."""

from typing import Any

from services.requests.categories.service import seed_categories
from tests.gateway.conftest import Town
from tests.gateway.village import Village


async def submit(town: Town, village: Village, title: str) -> dict[str, Any]:
    """The elder's request about a street lamp."""
    async with town.services["requests"].state.database.transaction(village.code) as session:
        await seed_categories(session, village.code)
    async with await village.resident() as elder:
        body = {"category": "livelihood.street_lamp", "title": title}
        made = await elder.post("/v1/service-requests", json=body)
    assert made.status_code == 201, made.text
    return made.json()
