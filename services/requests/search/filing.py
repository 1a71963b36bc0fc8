"""Filing requests under the words of their texts, a moment after these were written or taken away.

Taking a request in does not wait for it: triggers note which requests have to be filed anew, in the transaction that
changed a text, and a timer compares what they hold with what they are filed under.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row

from services.requests.search import repository
from services.requests.search.repository import Key
from services.requests.search.words import Tokens
from services.requests.service_requests.texts import REQUEST, Content
from shared.crypto import Keyring, Tampered, WrappedKey
from shared.db import AsyncSession
from shared.timers import Timer
from shared.vault import Vault

FILED_AT_ONCE = 100
"""Some 40 ms of work between two waits for the database."""

log = structlog.get_logger(__name__)


async def file_requests(keyring: Keyring, session: AsyncSession) -> int:
    """File anew what has changed; returns how many notes of changes it dealt with."""
    noted = await repository.claim(session, FILED_AT_ONCE)
    claimed = sorted({(row.community_code, row.request_id) for row in noted})
    if not claimed:
        return 0
    wanted = _wanted(Vault(session, keyring), await repository.sealed_texts(session, claimed))
    filed = await repository.filed(session, claimed)
    none: set[int] = set()
    changes = {
        key: (wanted.get(key, none), filed.get(key, none))
        for key in claimed
        if wanted.get(key, none) != filed.get(key, none)
    }
    await repository.add_tokens(session, [(key, each) for key, (new, old) in changes.items() for each in new - old])
    await repository.drop_tokens(session, [(key, each) for key, (new, old) in changes.items() for each in old - new])
    await repository.keep(session, {key: new for key, (new, _) in changes.items()})
    return len(noted)


def _wanted(vault: Vault, rows: Sequence[Row[Any]]) -> dict[Key, set[int]]:
    """The tokens of everything that can be read of each request."""
    texts: dict[Key, list[str]] = defaultdict(list)
    for row in rows:
        texts[row.community_code, row.request_id] += _read(vault, row)
    tokens = {code: Tokens(vault.keyring, code) for code, _ in texts}
    return {(code, request_id): tokens[code].of(said) for (code, request_id), said in texts.items()}


def _read(vault: Vault, row: Row[Any]) -> list[str]:
    """The words of one sealed text. One that cannot be opened is filed under nothing: it must not stop the others."""
    is_request = row.place == REQUEST
    try:
        key = vault.open_stored(WrappedKey(row.key_id, row.wrapped), row.community_code, row.key_subject_id)
        said = key.open(row.sealed, table=row.place, column="content" if is_request else "text", row_id=row.id)
    except Tampered:
        log.warning("text_not_filed", table=row.place, row_id=str(row.id))
        return []
    return list(_said(Content.model_validate_json(said))) if is_request else [said]


def _said(content: Content) -> Iterator[str]:
    """Everything in a request that somebody wrote."""
    place = content.place
    address = place.address if place else None
    yield from filter(None, (content.title, content.description, place.note if place else None))
    if address:
        yield f"{address.compound}{address.building}{address.unit}"
    for answer in content.attributes.values():
        yield from (each for each in (answer if isinstance(answer, list) else [answer]) if isinstance(each, str))


def timers(keyring: Keyring) -> tuple[Timer, ...]:
    return (Timer("file_requests", every=timedelta(seconds=1), sweep=partial(file_requests, keyring)),)
