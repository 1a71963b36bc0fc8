"""Finding people by what is known of them: by whom, where, ranked, masked, written down, and through an index."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Executable, Select, text
from sqlalchemy.ext.compiler import compiles

from services.residents.people import repository, tokens
from services.residents.people.models import Person
from shared import audit
from shared.auth import Principal, Role
from shared.clock import china_today
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone, an_identity_number


class Explain(Executable, ClauseElement):
    """How PostgreSQL would run a statement."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def _explain(element: Explain, compiler: Any, **options: Any) -> str:
    return "EXPLAIN " + compiler.process(element.statement, **options)


BORN = date(1946, 5, 3)


async def search(registry: Registry, by: dict[str, str] | None = None, **known: Any) -> list[dict[str, Any]]:
    return (await registry.post("/v1/people/search", {"purpose": "lost_person"} | known, by=by))["items"]


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


@pytest.fixture
async def street(registry: Registry) -> dict[str, str]:
    """An elder, her namesake elsewhere, and others; ids by what they are called here."""
    at_home = await registry.household(compound="开元小区", building="3号楼", unit="2单元")
    across = await registry.household(compound="富贵园", building="1号楼", unit="1单元")
    people = {}
    for key, household, known in (
        ("elder", at_home, {"name": "单玉兰", "identity_number": an_identity_number(BORN), "phone": "13800138000"}),
        ("namesake", across, {"name": "单玉兰", "birth_on": "1990-01-01"}),
        ("relative", at_home, {"name": "单志强", "birth_on": "1975-02-02"}),
        ("other", at_home, {"name": "王玉兰", "birth_on": "1950-02-02", "phone": "13911118000"}),
        ("compound_surname", across, {"name": "欧阳慧兰"}),
        ("minority", across, {"name": "阿拉坦·其其格"}),
    ):
        people[key] = (await registry.person(household["id"], **known))["id"]
    await registry.post(f"/v1/people/{people['elder']}/tags", {"kind": "dementia"})
    await registry.post(f"/v1/people/{people['elder']}/tags", {"kind": "veteran"})
    return people


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"name": "单", "building": "3号楼", "compound": "开元小区"}, ["elder", "relative"]),
        ({"name": "单玉兰"}, ["elder", "namesake"]),
        ({"name": "shan yulan"}, ["elder", "namesake"]),
        ({"name": "Shànyùlán"}, ["elder", "namesake"]),
        ({"name": "syl"}, ["elder", "namesake"]),
        ({"name": "玉兰"}, ["elder", "namesake", "other"]),
        ({"name": "shan"}, ["elder", "namesake", "relative"]),
        ({"name": "ouyang"}, ["compound_surname"]),
        ({"name": "欧阳"}, ["compound_surname"]),
        ({"name": "其其格"}, ["minority"]),
        ({"name": "张"}, []),
        ({"phone": "138 0013 8000"}, ["elder"]),
        ({"last_four": "8000"}, ["elder", "other"]),
        ({"name": "兰", "last_four": "8000", "age_from": 75}, ["elder", "other"]),
        ({"name": "兰", "age_from": 79, "age_to": 81}, ["elder"]),
        ({"name": "单玉兰", "age_to": 60}, ["namesake"]),
        ({"compound": "富贵园", "building": "1号楼"}, ["namesake", "compound_surname", "minority"]),
        ({"compound": "富贵园", "building": "1号楼", "age_from": 18, "age_to": 50}, ["namesake"]),
        ({"name": "单玉兰", "compound": "富贵园"}, ["namesake"]),
        ({"name": "单玉兰", "unit": "2单元"}, ["elder"]),
    ],
)
async def test_people_are_found_by_what_is_known(
    registry: Registry, street: dict[str, str], known: dict[str, Any], expected: list[str]
) -> None:
    assert set(ids(await search(registry, **known))) == {street[key] for key in expected}


async def test_the_likeliest_come_first(registry: Registry) -> None:
    household = await registry.household()
    for name in ("李王", "李小王", "王小", "王"):
        await registry.person(household["id"], name)
    found = await search(registry, name="王")
    order = [await _name(registry, each["id"]) for each in found]
    assert order[0] == "王", "exactly this name"
    assert order[1] == "王小", "then the surname"
    assert set(order[2:]) == {"李王", "李小王"}


async def _name(registry: Registry, person_id: str) -> str:
    shown = await registry.post(f"/v1/people/{person_id}/reveal", {"purpose": "visit", "fields": ["name"]})
    return shown["name"]


async def test_results_are_masked_and_tell_what_the_purpose_needs(registry: Registry, street: dict[str, str]) -> None:
    [elder] = await search(registry, phone="13800138000")
    assert elder["name"] == "单*"
    assert (elder["compound"], elder["building"], elder["unit"]) == ("开元小区", "3号楼", "2单元")
    assert elder["tags"] == ["dementia"], "being a veteran does not matter to who meets her"
    shown = json.dumps(elder, ensure_ascii=False)
    assert "玉兰" not in shown
    assert "13800138000" not in shown
    assert "phone" not in elder
    assert (await search(registry, purpose="visit", phone="13800138000"))[0]["tags"] == ["dementia", "veteran"]
    assert (await search(registry, purpose="statistics", phone="13800138000"))[0]["tags"] == []
    assert street["elder"] == elder["id"]


async def test_a_search_needs_a_purpose_and_a_criterion(registry: Registry) -> None:
    for body in (
        {"name": "单"},
        {"purpose": "curiosity", "name": "单"},
        {"purpose": "visit"},
        {"purpose": "visit", "age_from": 80},
        {"purpose": "visit", "compound": "开元小区"},
        {"purpose": "visit", "name": "··"},
        {"purpose": "visit", "name": "单", "age_from": 80, "age_to": 60},
        {"purpose": "visit", "last_four": "12"},
    ):
        answer = await registry.ask("POST", "/v1/people/search", json=body)
        assert answer.status_code == 422, body


async def test_every_search_is_written_down_for_everybody_it_showed(registry: Registry, street: dict[str, str]) -> None:
    found = await search(registry, name="单", compound="开元小区")
    for person_id in ids(found):
        [entry] = (await registry.get(f"/v1/people/{person_id}/access-log"))["items"]
        assert (entry["action"], entry["purpose"]) == ("people.search", "lost_person")
    assert (await registry.get(f"/v1/people/{street['namesake']}/access-log"))["items"] == []
    async with registry.app.state.database.transaction(registry.community) as session:
        [entry] = (
            await session.execute(audit.audit_entry.select().where(audit.audit_entry.c.subject_type == "search"))
        ).mappings()
        assert entry["fields"] == ["compound", "name"]
        assert entry["detail"] == {"shown": len(found)}


async def test_nobody_is_found_across_communities_or_grids(registry: Registry, street: dict[str, str]) -> None:
    foreign = Registry(registry.client, registry.app)
    assert await search(foreign, name="单玉兰") == []
    assert await search(foreign, phone="13800138000") == []
    worker = bearer("grid_worker", registry.community, grids=[registry.grid()])
    assert await search(registry, worker, name="单玉兰") == []
    await registry.publish_grid(registry.grid(), ("富贵园", "1号楼", ""))
    assert ids(await search(registry, worker, name="单玉兰")) == [street["namesake"]]


async def test_results_come_in_pages(registry: Registry) -> None:
    household = await registry.household()
    made = {(await registry.person(household["id"], f"单{name}"))["id"] for name in "玉兰志强建国春"}
    seen, parameters = [], {"limit": 3}
    while True:
        answer = await registry.ask(
            "POST", "/v1/people/search", json={"purpose": "visit", "name": "shan"}, params=parameters
        )
        seen += ids(answer.json()["items"])
        if not (cursor := answer.json()["next_cursor"]):
            break
        parameters = {"limit": 3, "cursor": cursor}
    assert len(seen) == len(set(seen))
    assert set(seen) == made


async def test_tokens_are_found_through_their_index_under_row_level_security(registry: Registry) -> None:
    """As the application role, in its scope: the policy must not turn the look-up into a scan."""
    household = await registry.household()
    for _ in range(3):
        await registry.person(household["id"], "单玉兰", phone=a_phone())
    keyring = registry.app.state.keyring
    principal = Principal(subject="explain", role=Role.STAFF, area=registry.community)
    groups = tokens.name_query(keyring, "shan yulan")
    statement = repository.matching(repository.readable(principal), registry.community, groups)
    statement = repository.also_having(statement, tokens.ages(keyring, 70, 80, china_today()))
    rank = repository.rank(*tokens.name_ranks(keyring, "shan yulan"))
    statement = statement.order_by(rank, Person.id).limit(51)
    async with registry.app.state.database.transaction(registry.community) as session:
        # A community as large as a city would be: the tokens of 8,000 people.
        await session.execute(
            text("""
                INSERT INTO person_token (community_code, token, person_id)
                SELECT :community, decode(md5((n % 20000)::text), 'hex'), gen_random_uuid()
                FROM generate_series(1, 60000) AS n
            """),
            {"community": registry.community},
        )
        plan = "\n".join((await session.execute(Explain(statement))).scalars())
    assert "pk_person_token" in plan, plan
    assert "Seq Scan on person_token" not in plan, plan
