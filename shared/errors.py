"""Problem documents (RFC 9457) in Chinese and English that say what to do and never echo what was sent."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.states import NamedState

log = structlog.get_logger(__name__)


class Bilingual(NamedTuple):
    zh: str
    en: str


def both(zh: str, en: str) -> Bilingual:
    return Bilingual(zh, en)


class Problem(Exception):
    """Base of everything a service refuses. Subclasses live in the `errors.py` of their module.

    `detail` and `extra` must never carry what the caller sent; numbers and codes of ours are fine.
    """

    status: int = 400
    code: str = "bad-request"
    title: Bilingual = both("请求有误", "Bad request")
    detail: Bilingual | None = None

    def __init__(
        self,
        detail: Bilingual | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[dict[str, str]] | None = None,
        **extra: str | int | float | bool | list[str],
    ) -> None:
        super().__init__(self.code)
        if detail is not None:
            self.detail = detail
        self.headers = dict(headers or {})
        self.errors = errors
        self.extra = extra

    def document(self, language: str) -> dict[str, Any]:
        """The problem in one language (`zh` or `en`)."""
        document: dict[str, Any] = {
            "type": f"urn:kaiyuan:problem:{self.code}",
            "title": getattr(self.title, language),
            "status": self.status,
            "code": self.code,
        }
        if self.detail is not None:
            document["detail"] = getattr(self.detail, language)
        if self.errors is not None:
            document["errors"] = self.errors
        return document | self.extra


class NotFound(Problem):
    """Also for what exists but the caller may not know of."""

    status = 404
    code = "not-found"
    title = both("没有找到", "Not found")
    detail = both("请检查编号, 或确认您有权查看。", "Check the identifier, and that you may see it.")


class Unauthorized(Problem):
    status = 401
    code = "unauthorized"
    title = both("请先登录", "Sign in first")
    detail = both(
        "访问令牌缺失、过期或无效。请重新登录或刷新令牌。",
        "The access token is missing, expired or invalid. Sign in again or refresh it.",
    )

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="kaiyuan"'})


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = both("没有权限", "Not allowed")
    detail = both("您的身份不能做这件事, 请联系社区工作人员。", "Your role may not do this. Ask the community's staff.")


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = both("与现有数据冲突", "Conflicts with what exists")
    detail = both(
        "同样的记录已存在或正被使用, 请刷新后再试。", "The same record exists or is in use. Refresh and try again."
    )


class WrongState(Problem):
    """A use case that the state machine does not allow now. Chinese readers are told the states by name."""

    status = 409
    code = "wrong-state"
    title = both("当前状态不能这样操作", "Not possible in this state")

    def __init__(self, state: NamedState, allowed: Iterable[NamedState]) -> None:
        possible = sorted(allowed)
        super().__init__(
            both(
                f"当前状态为“{state.zh}”, 此操作只用于: {'、'.join(each.zh for each in possible)}。",
                f"The state is {state}; this needs one of: {', '.join(possible)}.",
            ),
            state=state,
            allowed=[*possible],
        )


class PreconditionRequired(Problem):
    status = 428
    code = "precondition-required"
    title = both("缺少 If-Match", "If-Match is missing")
    detail = both("请先读取记录, 并把其 ETag 放入 If-Match。", "Read the record first and send its ETag in If-Match.")


class PreconditionFailed(Problem):
    status = 412
    code = "precondition-failed"
    title = both("记录已被他人修改", "Changed by someone else meanwhile")
    detail = both("请重新读取后再修改。", "Read it again, then repeat the change.")


class KeyReused(Problem):
    status = 422
    code = "idempotency-key-reused"
    title = both("幂等键已用于另一请求", "Idempotency-Key was used for another request")
    detail = both("新的请求请换一个新的键。", "Use a new key for a new request.")


class InFlight(Problem):
    status = 409
    code = "idempotency-key-in-flight"
    title = both("同一请求正在处理", "The same request is being handled")
    detail = both("请稍候用同一个键重试。", "Repeat it with the same key in a moment.")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class Invalid(Problem):
    """Input that does not fit; `errors` name the place (JSON pointer), never the value."""

    status = 422
    code = "validation"
    title = both("提交的内容不合要求", "What was sent does not fit")
    detail = both("请按 errors 中指出的位置修改后重试。", "Correct the places named in errors and try again.")


class UnknownParameter(Problem):
    """A query parameter that the route does not have. Those that it has are named, never what was sent."""

    status = 422
    code = "unknown-parameter"
    title = both("有不认识的查询参数", "An unknown query parameter was sent")

    def __init__(self, known: Iterable[str]) -> None:
        listed = ", ".join(sorted(known))
        super().__init__(
            both(f"可用的参数: {listed}。", f"This takes: {listed}.")
            if listed
            else both("此处没有查询参数, 请去掉。", "This takes none. Leave it out.")
        )


class Overloaded(Problem):
    status = 503
    code = "overloaded"
    title = both("系统繁忙", "Too busy right now")
    detail = both("请稍后重试, 已提交的数据不受影响。", "Try again shortly; what was acknowledged is safe.")

    def __init__(self, retry_after: int = 2) -> None:
        super().__init__(headers={"Retry-After": str(retry_after)})


class ServerError(Problem):
    status = 500
    code = "server-error"
    title = both("系统出错", "Something broke on our side")
    detail = both(
        "没有保存任何更改。请稍后重试; 反馈时请附上 X-Request-Id。",
        "Nothing was changed. Try again later; quote X-Request-Id when reporting it.",
    )


def invalid(pointer: str, code: str, zh: str, en: str) -> Invalid:
    """One place that does not fit for a reason only the domain knows.

    The detail is bilingual in one string pair; `language_of` picks one when the document is made.
    """
    problem = Invalid()
    problem.errors = [{"pointer": pointer, "code": code, "zh": zh, "en": en}]
    return problem


_VALIDATION_TEXTS: dict[str, Bilingual] = {
    "missing": both("必填", "This is required"),
    "extra_forbidden": both("有不认识的字段", "An unknown field is present"),
    "string_too_short": both("太短", "Too short"),
    "string_too_long": both("太长", "Too long"),
    "string_pattern_mismatch": both("格式不对", "Wrong format"),
    "enum": both("不在可选值之内", "Not one of the allowed values"),
    "literal_error": both("不在可选值之内", "Not one of the allowed values"),
    "greater_than": both("数值太小", "Too small"),
    "greater_than_equal": both("数值太小", "Too small"),
    "less_than": both("数值太大", "Too large"),
    "less_than_equal": both("数值太大", "Too large"),
    "too_long": both("条目太多", "Too many items"),
    "too_short": both("条目太少", "Too few items"),
    "timezone_aware": both("时间必须带时区", "A time needs its offset"),
    "json_invalid": both("不是合法的 JSON", "Not valid JSON"),
    "model_attributes_type": both(
        "须为 JSON 对象 (Content-Type: application/json)", "Must be a JSON object (Content-Type: application/json)"
    ),
    "dict": both("须为 JSON 对象", "Must be a JSON object"),
    "list": both("须为列表", "Must be a list"),
    "string": both("须为文字", "Must be text"),
    "int": both("须为整数", "Must be a whole number"),
    "float": both("须为数字", "Must be a number"),
    "finite": both("须为数字", "Must be a number"),
    "bool": both("须为 true 或 false", "Must be true or false"),
    "uuid": both("须为编号 (UUID)", "Must be an identifier (UUID)"),
    "date": both("须为日期, 如 2026-11-23", "Must be a date, e.g. 2026-11-23"),
    "datetime": both(
        "须为带时区的时间, 如 2026-11-23T09:00:00+08:00",
        "Must be a time with its offset, e.g. 2026-11-23T09:00:00+08:00",
    ),
}
"""By the type of the error, or by what comes before its first underscore."""
_VALIDATION_FALLBACK = both("格式或类型不对", "Wrong format or type")
_LIMITS = ("min_length", "max_length", "ge", "gt", "le", "lt")


def _validation_text(type: str) -> Bilingual:
    return _VALIDATION_TEXTS.get(type) or _VALIDATION_TEXTS.get(type.split("_", 1)[0]) or _VALIDATION_FALLBACK


def _bounds(error: Mapping[str, Any]) -> str:
    """What would do: limits and choices, all of them ours."""
    context = error.get("ctx") or {}
    bounds = [f"{name} {context[name]}" for name in _LIMITS if isinstance(context.get(name), int | float)]
    if error["type"] in ("enum", "literal_error"):
        bounds += re.findall(r"'([^']*)'", context.get("expected", ""))
    return f" ({', '.join(bounds)})" if bounds else ""


def _validation_errors(raw: Iterable[Mapping[str, Any]], language: str) -> list[dict[str, str]]:
    errors = []
    for error in raw:
        place = list(error["loc"])
        if error["type"] in ("extra_forbidden", "json_invalid"):
            place.pop()  # the unknown name is input too; where JSON breaks off is no place in it
        where, path = (place[0], place[1:]) if place else ("body", [])
        pointer = (
            "/" + "/".join(str(part) for part in path) if where == "body" else f"{where}:{'/'.join(map(str, path))}"
        )
        context = error.get("ctx") or {}
        told = context.get("error")
        text = (
            told.args[0] if isinstance(told, ValueError) and told.args and isinstance(told.args[0], Bilingual) else None
        )
        text = text or _validation_text(error["type"])
        errors.append({"pointer": pointer, "code": error["type"], "detail": getattr(text, language) + _bounds(error)})
    return errors


def language_of(accept_language: str | None) -> str:
    """`zh` or `en`, whichever Accept-Language prefers; Chinese when it names neither (RFC 9110, 12.5.4)."""
    best, best_quality = "zh", 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.lower().split("-")[0]
        try:
            quality = float(parameters.partition("q=")[2]) if "q=" in parameters else 1.0
        except ValueError:
            continue
        if primary in ("zh", "en") and quality > best_quality:
            best, best_quality = primary, quality
    return best


def invalid_part(error: ValidationError, place: Sequence[str], accept_language: str | None) -> Invalid:
    """What a part of the body, found at `place`, has wrong where the rest of the body is answered all the same."""
    raw = [{**each, "loc": ("body", *place, *each["loc"])} for each in error.errors()]
    return Invalid(errors=_validation_errors(raw, language_of(accept_language)))


def document_of(problem: Problem, accept_language: str | None) -> dict[str, Any]:
    """The problem document in the caller's language."""
    language = language_of(accept_language)
    document = problem.document(language)
    if "errors" in document:
        document["errors"] = [
            {"pointer": error["pointer"], "code": error["code"], "detail": error.get("detail") or error[language]}
            for error in document["errors"]
        ]
    return document


def render(problem: Problem, accept_language: str | None) -> Response:
    """The problem as a response in the caller's language."""
    language = language_of(accept_language)
    return JSONResponse(
        document_of(problem, accept_language),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=problem.headers
        | {"Content-Language": "zh-CN" if language == "zh" else "en", "Cache-Control": "no-store"},
    )


_STATUS_DETAILS = {
    400: both("请求体无法读取, 请检查其格式。", "The body cannot be read. Check its format."),
    405: both(
        "此地址不支持这种请求方法, 请查接口文档。", "This address does not take that method. See the documentation."
    ),
}


def _status_problem(error: HTTPException) -> Problem:
    if error.status_code == 404:
        return NotFound()
    problem = Problem(_STATUS_DETAILS.get(error.status_code), headers=error.headers)
    problem.status = error.status_code
    problem.code = f"http-{error.status_code}"
    return problem


_UNAVAILABLE_STATES = ("57014", "55P03", "53300", "57P01", "57P02", "57P03", "40001", "40P01")
"""SQLSTATEs of a statement or lock timeout, a shutdown, a full server, a serialisation failure: try again later."""


def problem_of(error: Exception) -> Problem:
    """What a caller may know of an exception."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _status_problem(error)
    if isinstance(error, IntegrityError) and getattr(error.orig, "sqlstate", "") in ("23505", "23P01", "23503"):
        return Conflict()
    if isinstance(error, PoolTimeoutError | OperationalError | ConnectionError | TimeoutError) or (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or getattr(error.orig, "sqlstate", "") in _UNAVAILABLE_STATES)
    ):
        return Overloaded()
    return ServerError()


def install(app: FastAPI) -> None:
    """Answer every exception with a problem document."""

    async def answer_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        accept_language = request.headers.get("accept-language")
        errors = _validation_errors(error.errors(), language_of(accept_language))
        return render(Invalid(errors=errors), accept_language)

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status >= 500:
            log.error("request_failed", error=type(error).__name__, exc_info=error if problem.status == 500 else None)
        return render(problem, request.headers.get("accept-language"))

    app.add_exception_handler(RequestValidationError, answer_validation)
    for kind in (Problem, HTTPException, DBAPIError, PoolTimeoutError, ConnectionError, TimeoutError, Exception):
        app.add_exception_handler(kind, answer)
