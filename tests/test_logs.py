"""Lines of the logs: in UTC, one a record, without tokens; repeated ones once a minute."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.settings.logs import (
    ACCESS,
    JsonFormatter,
    LineFormatter,
    LogSettings,
    RepeatFilter,
    open_access_log,
    read_logs,
    request_id,
)
from publisher.settings.reader import Reader, WrongSetting

AT = 1_795_999_999.25  # 2026-11-30T00:53:19.250Z
TOKEN = "Ab3_" * 10 + "-xy"


def record(message: str, *arguments: object, at: float = AT, loop: str = "") -> logging.LogRecord:
    made = logging.LogRecord("nagarvani.web", logging.WARNING, "", 0, message, arguments, None)
    made.created = at
    if loop:
        made.loop = loop
    return made


def failed(problem: Exception, *, at: float) -> logging.LogRecord:
    """Return the record of a loop that failed."""
    made = record("dispatch failed", at=at, loop="dispatch")
    try:
        raise problem
    except type(problem) as raised:
        made.exc_info = (type(raised), raised, raised.__traceback__)
    return made


@pytest.fixture
def numbered() -> Iterator[None]:
    """Let a request be under way."""
    token = request_id.set("22E5-57FC")
    yield
    request_id.reset(token)


@pytest.mark.usefixtures("numbered")
def test_a_line_has_time_level_logger_and_request() -> None:
    line = LineFormatter().format(record("शनिवारी %s", "पाणी"))
    assert line == "2026-11-30T00:53:19.250Z WARNING nagarvani.web [22E5-57FC] शनिवारी पाणी"


@pytest.mark.usefixtures("numbered")
def test_in_json_a_record_is_one_object_and_stays_readable() -> None:
    line = JsonFormatter().format(record("शनिवारी\n%s", "पाणी"))
    assert "शनिवारी\\nपाणी" in line
    assert json.loads(line) == {
        "time": "2026-11-30T00:53:19.250Z",
        "level": "WARNING",
        "logger": "nagarvani.web",
        "request": "22E5-57FC",
        "message": "शनिवारी\nपाणी",
    }


def test_an_exception_is_below_a_line_and_a_field_in_json() -> None:
    made = failed(ValueError(f"/approve/{TOKEN}"), at=AT)
    first, *below = LineFormatter().format(made).splitlines()
    assert first.endswith("dispatch failed")
    assert below[0] == "Traceback (most recent call last):"
    assert below[-1] == "ValueError: /approve/***"
    (line,) = JsonFormatter().format(made).splitlines()
    assert json.loads(line)["exception"].endswith("ValueError: /approve/***")


@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b", "\x85", "\u2028"])
def test_what_people_send_begins_no_line_of_its_own(sign: str) -> None:
    line = LineFormatter().format(record("GET %s", f"/a{sign}2026-11-30 all is well"))
    assert len(line.splitlines()) == 1
    assert sign not in line


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_no_library_writes_the_token_of_a_link(formatter: logging.Formatter) -> None:
    line = formatter.format(record("Exception while serving %s", f"/approve/{TOKEN}/pictures"))
    assert "/approve/***/pictures" in line
    assert TOKEN not in line


def test_a_loop_that_goes_on_failing_is_logged_once_a_minute() -> None:
    passes = RepeatFilter().filter
    seconds = [second for second in range(180) if passes(record("away", at=AT + second, loop="a"))]
    assert seconds == [0, 60, 120]
    assert passes(record("away", at=AT + 1, loop="b"))  # another loop
    assert passes(record("away", at=AT + 1))  # no loop
    assert passes(record("away", at=AT - 3_600, loop="a"))  # the time was set back


def test_of_an_unknown_problem_the_traceback_is_written_once() -> None:
    repeats = RepeatFilter()
    records = [failed(KeyError("x"), at=AT + second) for second in (0, 1, 60, 120)]
    assert [repeats.filter(made) for made in records] == [True, False, True, True]
    assert [made.exc_info is not None for made in records if made is not records[1]] == [
        True,
        False,
        False,
    ]
    assert repeats.filter(failed(ValueError("y"), at=AT + 121))  # another problem is not hidden


def test_requests_are_written_to_a_file_that_may_be_moved_away(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    logger = logging.getLogger(ACCESS)
    before = logger.handlers, logger.level
    try:
        open_access_log(LogSettings(log_format="json", access_log=str(file)))
        logger.info("%(path)s %(status)s", {"path": "/a", "status": "200"})
        file.rename(tmp_path / "access.log.1")
        logger.info("%(path)s %(status)s", {"path": "/b", "status": "404"})
        (handler,) = logger.handlers
        handler.close()
    finally:
        logger.handlers, logger.level = before
    moved, new = (json.loads(path.read_text()) for path in (tmp_path / "access.log.1", file))
    assert (moved["path"], new["path"], new["status"]) == ("/a", "/b", "404")
    assert "message" not in new


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=r"NAGARVANI_ACCESS_LOG: .* cannot be written"):
        open_access_log(LogSettings(access_log=str(tmp_path / "none" / "access.log")))


@pytest.mark.parametrize(
    ("name", "text"),
    [("LOG_LEVEL", "LOUD"), ("LOG_FORMAT", "xml"), ("ACCESS_LOG", "logs/access.log")],
)
def test_a_setting_that_makes_no_sense_says_what_to_write(name: str, text: str) -> None:
    with pytest.raises(WrongSetting, match=f"NAGARVANI_{name}: '{text}': write "):
        read_logs(Reader({name: text}))


def test_level_and_format_may_be_in_any_case() -> None:
    texts = {"LOG_LEVEL": "debug", "LOG_FORMAT": "JSON", "ACCESS_LOG": "-"}
    assert read_logs(Reader(texts)) == LogSettings("DEBUG", "json", "-")
