"""Lost updates are refused: the row's version is its ETag, and changes say which version they change (RFC 9110, 13)."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import PreconditionFailed, PreconditionRequired


class NotModified(Exception):
    """The caller's copy is current; answered 304 with the same ETag."""

    def __init__(self, tag: str) -> None:
        super().__init__("not modified")
        self.tag = tag


def etag(version: int) -> str:
    return f'"{version}"'


def tag_response(request: Request, response: Response, version: int) -> None:
    """Give the answer its ETag; a GET whose If-None-Match names it ends as 304 without a body."""
    tag = etag(version)
    wanted = request.headers.get("if-none-match")
    if wanted and request.method == "GET" and (wanted.strip() == "*" or tag in _tags(wanted)):
        raise NotModified(tag)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"


def _tags(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header.split(",")}


async def expected_version(request: Request) -> int:
    """The version named by If-Match; PreconditionRequired without one."""
    header = request.headers.get("if-match")
    if header is None:
        raise PreconditionRequired
    tag = header.strip().removeprefix("W/").strip('"')
    if not tag.isdecimal() or len(tag) > 9:
        raise PreconditionFailed
    return int(tag)


IfMatch = Annotated[int, Depends(expected_version)]
"""Declared by every PATCH and DELETE of a versioned resource."""


def check_version(current: int, expected: int) -> None:
    """Raise PreconditionFailed unless the row is still at the version that the caller has seen."""
    if current != expected:
        raise PreconditionFailed
