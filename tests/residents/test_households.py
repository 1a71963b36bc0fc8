"""Households through the service's door."""

from tests.residents.registry import Registry


async def test_a_household_lives_in_the_grid_of_its_address(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    household = await registry.household(room="302")
    assert household["grid_code"] == registry.grid()
    assert household["room"] == "302"
    response = await registry.ask("GET", f"/v1/households/{household['id']}")
    assert response.json() == household
    assert response.headers["etag"] == '"1"'
    [event] = await registry.events("household_registered")
    assert event == {"household_id": household["id"], "grid_code": registry.grid()}
