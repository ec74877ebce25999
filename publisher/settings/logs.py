"""Logs: their settings, and how a line looks in the two formats."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from typing import Final

from publisher.settings.reader import Reader, WrongSetting, choice, matching, setting

ACCESS: Final = "nagarvani.access"
"""The logger of requests: one record each, whose only argument is a mapping of its fields."""

STANDARD_OUTPUT: Final = "-"
QUIET_FOR: Final = 60.0
"""The seconds for which a loop that keeps failing is not logged again."""

_OURS: Final = ("nagarvani", "publisher", "commands", "demo", "sandbox")
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
_TOKEN: Final = re.compile(r"(?<=/)[\w-]{43}(?![\w-])")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that this thread handles; it is in each line that is logged then."""


@dataclass(frozen=True)
class LogSettings:
    """How much is logged, in which format, and where requests are: a file, `-`, or "" (nowhere)."""

    log_level: str = setting(choice(*_LEVELS), f"write {', '.join(_LEVELS)}", "INFO")
    log_format: str = setting(choice("text", "json"), "write text or json", "text")
    # A relative path would be another file in each folder where a command runs.
    access_log: str = setting(
        matching("-|/.*"), "write /path/to/access.log, or - for the standard output"
    )


def read_logs(reader: Reader) -> LogSettings:
    """Return the settings of logs; raises `WrongSetting`."""
    return reader.read_group(LogSettings)


class LineFormatter(logging.Formatter):
    """Time in UTC, level, logger, the request's id, message: a line, and a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        number = request_id.get()
        parts = [_moment(record), record.levelname, record.name]
        parts += [f"[{number}]"] if number else []
        # Only a traceback has several lines: what people send must not look like a separate line.
        message = _CONTROL.sub(_escape, remove_tokens(record.getMessage()))
        exception = _exception(self, record)
        return " ".join([*parts, message]) + (f"\n{exception}" if exception else "")


class JsonFormatter(logging.Formatter):
    """One JSON object per line; the fields of a request replace the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        fields: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname,
            "logger": record.name,
        }
        if number := request_id.get():
            fields["request"] = number
        if isinstance(record.args, Mapping):
            fields |= record.args
        else:
            fields["message"] = remove_tokens(record.getMessage())
        if exception := _exception(self, record):
            fields["exception"] = exception
        return json.dumps(fields, ensure_ascii=False, default=str)


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _exception(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return remove_tokens(formatter.formatException(record.exc_info)) if record.exc_info else ""


def remove_tokens(text: str) -> str:
    """Return a text without the tokens of personal links, whichever library wrote them."""
    return _TOKEN.sub("***", text)


class RepeatFilter(logging.Filter):
    """Lets the records of a loop (`extra={"loop": …}`) through once a minute for each problem.

    A traceback from one place is let through once; afterwards its record has only the message.
    """

    def __init__(self) -> None:
        super().__init__()
        self._logged_at: dict[tuple[object, ...], float] = {}
        self._tracebacks: set[tuple[object, ...]] = set()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True if the record is written."""
        loop = getattr(record, "loop", None)
        if loop is None:
            return True
        problem = record.exc_info[0] if record.exc_info else None
        key = (record.name, loop, record.levelno, problem)
        with self._lock:
            logged_at = self._logged_at.get(key)
            # After the machine's time was set back, the next record is written.
            if logged_at is not None and 0 <= record.created - logged_at < QUIET_FOR:
                return False
            self._logged_at[key] = record.created
            self._cut_traceback(record, loop)
        return True

    def _cut_traceback(self, record: logging.LogRecord, loop: str) -> None:
        if not record.exc_info or (trace := record.exc_info[2]) is None:
            return
        while trace.tb_next is not None:
            trace = trace.tb_next
        origin = (loop, record.exc_info[0], trace.tb_frame.f_code, trace.tb_lineno)
        if origin in self._tracebacks:
            record.exc_info = record.exc_text = None
        self._tracebacks.add(origin)


def configure(settings: LogSettings) -> None:
    """Write the logs of this process to standard error; libraries log only warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(settings))
    handler.addFilter(RepeatFilter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(settings.log_level)
    # It warns each time a tick takes longer than its interval, as the mailbox's does.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    # It logs a traceback for each tick that fails; `scheduler` logs these itself.
    logging.getLogger("apscheduler.executors").setLevel(logging.CRITICAL)
    # It logs a traceback for each connection that it closes while the database is away.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    logging.getLogger(ACCESS).propagate = False
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_dead_thread


def open_access_log(settings: LogSettings) -> None:
    """Write the requests of this process to their own log, if there is one.

    A file that was moved away is reopened by its name. Raises `WrongSetting`.
    """
    if not settings.access_log:
        return
    handler: logging.Handler = logging.StreamHandler(sys.stdout)
    if settings.access_log != STANDARD_OUTPUT:
        try:
            handler = WatchedFileHandler(settings.access_log, encoding="utf-8")
        except OSError as problem:
            hint = f"{settings.access_log!r} cannot be written ({problem.strerror})"
            raise WrongSetting("ACCESS_LOG", hint) from problem
    handler.setFormatter(_formatter(settings))
    logger = logging.getLogger(ACCESS)
    logger.setLevel(logging.INFO)  # whatever else is logged
    logger.handlers = [handler]


def _formatter(settings: LogSettings) -> logging.Formatter:
    return JsonFormatter() if settings.log_format == "json" else LineFormatter()


def _log_dead_thread(dead: threading.ExceptHookArgs) -> None:
    if dead.exc_value is None or dead.exc_type is SystemExit:
        return
    name = dead.thread.name if dead.thread is not None else "?"
    problem = (dead.exc_type, dead.exc_value, dead.exc_traceback)
    logging.getLogger("nagarvani").error("the thread %s has ended", name, exc_info=problem)
