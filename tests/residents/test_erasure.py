"""Who was erased is unreadable: every sealed value of every table, tried with every key that is left."""

from collections.abc import Iterable
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.residents.people.tokens import index_identity_number, index_phone
from shared.crypto import DataKey, Tampered, WrappedKey
from shared.db import AsyncSession
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone, an_identity_number
from tests.residents.test_consents import as_resident

_COLUMNS = """
    SELECT c.relname AS table, array_agg(a.attname::text) FILTER (WHERE a.atttypid = 'bytea'::regtype) AS sealed
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    GROUP BY 1 HAVING bool_or(a.attname = 'community_code') AND bool_or(a.atttypid = 'bytea'::regtype)"""


async def keys_left(session: AsyncSession, registry: Registry) -> list[DataKey]:
    statement = text("SELECT subject_id, key_id, wrapped FROM data_key WHERE community_code = :code AND wrapped <> ''")
    rows = (await session.execute(statement, {"code": registry.community})).all()
    keyring = registry.app.state.keyring
    return [
        keyring.unwrap(WrappedKey(key_id, bytes(wrapped)), registry.community, subject)
        for subject, key_id, wrapped in rows
    ]


def opened(keys: Iterable[DataKey], table: str, column: str, places: Iterable[UUID], blob: bytes) -> str | None:
    for key, place in product(keys, places):
        try:
            return key.open(blob, table=table, column=column, row_id=place)
        except (Tampered, UnicodeDecodeError):
            continue
    return None


async def everything(registry: Registry) -> tuple[list[str], list[bytes]]:
    """What can be opened anywhere in the community with the keys that are left, and every raw value."""
    texts, blobs = [], []
    async with registry.app.state.database.transaction(registry.community) as session:
        keys = await keys_left(session, registry)
        tables = (await session.execute(text(_COLUMNS))).all()
        for table, columns in tables:
            statement = text(f"SELECT * FROM {table} WHERE community_code = :code")
            for row in (await session.execute(statement, {"code": registry.community})).mappings():
                places = [value for value in row.values() if isinstance(value, UUID)]
                for column in columns:
                    if row[column] is not None:
                        blobs.append(bytes(row[column]))
                        texts.append(opened(keys, table, column, places, bytes(row[column])) or "")
    return texts, blobs


async def seeded(registry: Registry) -> tuple[dict[str, Any], list[str], list[bytes]]:
    """A person about whom every module keeps something, their words, and their blind indexes."""
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    phone, number = a_phone(), an_identity_number()
    home = await registry.household(room="密室九号")
    await registry.person((await registry.household())["id"], "旁人甲", phone=a_phone())
    person = await registry.person(home["id"], "单密兰", phone=phone, identity_number=number, cautions="密语: 怕打雷")
    path, me = f"/v1/people/{person['id']}", as_resident(registry, person)
    await registry.post(f"{path}/tags", {"kind": "dementia", "evidence": "密诊断书"})
    await registry.post(f"{path}/family-contacts", {"name": "马密梅", "phone": "13800138066", "relation": "child"})
    await registry.consent(person["id"], "portrait", evidence="密柜三")
    body = {"changes": {"name": "单密蓝"}, "reason": "密写错字"}
    asked = await registry.post(f"{path}/corrections", body, by=me)
    declined = {"refusal": "accurate", "note": "密核无误"}
    await registry.post(f"/v1/rights-requests/{asked['id']}/decline", declined)
    await registry.post(f"{path}/erasure-requests", {"reason": "密搬家"}, by=me)
    await registry.post("/v1/contact-cards", {"person_id": person["id"]})
    words = ["单密兰", phone, number, "密语", "密诊断书", "马密梅", "13800138066", "密柜三", "单密蓝", "密写错字",
             "密核无误", "密搬家", "密室九号"]  # fmt: skip
    keyring = registry.app.state.keyring
    return person, words, [index_phone(keyring, f"+86{phone}"), index_identity_number(keyring, number)]


async def test_nothing_of_an_erased_person_can_be_opened(registry: Registry) -> None:
    person, words, indexes = await seeded(registry)
    texts, blobs = await everything(registry)
    assert [word for word in words if not any(word in each for each in texts)] == [], "the search finds what is there"
    assert any(index in blobs for index in indexes)
    await registry.post(f"/v1/people/{person['id']}/erase", status=204)
    texts, blobs = await everything(registry)
    assert any("旁人甲" in each for each in texts), "others are read as before"
    assert [word for word in words if any(word in each for each in texts)] == []
    assert [index for index in indexes if index in blobs] == []
    head = bearer("head", registry.community)
    for part in ("consents", "export", "access-log"):
        assert (await registry.ask("GET", f"/v1/people/{person['id']}/{part}", by=head)).status_code == 404
