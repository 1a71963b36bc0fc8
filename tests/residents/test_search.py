"""Finding people by what is known of them: by whom, where, ranked, masked, written down, and through an index."""

import json
import os
from datetime import date
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import ClauseElement, Executable, Select, select, text, update
from sqlalchemy.ext.compiler import compiles
from sqlmodel import col

from services.residents.contact_cards.codes import new_code
from services.residents.household_cards.derive import derive_due
from services.residents.households.models import Household
from services.residents.households.schemas import HouseholdImport
from services.residents.households.service import index_room
from services.residents.importing import import_registry
from services.residents.people.models import SEALED, Person, PersonState, PersonToken
from services.residents.people.repository import people_of_phone
from services.residents.people.schemas import PersonImport
from services.residents.people.service import personal_data
from services.residents.people.tokens import Tokens, index_identity_number, index_phone
from services.residents.search import repository
from services.residents.search.reindexing import reindex
from services.residents.search.repository import Wish
from shared import audit
from shared.auth import Principal, Role
from shared.clock import china_today
from shared.crypto import Keyring
from shared.db import Database
from shared.vault import Vault
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


COLOURS = [
    {
        "code": "red",
        "name": {"zh": "红色", "en": "Red"},
        "meaning": {"zh": "认知症", "en": "Dementia"},
        "rule": {"tag": "dementia"},
    },
    {"code": "green", "name": {"zh": "绿色", "en": "Green"}, "meaning": {"zh": "其余", "en": "The rest"}},
]
BORN = date(1946, 5, 3)


async def search(registry: Registry, by: dict[str, str] | None = None, **known: Any) -> list[dict[str, Any]]:
    return (await registry.post("/v1/people/search", {"purpose": "lost_person"} | known, by=by))["items"]


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


@pytest.fixture
async def street(registry: Registry) -> dict[str, str]:
    """An elder, her namesake elsewhere, and others; ids by what they are called here."""
    at_home = await registry.household(compound="开元小区", building="3号楼", unit="2单元", room="1702")
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
        {"purpose": "visit", "q": " ,·"},
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


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("单玉兰", ["elder", "namesake"]),
        ("syl", ["elder", "namesake"]),
        ("shanyl 3栋", ["elder"]),
        ("单 8000", ["elder"]),
        ("8000", ["elder", "other"]),
        ("138 0013 8000", ["elder"]),
        ("兰 75岁以上", ["elder", "other"]),
        ("兰 79-81岁", ["elder"]),
        ("19900101", ["namesake"]),
        ("开元 3栋2单元", ["elder", "relative", "other"]),
        ("ky 3-2", ["elder", "relative", "other"]),
        ("3-2-1702", ["elder", "relative", "other"]),
        ("1702室", ["elder", "relative", "other"]),
        ("3栋 1702", ["elder", "relative", "other"]),
        ("3栋 1703", []),
        ("富贵", ["namesake", "compound_surname", "minority"]),
        ("富贵 玉兰", ["namesake"]),
        ("阿拉坦其其格", ["minority"]),
        ("qiqige", ["minority"]),
        ("oyhl", ["compound_surname"]),
        ("认知症", ["elder"]),
        ("退役军人 单", ["elder"]),
        ("独居", []),
        ("张", []),
    ],
)
async def test_one_box_understands_each_word_by_its_shape(
    registry: Registry, street: dict[str, str], q: str, expected: list[str]
) -> None:
    assert set(ids(await search(registry, q=q))) == {street[key] for key in expected}


async def _set(registry: Registry, person_id: str, **columns: Any) -> None:
    """What other use cases do to a person's row."""
    person = (col(Person.community_code) == registry.community, col(Person.id) == UUID(person_id))
    async with registry.app.state.database.transaction(registry.community) as session:
        await session.execute(update(Person).where(*person).values(**columns))


async def test_somebody_is_found_by_documents_card_and_colour(registry: Registry, street: dict[str, str]) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""), ("富贵园", "1号楼", ""))
    number = an_identity_number(date(1980, 1, 1))
    home = await registry.household(compound="富贵园", building="1号楼", unit="3单元")
    newcomer = await registry.person(home["id"], "马丁", identity_number=number, passport="E12345678")
    issued = await registry.post("/v1/contact-cards", {"person_id": newcomer["id"]})
    code, of_home = issued["code"], (await registry.post("/v1/contact-cards", {"household_id": home["id"]}))["code"]
    for known in (
        {"q": number},
        {"identity_number": number},
        {"q": "e12345678"},
        {"passport": "E12345678"},
        {"q": code},
        {"card_code": code.lower()},
        {"card_code": of_home},
        {"q": f"{of_home} 马"},
    ):
        assert ids(await search(registry, **known)) == [newcomer["id"]], known
    assert await search(registry, q=f"{code} 单") == []
    assert await search(registry, card_code=new_code()) == []
    scheme = await registry.post("/v1/colour-schemes", {"colours": COLOURS})
    await registry.post(f"/v1/colour-schemes/{scheme['id']}/publish")
    async with registry.app.state.database.transaction(registry.community) as session:
        await derive_due(session, Vault(session, registry.app.state.keyring))
    for known in ({"q": "红卡"}, {"q": "red"}, {"colour": "red"}, {"q": "红户 单"}):
        assert set(ids(await search(registry, **known))) >= {street["elder"]}, known
        assert newcomer["id"] not in ids(await search(registry, **known))
    assert (await search(registry, q="绿色 马丁"))[0]["colour"] == "green"


async def test_who_left_or_died_is_found_when_asked_for(registry: Registry, street: dict[str, str]) -> None:
    await _set(registry, street["namesake"], state=PersonState.MOVED_OUT)
    assert ids(await search(registry, name="单玉兰")) == [street["elder"]]
    [left] = await search(registry, name="单玉兰", state="moved_out")
    assert (left["id"], left["state"]) == (street["namesake"], "moved_out")
    assert len(await search(registry, name="单玉兰", state="any")) == 2
    assert await search(registry, name="单玉兰", state="died") == []


async def test_fields_are_shown_in_the_clear_for_a_purpose_and_on_record(
    registry: Registry, street: dict[str, str]
) -> None:
    found = await search(registry, purpose="family_contact", q="单 开元", reveal=["name", "phone"])
    shown = {row["revealed"]["name"]: row["revealed"]["phone"] for row in found}
    assert shown == {"单玉兰": "+8613800138000", "单志强": None}
    assert all(row["revealed"]["identity_number"] is None for row in found)
    [entry] = (await registry.get(f"/v1/people/{street['elder']}/access-log"))["items"]
    assert entry["action"] == "people.search"
    assert entry["fields"] == ["name", "phone"]
    refused = await registry.ask("POST", "/v1/people/search", json={"q": "单", "reveal": ["name"]})
    assert refused.status_code == 422


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
    tokens = Tokens(keyring, registry.community)
    wishes = [Wish(each) for each in (*tokens.names("shan yulan"), tokens.ages(70, 80, china_today()))]
    shown = repository.shown(principal, china_today())
    statement, order = repository.fitting(shown, registry.community, wishes, tokens.whole_name("shan yulan"))
    statement = statement.order_by(*order).limit(51)
    async with registry.app.state.database.transaction(registry.community) as session:
        # A community as large as a city would be: the tokens of 8,000 people.
        await session.execute(
            text("""
                INSERT INTO person_token (community_code, token, fit, person_id)
                SELECT :community, substring(decode(md5((n % 20000)::text), 'hex') FOR 8), 1, gen_random_uuid()
                FROM generate_series(1, 60000) AS n
            """),
            {"community": registry.community},
        )
        await session.execute(text("ANALYZE (SKIP_LOCKED) person_token"))
        plan = "\n".join((await session.execute(Explain(statement))).scalars())
    assert "pk_person_token" in plan, plan
    assert "Seq Scan on person_token" not in plan, plan


async def test_everybody_is_filed_anew_under_another_index_key(registry: Registry) -> None:
    keys = {"k1": os.urandom(32)}
    before, after = (Keyring(keys, os.urandom(32)) for _ in range(2))
    database = registry.app.state.database
    other = Registry(registry.client, registry.app).community
    homes = [HouseholdImport(compound="富贵园", building="2号楼", unit="1单元", room="301")]
    somebody = PersonImport(
        household_id=homes[0].id, name="单玉兰", identity_number=an_identity_number(), phone=a_phone()
    )
    async with database.transaction(other) as session:
        await import_registry(session, before, other, homes, [somebody])
    assert await _tokens(registry, other) == Tokens(before, other).of_person(personal_data(_of(somebody)))
    in_reach = cast("Database", _Only(database, other))
    assert await reindex(in_reach, before) == 0
    assert await reindex(in_reach, after) == 2, "a household and a person"
    assert await _tokens(registry, other) == Tokens(after, other).of_person(personal_data(_of(somebody)))
    assert await reindex(in_reach, after) == 0, "run again it finds everything done"
    async with database.transaction(other) as session:
        assert await people_of_phone(session, index_phone(after, str(somebody.phone))) == [(other, somebody.id)]
        assert await people_of_phone(session, index_phone(before, str(somebody.phone))) == []
        person = await session.get_one(Person, (other, somebody.id))
        home = await session.get_one(Household, (other, homes[0].id))
    assert person.identity_index == index_identity_number(after, str(somebody.identity_number))
    assert home.room_index == index_room(after, "富贵园", "2号楼", "1单元", "301")


def _of(person: PersonImport) -> dict[str, Any]:
    return person.model_dump(include=set(SEALED) & PersonImport.model_fields.keys())


async def _tokens(registry: Registry, community_code: str) -> dict[bytes, int]:
    statement = select(col(PersonToken.token), col(PersonToken.fit)).where(
        col(PersonToken.community_code) == community_code
    )
    async with registry.app.state.database.transaction(community_code) as session:
        return {row.token: row.fit for row in await session.execute(statement)}


class _Only:
    """A database of which a command sees one community: the others of a test run are under keys of their own."""

    def __init__(self, database: Database, community_code: str) -> None:
        self._database, self._community_code = database, community_code

    def transaction(self, _scope: str) -> Any:
        return self._database.transaction(self._community_code)
