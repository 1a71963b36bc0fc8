"""The five classes, what each asks and promises, and that a promise once made is kept."""

from tests.requests.world import LAMP, World

CATEGORIES = "/v1/categories"
CLASSES = ["fairness", "livelihood", "public_safety", "public_services", "rights_protection"]


async def test_every_community_starts_with_the_five_classes(world: World) -> None:
    tree = (await world.get("resident", CATEGORIES))["items"]
    assert [top["code"] for top in tree] == CLASSES
    assert {top["name_zh"] for top in tree} == {"公平正义", "民生实事", "公共安全", "公共服务", "权益保障"}
    for top in tree:
        assert top["subcategories"], top["code"]
        for below in top["subcategories"]:
            assert below["code"].startswith(top["code"] + ".")
            assert (
                below["deadlines"]["normal"]["reopened_minutes"] <= below["deadlines"]["normal"]["resolution_minutes"]
            )
    urgent = {below["code"] for top in tree for below in top["subcategories"] if below["default_urgency"] == "urgent"}
    assert "public_safety.lost_person" in urgent
    assert LAMP not in urgent


async def test_staff_add_a_subcategory_that_inherits_its_deadlines(world: World) -> None:
    data = {"code": "livelihood.benches", "name_zh": "长椅", "name_en": "Benches", "privacy": "public"}
    made = await world.post("staff", CATEGORIES, data)
    inherited = await world.get("staff", f"{CATEGORIES}/livelihood")
    assert made["deadlines"] == inherited["deadlines"]
    assert (await world.call("staff", "POST", CATEGORIES, data)).status_code == 409
    assert (await world.call("staff", "POST", CATEGORIES, data | {"code": "no_class.x_y"})).status_code == 409
    assert (await world.call("staff", "POST", CATEGORIES, data | {"code": "seventh"})).status_code == 409
    assert (await world.call("resident", "POST", CATEGORIES, data)).status_code == 403
    assert (await world.submit(category="livelihood.benches"))["state"] == "submitted"


async def test_a_change_needs_the_version_that_was_read(world: World) -> None:
    path = f"{CATEGORIES}/{LAMP}"
    change = {"name_zh": "路灯照明"}
    assert (await world.call("staff", "PATCH", path, change)).status_code == 428
    assert (await world.call("staff", "PATCH", path, change, headers={"If-Match": '"1"'})).json()["version"] == 2
    assert (await world.call("staff", "PATCH", path, change, headers={"If-Match": '"1"'})).status_code == 412
    assert (await world.call("staff", "PATCH", path, {"name_zh": None}, headers={"If-Match": '"2"'})).status_code == 422
    assert (await world.get("staff", path))["name_zh"] == "路灯照明"


async def test_a_new_promise_leaves_the_old_ones_alone(world: World) -> None:
    before = await world.submit()
    path = f"{CATEGORIES}/{LAMP}"
    deadlines = (await world.get("staff", path))["deadlines"]
    deadlines["normal"] |= {"resolution_minutes": 60, "reopened_minutes": 30}
    changed = await world.call("staff", "PATCH", path, {"deadlines": deadlines}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["policy_version"]) == (200, 2)
    after = await world.submit()
    assert (before["policy_version"], after["policy_version"]) == (1, 2)
    assert (await world.get("resident", before["id"]))["resolve_by"] == before["resolve_by"] > after["resolve_by"]


async def test_a_closed_category_takes_no_new_requests(world: World) -> None:
    path = f"{CATEGORIES}/{LAMP}"
    await world.call("staff", "PATCH", path, {"active": False}, headers={"If-Match": '"1"'})
    refused = await world.call("resident", "POST", "", {"category": LAMP})
    assert (refused.status_code, refused.json()["code"]) == (409, "category-closed")


async def test_another_community_has_categories_of_its_own(world: World) -> None:
    path = f"{CATEGORIES}/{LAMP}"
    assert (await world.call("staff", "GET", path, area="990000000000")).status_code == 404
    assert (await world.call("supervisor", "GET", CATEGORIES, area="990000")).status_code == 404
    outside = await world.call("supervisor", "GET", f"{CATEGORIES}?community_code={world.code}", area="990000")
    assert outside.status_code == 404
    county = world.code[:6]
    seen = await world.get("supervisor", f"{CATEGORIES}?community_code={world.code}", area=county)
    assert len(seen["items"]) == 5
