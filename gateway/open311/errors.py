"""What Open311 clients are told when something is refused: `errors`, with 403, 404 and 400 as GeoReport v2 has them."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.open311.formats import answer, format_of
from shared.errors import NotFound, Problem, both, document_of, problem_of

log = structlog.get_logger(__name__)

_KEPT = (403, 404, 413, 429)
"""Statuses below 500 that clients are told as they are; 401 is a bad key, everything else a bad request."""
_KEPT_HEADERS = ("retry-after", "ratelimit", "ratelimit-policy")


class ClientUnknown(Problem):
    status = 404
    code = "client-unknown"
    title = both("没有这个客户端", "No such client")


class KeyRefused(Problem):
    status = 403
    code = "api-key-refused"
    title = both("api_key 缺失或无效", "Missing or invalid api_key")
    detail = both(
        "请向社区申请 api_key, 或检查是否已停用。", "Ask the community for a key, or whether yours was disabled."
    )


class FormUnreadable(Problem):
    code = "form-unreadable"
    title = both("无法读取提交的表单", "The form cannot be read")


class TooManyPhotos(Problem):
    code = "too-many-photos"
    title = both("照片太多", "Too many photos")
    detail = both("一次最多 3 张。", "At most 3 at once.")


class Refused(Exception):
    """What the service behind said no with: a status, and what is wrong, in the caller's language."""

    def __init__(self, status: int, descriptions: Sequence[str], headers: Mapping[str, str]) -> None:
        super().__init__("refused")
        self.status = status
        self.descriptions = descriptions
        self.headers = headers


def refused(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> Refused:
    """From a problem document (RFC 9457)."""
    kept = {name: value for name, value in headers.items() if name.lower() in _KEPT_HEADERS}
    told = [_told(error) for error in document.get("errors") or ()]
    if not told:
        told = [". ".join(str(document[name]).rstrip(".。") for name in ("title", "detail") if name in document)]
    return Refused(_status(status), told, kept)


def _status(status: int) -> int:
    if status == 401:
        return 403
    return status if status in _KEPT or status >= 500 else 400


def _told(error: Mapping[str, str]) -> str:
    """`lat: A number`: the parameter, without our own nesting and without what was sent."""
    steps = [step for step in error["pointer"].split("/") if step and not step.isdigit() and step != "data"]
    return f"{steps[-1].rpartition(':')[2]}: {error['detail']}" if steps else error["detail"]


class Open311Route(APIRoute):
    """A route whose refusals have the form and the statuses that Open311 clients expect."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_refuse(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:
                raise
            except Refused as no:
                return _render(request, no)
            except RequestValidationError:  # of the path alone: everything else is read by hand
                return _render(request, _refused_by(request, NotFound()))
            except Exception as error:
                problem = problem_of(error)
                if problem.status >= 500:
                    log.error(
                        "request_failed", error=type(error).__name__, exc_info=error if problem.status == 500 else None
                    )
                return _render(request, _refused_by(request, problem))

        return handle_or_refuse


def _refused_by(request: Request, problem: Problem) -> Refused:
    return refused(problem.status, document_of(problem, request.headers.get("accept-language")), dict(problem.headers))


def _render(request: Request, no: Refused) -> Response:
    errors = [{"code": str(no.status), "description": text} for text in no.descriptions]
    return answer(request, format_of(request), "errors", errors, status=no.status, headers=no.headers)
