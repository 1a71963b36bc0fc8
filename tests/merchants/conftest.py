import pytest

from tests.apps import ClientOf
from tests.merchants.shop import Shop, open_shop


@pytest.fixture
async def shop(client_of: ClientOf, attestation_pair: tuple[str, str]) -> Shop:
    """An approved shop in a community of its own, with one item."""
    opened = await open_shop(client_of, attestation_pair)
    await opened.sells("苹果", 1000)
    return opened
