"""Lists in pages. A cursor is the place after the last row seen, so rows that come or go meanwhile shift nothing.

A cursor is signed over its list (path, filters, order): one of another list, or one that somebody changed, is refused.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, literal, or_, tuple_
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import desc_op
from starlette.requests import Request
from starlette.responses import Response

from shared.db import AsyncSession
from shared.errors import Problem, both

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
_MAC_BYTES = 16

T = TypeVar("T")
OrderBy = Sequence[Any]
"""Columns, each bare or `.asc()` or `.desc()`; the last ones must make the order unique. None may be null."""


class CursorInvalid(Problem):
    status = 400
    code = "cursor-invalid"
    title = both("分页游标无效", "The cursor is not valid here")
    detail = both(
        "请使用上一页返回的 next_cursor, 且不要改变筛选条件; 或不带 cursor 从头开始。",
        "Use the next_cursor of the page before, with the same filters, or start again without a cursor.",
    )


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True)
class PageQuery:
    """What the caller asked for, and what a cursor for the next page needs to know."""

    limit: int
    cursor: str | None
    request: Request
    response: Response

    @property
    def signing_key(self) -> bytes:
        return hmac.digest(self.request.app.state.signing_key, b"page cursors", "sha256")

    def filters(self) -> list[tuple[str, str]]:
        """The query parameters that choose and order rows."""
        pairs = self.request.query_params.multi_items()
        return sorted(pair for pair in pairs if pair[0] not in ("cursor", "limit"))


async def _page_query(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=2048, description="`next_cursor` of the page before, with the same filters.")
    ] = None,
) -> PageQuery:
    return PageQuery(limit, cursor, request, response)


PageRequest = Annotated[PageQuery, Depends(_page_query)]


async def paginate(
    session: AsyncSession,
    statement: Select[*tuple[Any, ...]],
    *,
    order_by: OrderBy,
    page: PageQuery,
    to_item: Callable[[Any], Any] = lambda selected: selected,
) -> Page[Any]:
    """One page of `statement`, which must not be ordered or limited itself.

    An index over the columns of equality conditions followed by those of `order_by` answers each page by one range
    scan. `to_item` is given what the statement selects: the entity or value when it is one, a dict when it is several;
    the page is validated once, by the route's `Page[X]`. Sets `Link: rel="next"`. Raises CursorInvalid.
    """
    keys = [_Key.of(column) for column in order_by]
    binding = _binding(page, [[str(key.column), key.descending] for key in keys])
    if page.cursor is not None:
        statement = statement.where(_after(keys, open_cursor(page.cursor, page.signing_key, binding)))
    single = len(statement.column_descriptions) == 1
    found = await session.execute(
        statement.add_columns(*(key.column.label(f"page_key_{n}") for n, key in enumerate(keys)))
        .order_by(*(key.column.desc() if key.descending else key.column.asc() for key in keys))
        .limit(page.limit + 1)
    )
    rows = found.all()
    shown, more = rows[: page.limit], len(rows) > page.limit
    cursor = seal_cursor(shown[-1][-len(keys) :], page.signing_key, binding) if more else None
    if cursor:
        page.response.headers["Link"] = _next_link(page, cursor)
    items = [to_item(row[0] if single else dict(zip(row._fields[: -len(keys)], row, strict=False))) for row in shown]
    return Page.model_construct(items=items, next_cursor=cursor)


def page_of(items: Iterable[T], *, key: Callable[[T], tuple[Any, ...]], page: PageQuery) -> Page[T]:
    """One page of what was computed rather than selected, in the order of `key`, which must be unique.

    For lists whose members can only be known together; each page computes them anew. Raises CursorInvalid.
    """
    binding = _binding(page, ["computed"])
    after = None if page.cursor is None else tuple(open_cursor(page.cursor, page.signing_key, binding))
    left = sorted((item for item in items if after is None or key(item) > after), key=key)
    shown, more = left[: page.limit], len(left) > page.limit
    cursor = seal_cursor(key(shown[-1]), page.signing_key, binding) if more else None
    if cursor:
        page.response.headers["Link"] = _next_link(page, cursor)
    return Page.model_construct(items=shown, next_cursor=cursor)


@dataclass(frozen=True)
class _Key:
    column: ColumnElement[Any]
    descending: bool

    @classmethod
    def of(cls, column: Any) -> "_Key":
        if isinstance(column, UnaryExpression):
            return cls(column.element, column.modifier is desc_op)
        return cls(column, descending=False)


def _after(keys: Sequence[_Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows behind `values` in the order of `keys`."""
    bound = [literal(value, key.column.type) for key, value in zip(keys, values, strict=True)]
    columns = [key.column for key in keys]
    directions = {key.descending for key in keys}
    if len(directions) == 1:
        ours, theirs = tuple_(*columns), tuple_(*bound)
        return ours < theirs if directions.pop() else ours > theirs
    same = [column == value for column, value in zip(columns, bound, strict=True)]
    steps = [and_(*same[:n], _beyond(keys[n], bound[n])) for n in range(len(keys))]
    # Says nothing new, but gives the index scan of a mixed order a place to begin.
    begin = columns[0] <= bound[0] if keys[0].descending else columns[0] >= bound[0]
    return and_(begin, or_(*steps))


def _beyond(key: _Key, value: ColumnElement[Any]) -> ColumnElement[bool]:
    return key.column < value if key.descending else key.column > value


def _binding(page: PageQuery, order: Sequence[Any]) -> bytes:
    """What a cursor belongs to: the list's path, its filters and its order."""
    return hashlib.sha256(json.dumps([page.request.scope["path"], page.filters(), order]).encode()).digest()


def seal_cursor(values: Sequence[Any], key: bytes, binding: bytes) -> str:
    payload = json.dumps([_encoded(value) for value in values], separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_mac(key, binding, payload) + payload).rstrip(b"=").decode()


def open_cursor(cursor: str, key: bytes, binding: bytes) -> list[Any]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise CursorInvalid from error
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, binding, payload)):
        raise CursorInvalid
    return [_decoded(value) for value in json.loads(payload)]


def _mac(key: bytes, binding: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, binding + payload, "sha256")[:_MAC_BYTES]


def _encoded(value: Any) -> Any:
    """Values that JSON has not are written as `{"kind": text}`."""
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    if isinstance(value, str | int):
        return value
    if isinstance(value, UUID):
        return {"id": str(value)}
    raise TypeError(f"a list cannot be ordered by {type(value).__name__}")


_DECODERS: dict[str, Callable[[str], Any]] = {
    "at": datetime.fromisoformat,
    "on": date.fromisoformat,
    "id": UUID,
}


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _DECODERS[kind](text)
    return value


def _next_link(page: PageQuery, cursor: str) -> str:
    """Relative, so that it holds behind the gateway too."""
    pairs = [pair for pair in page.request.query_params.multi_items() if pair[0] != "cursor"]
    path = page.request.scope.get("raw_path", b"").decode("latin-1") or page.request.url.path
    return f'<{path}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'
