import pytest

from tests.apps import AppOf
from tests.residents.neighbourhood import Neighbourhood, settle


@pytest.fixture
async def place(app_of: AppOf) -> Neighbourhood:
    """A fresh community with an elder, a neighbour and the elder's family contacts."""
    return await settle(await app_of("residents"))
