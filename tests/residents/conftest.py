import pytest

from tests.apps import AppOf, ClientOf
from tests.residents.neighbourhood import Neighbourhood, settle
from tests.residents.registry import Registry


@pytest.fixture
async def place(app_of: AppOf) -> Neighbourhood:
    """A fresh community with an elder, a neighbour and the elder's family contacts."""
    return await settle(await app_of("residents"))


@pytest.fixture
async def registry(app_of: AppOf, client_of: ClientOf) -> Registry:
    """A fresh community whose registry is empty."""
    return Registry(await client_of("residents"), await app_of("residents"))
