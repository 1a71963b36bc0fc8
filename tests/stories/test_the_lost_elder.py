"""Story 1: a guard scans a card, the grid worker comes within seconds, the family is told and leaves a pennant."""

import json

import pytest

from services.residents.people.ages import age_on
from shared.clock import china_today
from stack.demo.people import demo_households
from stack.demo.stories import lost_elder
from stack.demo.stories.actors import City, Json
from stack.demo.stories.lost_elder import GRID, LostElder

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(180)]

FAMILY = demo_households()[0].members
DAUGHTER, ELDER = FAMILY[:2]


@pytest.fixture(scope="module")
async def story(city: City) -> LostElder:
    """The story, played once; every test looks at it from another side."""

    def tell(_words: str, _answer: Json | None) -> None:
        return None

    return await lost_elder.play(city, tell)


async def test_the_worker_has_the_work_order_of_the_report(story: LostElder) -> None:
    assert story.order["category"] == "public_safety.lost_person"
    assert story.order["grid_code"] == GRID.code


async def test_the_worker_sees_the_cautions_and_the_familys_phone(story: LostElder) -> None:
    assert story.revealed["name"] == ELDER.name
    assert story.revealed["cautions"] == ELDER.cautions
    assert [contact["name"] for contact in story.revealed["family_contacts"]] == [DAUGHTER.name]
    assert story.revealed["family_contacts"][0]["phone"].endswith(DAUGHTER.phone or "-")


async def test_the_finder_never_receives_a_personal_datum_of_the_elder(story: LostElder) -> None:
    everything = "\n".join(story.public_answers)
    assert len(story.public_answers) >= 5
    for secret in _secrets():
        assert secret not in everything


async def test_finder_and_family_write_to_each_other_without_numbers(story: LostElder) -> None:
    assert story.thread == [
        ("finder", "老人在喝热水, 我的电话 ＊＊＊"),
        ("family", "谢谢您! 我十分钟到"),
    ]


async def test_the_handover_is_proved_and_the_case_is_counted(story: LostElder, city: City) -> None:
    staff = await city.with_password("staff")
    timeline = (await staff.get(f"/v1/found-persons/{story.case_id}"))["timeline"]
    (handed_over,) = [entry for entry in timeline if entry["kind"] == "handed_over"]
    photo = await staff.fetch(f"/v1/found-persons/{story.case_id}/photos/{handed_over['detail']['photo_id']}")
    assert (photo.status_code, photo.headers["content-type"]) == (200, "image/jpeg")
    assert story.counted["with_card"] >= 1
    assert story.counted["outcomes"]["returned_home"] >= 1
    assert story.counted["minutes_to_handed_over"]["median"] >= 0


async def test_the_family_closes_the_request_and_leaves_a_pennant(story: LostElder, city: City) -> None:
    assert story.request["state"] == "confirmed"
    daughter = await city.with_phone("daughter", DAUGHTER.phone or "")
    ratings = await daughter.get(f"/v1/service-requests/{story.order['request_id']}/rating")
    assert ratings["items"][0]["commendation"] == "pennant"


async def test_every_reveal_is_in_the_audit_log_with_its_purpose(story: LostElder, city: City) -> None:
    staff = await city.with_password("staff")
    log = (await staff.get(f"/v1/people/{story.person_id}/access-log"))["items"]
    actions = {entry["action"] for entry in log if entry["purpose"] == "lost_person"}
    fields = {field for entry in log for field in entry["fields"]}
    assert len(actions) >= 2  # the search and the reveal
    assert {"name", "cautions", "family_contacts"} <= fields


@pytest.mark.parametrize("query", ["单", "shan", "SHAN YU LAN", "单玉兰", "syl"])
async def test_without_a_card_she_is_found_by_what_she_can_say(city: City, query: str) -> None:
    staff = await city.with_password("staff")
    found = await staff.post(
        "/v1/people/search",
        {"purpose": "lost_person", "name": query, "compound": GRID.compound, "building": "1号楼"},
    )
    assert age_on(ELDER.birth_on, china_today()) in {row["age"] for row in found["items"]}
    assert all(row["name"].endswith("*") for row in found["items"])
    assert ELDER.name not in json.dumps(found, ensure_ascii=False)


async def test_without_a_purpose_nobody_is_searched(city: City) -> None:
    staff = await city.with_password("staff")
    refused = await staff.try_post("/v1/people/search", {"name": "单"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/purpose"


async def test_another_grids_worker_does_not_see_the_case(story: LostElder, city: City) -> None:
    elsewhere = await city.with_password("worker06")
    answer = await elsewhere.fetch(f"/v1/found-persons/{story.case_id}")
    assert answer.status_code == 404


def _secrets() -> list[str]:
    known = (ELDER, DAUGHTER)
    texts = [person.name for person in known] + [person.identity_number for person in known]
    texts += [person.phone for person in known if person.phone] + [ELDER.birth_on.isoformat()]
    return texts + [part for part in (ELDER.cautions or "").split("; ") if part]
