"""Open311 through the gateway: what clients are offered, what they may send, what everybody may see."""

import pytest

from tests.gateway.conftest import Town
from tests.gateway.open311 import LAMP, Place, open_place


@pytest.fixture(scope="module")
async def place(town: Town) -> Place:
    return await open_place(town)


async def test_discovery_lists_endpoints_and_formats(place: Place):
    found = await place.get("discovery")
    assert len(found["endpoints"]) == 2
    for endpoint in found["endpoints"]:
        assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
        assert endpoint["formats"] == ["text/xml", "application/json"]
    assert found["endpoints"][0]["url"] == place.base


async def test_services_are_what_may_be_asked_for(place: Place):
    found = {each["service_code"]: each for each in await place.get("services")}
    assert "livelihood" not in found
    lamp = found[LAMP]
    assert (lamp["type"], lamp["group"], lamp["metadata"]) == ("realtime", "民生实事", bool(lamp["metadata"]))
    english = await place.get("services", headers={"Accept-Language": "en"})
    assert {each["service_code"]: each["service_name"] for each in english}[LAMP] == "Street lamp"


async def test_a_request_comes_in_and_is_shown(place: Place):
    request_id = await place.submit(description="三单元门口的路灯不亮")
    [shown] = await place.get(f"requests/{request_id}")
    assert shown["status"] == "open"
    assert (shown["lat"], shown["long"]) == (40.625, 109.975)
    assert "description" not in shown
    stored = await place.stored(request_id)
    assert stored["channel"] == "open311"
    assert stored["grid_code"] == f"{place.code}001"
    assert stored["description"] == "三单元门口的路灯不亮"
