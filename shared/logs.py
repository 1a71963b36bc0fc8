"""One JSON object a line on standard output, for our own events and every library's, and nothing personal in it.

The rule is that nobody passes personal data to a logger. What stands here is the last line of defence: suspicious keys
and values are blanked, exceptions are told by class and place (`shared.failures`) because their messages quote values.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from types import TracebackType
from typing import Any

import structlog
from opentelemetry import trace
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

from shared.failures import describe

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that this task serves; empty outside of requests."""

BLANK = "[redacted]"
_PERSONAL_KEY = re.compile(
    r"name|(full|given|family|first|last)_name|surname|to|body|query(_string)?|params|parameters|text|url|otp|code_sent"
    r"|.*(phone|mobile|identity_?(number|card)|id_?card|address|birth|email|caution|longitude|latitude"
    r"|password|secret|token|authorization|cookie|api_?key|credential).*",
    re.IGNORECASE,
)
_PERSONAL_VALUE = re.compile(
    r"(?<![\w.-])(?:(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"  # a Chinese mobile number
    r"|\d{17}[\dXx]"  # an identity number
    r"|eyJ[\w-]{8,}\.[\w.-]+)(?![\w-])"  # a JWT
)


def configure_logging(service: str, level: str) -> None:
    """Send every log of this process through one pipe; calling it again replaces the service's name and the level."""
    _process["service"] = service
    structlog.configure(
        processors=_SHARED + _FINAL,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Output(),
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _StandardOutput)]
    root.addHandler(_StandardOutput())
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Access lines and clients' lines quote query strings; ours do not.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("httpx", "httpcore", "aiohttp", "sqlalchemy", "nats", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def redact(_: WrappedLogger | None, __: str, event: EventDict) -> EventDict:
    """Blank what looks like personal data or a secret, by key and by shape, at any depth."""
    for key, value in event.items():
        event[key] = BLANK if key != "event" and _is_personal(key) else _scrubbed(value)
    return event


@lru_cache(maxsize=1024)
def _is_personal(key: str) -> bool:
    return _PERSONAL_KEY.fullmatch(key) is not None


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return _PERSONAL_VALUE.sub(BLANK, value)
    if isinstance(value, MutableMapping):
        return {key: BLANK if _is_personal(str(key)) else _scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrubbed(inner) for inner in value]
    return value


def _add_origin(_: WrappedLogger | None, method: str, event: EventDict) -> EventDict:
    event["service"] = _process["service"]
    if current := request_id.get():
        event["request_id"] = current
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = f"{span.trace_id:032x}"
    return event


def _tell_exception(_: WrappedLogger | None, __: str, event: EventDict) -> EventDict:
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told if isinstance(told, BaseException) else told[1] if isinstance(told, tuple) else None
    if error is not None:
        event["exception"] = describe(error)
        event["frames"] = _frames(error.__traceback__)
        causes = [describe(cause) for cause in _causes(error)]
        if causes:
            event["causes"] = causes
    return event


def _frames(tb: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(tb)[-30:]]


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following = error.__cause__ or error.__context__
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


def _plain(value: Any) -> str:
    """What JSON does not know: identifiers and times as text, of anything else only its class."""
    return str(value) if type(value).__module__ in ("uuid", "datetime", "pathlib") else f"<{type(value).__name__}>"


def _as_json(_: WrappedLogger | None, __: str, event: EventDict) -> str:
    return json.dumps(event, default=_plain, ensure_ascii=False, separators=(",", ":"))


class _Output:
    """Writes to whatever standard output is now; a test's capture may have replaced it since."""

    def msg(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    log = debug = info = warn = warning = error = critical = exception = fatal = failure = msg


class _StandardOutput(logging.Handler):
    """The same pipe for libraries that log through the standard library."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(
            ProcessorFormatter(
                foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
                processors=[ProcessorFormatter.remove_processors_meta, *_FINAL],
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _Output().msg(self.format(record))
        except Exception:  # as in every handler: a log line never fails the work that it tells of
            self.handleError(record)


_process = {"service": ""}
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_FINAL: list[Any] = [_add_origin, _tell_exception, redact, _as_json]
