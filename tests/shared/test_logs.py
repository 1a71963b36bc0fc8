import json
import logging
import uuid
from datetime import UTC, datetime

import pytest
import structlog

from shared.logs import BLANK, configure_logging

PHONE, IDENTITY = "13812345678", "150299198001011234"


class Person:
    def __repr__(self) -> str:
        return PHONE


@pytest.fixture(autouse=True)
def _configured() -> None:
    configure_logging("test", "INFO")


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    row = uuid.UUID(int=7)
    structlog.get_logger().info("work_order_created", order=row, at=datetime(2026, 1, 1, tzinfo=UTC), note="多行\n文字")
    (line,) = _lines(capsys)
    assert line["event"] == "work_order_created"
    assert (line["order"], line["at"], line["note"]) == (str(row), "2026-01-01 00:00:00+00:00", "多行\n文字")
    assert (line["level"], line["service"]) == ("info", "test")


@pytest.mark.parametrize(
    "key", ["name", "full_name", "phone", "contact_phone", "identity_number", "Authorization", "birth_date", "password"]
)
def test_suspicious_keys_are_blanked_at_any_depth(capsys: pytest.CaptureFixture[str], key: str) -> None:
    structlog.get_logger().info("x", **{key: "某某"}, nested={"list": [{key: "某某"}]})
    (line,) = _lines(capsys)
    assert line[key] == BLANK
    assert line["nested"] == {"list": [{key: BLANK}]}


@pytest.mark.parametrize("value", [PHONE, f"+86 {PHONE}", "138-1234-5678", IDENTITY, "eyJhbGciOiJFZDI1.eyJzdWI.c2ln"])
def test_suspicious_values_are_blanked_anywhere(capsys: pytest.CaptureFixture[str], value: str) -> None:
    structlog.get_logger().info(f"called {value}!", detail=[{"why": f"({value})"}])
    logging.getLogger("some.library").error("failed for %s", value)
    for line in _lines(capsys):
        assert value.removeprefix("+86 ") not in json.dumps(line)


def test_codes_and_ids_stay(capsys: pytest.CaptureFixture[str]) -> None:
    values = {"community": "150207007005", "grid": "150207007005001", "trace": "0af7651916cd43dd8448eb211c80319c"}
    values["event_id"] = "018f5e2c-1391-7234-8123-13912345678a"
    structlog.get_logger().info("x", **values)
    assert _lines(capsys)[0].items() >= values.items()


def test_exceptions_are_told_without_their_messages(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        try:
            raise ValueError(f"no such person: {PHONE}")
        except ValueError as error:
            raise LookupError(f"name 张三 {IDENTITY}") from error

    for tell in (structlog.get_logger().exception, logging.getLogger("lib").exception):
        try:
            fail()
        except LookupError:
            tell("failed")
    for line in _lines(capsys):
        assert str(line["exception"]).startswith("LookupError at test_logs.py:")
        assert str(line["causes"]).startswith("['ValueError at test_logs.py:")
        assert any("in fail" in frame or " fail" in frame for frame in line["frames"])  # type: ignore[union-attr]
        assert "张三" not in json.dumps(line, ensure_ascii=False)
        assert "person" not in json.dumps(line)


def test_unknown_objects_are_named_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("x", subject=Person())
    assert _lines(capsys)[0]["subject"] == "<Person>"


def test_libraries_share_the_pipe_and_clients_keep_urls_to_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("test", "INFO")  # twice does not write twice
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("httpx").info("HTTP Request: GET http://x/?q=1")
    logging.getLogger("uvicorn.access").info('"GET /?q=1"')
    (line,) = _lines(capsys)
    assert (line["event"], line["logger"]) == ("Started", "uvicorn.error")
