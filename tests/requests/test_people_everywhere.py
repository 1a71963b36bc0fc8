"""Wherever a person is named: a merge carries all of it, its undoing brings all of it back, an erasure ends all of it.

The columns are found in the tables themselves: a new one that names a person fails here until somebody has said how.
"""

import json
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary

from services.requests.person_merges.consumers import NAMED
from services.requests.tables import Base
from shared.db import KIT_METADATA
from tests.requests import deliberating, test_articles, test_projects
from tests.requests.mediating import Mediating
from tests.requests.test_attachments import attach, sweep
from tests.requests.test_person_merges import told
from tests.requests.world import LAMP, World
from tests.shared.test_photos import encoded, picture

COLUMNS = sorted(
    (table.name, column.name)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if column.name.endswith("person_id")
)
SEALED = sorted(
    (table.name, column.name)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if "key_subject_id" in table.columns and isinstance(column.type, LargeBinary) and "index" not in column.name
)
WORDS = ("我家门口的灯", "他们动作很快", "还是不亮呢", "座椅很稳", "19900001111")
"""What the person says here and there."""
MAY_NAME = frozenset({"audit_entry", "data_key", "followed_merge", "idempotency_key", "inbox", "outbox"})
"""Who did what stays on record, and that a key is destroyed; a merge as long as it may be undone. Answers
are kept a day and events thirty, with ids and codes only."""


def test_every_column_that_names_a_person_is_merged() -> None:
    assert {(each.table.__tablename__, each.column) for each in NAMED.values()} == set(COLUMNS)


async def everywhere(world: World) -> None:
    """Let the world's person ask, be concerned, follow, rate, vote, sit, inspect and quarrel."""
    person = {"person": world.person, "household": None}
    asked = await world.submit(title="路灯不亮", description=WORDS[0])
    await world.post("resident", f"{asked['id']}/updates", {"kind": "comment", "text": WORDS[2]})
    assert (await attach(world, asked["id"], encoded(picture()))).status_code == 201
    await world.post("staff", f"{asked['id']}/tracking-link")
    await world.post("staff", f"{asked['id']}/accept")
    await world.post("staff", f"{asked['id']}/resolve", {"text": "已修好"})
    said = {"score": 4, "solved": True, "satisfied": True, "text": WORDS[1]}
    await world.post("resident", f"{asked['id']}/rating", said)
    other = await world.post("resident", "", {"category": LAMP, "title": "灯"}, person=uuid4(), household=None)
    await world.post("resident", f"{other['id']}/support")
    case = {"found_person_id": str(uuid4()), "grid_code": world.grid}
    await world.deliver("residents.found_person_reported.v1", case, subject="found-persons/1")
    known = case | {"person_id": str(world.person), "household_id": str(uuid4())}
    await world.deliver("residents.found_person_identified.v1", known, subject="found-persons/1", version=2)
    article = await test_articles.published(world)
    await world.post("resident", f"{test_articles.URL}/{article['id']}/vote", {"helpful": True}, **person)
    table = deliberating.Table(world, await deliberating.asked(world), residents=[world.person, uuid4()])
    await table.propose()
    await table.invite()
    project = await test_projects.planned(world)
    project.representative = world.person
    await project.build()
    await project.inspect()
    noise = Mediating(world)
    await noise.open()


async def named(world: World, person: UUID) -> set[tuple[str, str]]:
    """Which columns name the person."""
    found = set()
    for table, column in COLUMNS:
        rows = await world.sql(f'SELECT count(*) AS n FROM "{table}" WHERE {column} = :person', person=person)
        if rows[0].n:
            found.add((table, column))
    return found


async def mentioned(world: World, *needles: str) -> dict[str, list[str]]:
    """By table, which of these stand anywhere in it; bytes are compared as they are."""
    found = {}
    for table in (*Base.metadata.sorted_tables, *KIT_METADATA.sorted_tables):
        rows = str(await world.sql(f'SELECT t::text FROM "{table.name}" t'))
        seen = [each for each in needles if each in rows or each.encode().hex() in rows]
        if seen:
            found[table.name] = seen
    return found


async def test_a_merge_carries_everything_and_its_undoing_brings_it_back(world: World) -> None:
    await everywhere(world)
    assert await named(world, world.person) == set(COLUMNS), "the story must name them everywhere"
    merge, kept = uuid4(), uuid4()
    await told(world, "person_merged", merge, kept, world.person)
    assert await named(world, world.person) == set()
    assert await named(world, kept) == set(COLUMNS)
    await told(world, "person_merge_undone", merge, kept, world.person)
    assert await named(world, kept) == set()
    assert await named(world, world.person) == set(COLUMNS)


async def test_where_both_are_named_each_keeps_their_own(world: World) -> None:
    """Two voices were heard; the undoing finds both where they were."""
    asked, kept = await world.submit(), uuid4()
    both = ({"person": world.person}, {"person": kept, "household": world.household})
    other = await world.post("resident", "", {"category": LAMP, "title": "灯"}, person=uuid4(), household=None)
    await world.post("staff", f"{asked['id']}/accept")
    await world.post("staff", f"{asked['id']}/resolve", {"text": "已修好"})
    for score, who in enumerate(both, start=4):
        await world.post("resident", f"{other['id']}/support", **who)
        await world.post(
            "resident", f"{asked['id']}/rating", {"score": score, "solved": True, "satisfied": True}, **who
        )
    before = [await named(world, each) for each in (world.person, kept)]
    merge = uuid4()
    await told(world, "person_merged", merge, kept, world.person)
    assert ("rating", "person_id") in await named(world, world.person)
    await told(world, "person_merge_undone", merge, kept, world.person)
    assert [await named(world, each) for each in (world.person, kept)] == before


async def test_an_erasure_ends_everything(world: World) -> None:
    await everywhere(world)
    me = str(world.person)
    assert await mentioned(world, *WORDS) == {}, "nothing lies in the clear"
    await world.deliver("residents.person_erased.v1", {"person_id": me}, subject=f"people/{me}")
    await sweep(world)
    assert set(await mentioned(world, me)) <= MAY_NAME
    assert await world.sql("SELECT 1 FROM data_key WHERE subject_id = :me AND wrapped <> ''", me=world.person) == []
    gone = "key_subject_id IN (SELECT subject_id FROM data_key WHERE wrapped = '')"
    for table, column in SEALED:
        left = await world.sql(f'SELECT count(*) AS n FROM "{table}" WHERE {column} IS NOT NULL AND {gone}')
        assert left[0].n == 0, (table, column)
    assert (await world.sql("SELECT score FROM rating"))[0].score == 4, "what was judged stays counted"
    shown = json.dumps(await world.get("head", "?limit=200"), ensure_ascii=False)
    assert not [word for word in WORDS if word in shown]
