"""Faults that a person or a test plans: their kind, the affected calls, and how often."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of faults.

    `after` means that the request is carried out and stored nevertheless.
    """

    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    ERROR_JSON_AFTER = "error_json_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    DRIP_AFTER = "drip_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105  # a kind of fault
    RATE_LIMIT = "rate_limit"
    BLOCKED = "blocked"
    EMPTY_BODY = "empty_body"
    TRUNCATED = "truncated"
    NO_ID = "no_id"
    LAG = "lag"
    INDEXING_DELAY = "indexing_delay"


REPLACING = frozenset(
    {Kind.ERROR_BEFORE, Kind.RESET_BEFORE, Kind.EXPIRED_TOKEN, Kind.RATE_LIMIT, Kind.BLOCKED}
)
HIDING = frozenset({Kind.LAG, Kind.INDEXING_DELAY})
PLATFORMS = ("x", "facebook", "letterbox")
OPERATIONS = (
    "publish",
    "reply",
    "make_public",
    "edit",
    "delete",
    "hide",
    "media",
    "alt_text",
    "timeline",
    "lookup",
    "comments",
    "search",
    "check",
    "connect",
    "subscribe",
    "mail",
    "*",
)


class BadFault(ValueError):
    """A fault was refused; names the invalid part."""


@dataclass(frozen=True)
class Fault:
    """A planned fault. `remaining` None: always; `account` None: any.

    The first `skip` calls pass. `seconds` is how long to hang or lag, or until a limit resets
    (None: no reset is reported). `code` is the HTTP code of an error, `subcode` is Facebook's.
    """

    platform: str
    operation: str
    kind: Kind
    account: str | None = None
    remaining: int | None = 1
    skip: int = 0
    seconds: float | None = None
    code: int | None = None
    subcode: int | None = None
    id: int = 0


def add(db: sqlite3.Connection, fault: Fault) -> int:
    """Plan a fault, and return its id."""
    values = asdict(fault) | {"kind": fault.kind.value}
    cursor = db.execute(
        "INSERT INTO faults"
        " (platform, operation, kind, account, remaining, skip, seconds, code, subcode)"
        " VALUES (:platform, :operation, :kind, :account, :remaining, :skip, :seconds, :code,"
        " :subcode)",
        values,
    )
    return int(cursor.lastrowid or 0)


def pending(db: sqlite3.Connection) -> list[Fault]:
    """Return the pending faults, oldest first."""
    rows = db.execute("SELECT * FROM faults ORDER BY id")
    return [Fault(**(dict(row) | {"kind": Kind(row["kind"])})) for row in rows]


def clear(db: sqlite3.Connection) -> None:
    """Remove every fault."""
    db.execute("DELETE FROM faults")


def take(
    db: sqlite3.Connection, platform: str, operation: str, account: str | None
) -> tuple[Fault | None, float]:
    """Return the fault of this call, if any, and for how many seconds new entries are hidden."""
    match: Fault | None = None
    hidden_seconds = 0.0
    for fault in pending(db):
        if not _matches(fault, platform, operation, account):
            continue
        if fault.kind not in HIDING and match is not None:
            continue
        if not _use(db, fault):
            continue
        if fault.kind in HIDING:
            hidden_seconds = max(hidden_seconds, fault.seconds or 0.0)
        else:
            match = fault
    return match, hidden_seconds


def _matches(fault: Fault, platform: str, operation: str, account: str | None) -> bool:
    if fault.kind is Kind.INDEXING_DELAY and operation not in ("search", "comments"):
        return False
    return (
        fault.platform == platform
        and fault.operation in (operation, "*")
        and fault.account in (None, account)
    )


def _use(db: sqlite3.Connection, fault: Fault) -> bool:
    if fault.skip > 0:
        db.execute("UPDATE faults SET skip=skip-1 WHERE id=?", (fault.id,))
        return False
    db.execute("UPDATE faults SET remaining=remaining-1 WHERE id=?", (fault.id,))
    db.execute("DELETE FROM faults WHERE id=? AND remaining<=0", (fault.id,))
    return True


def read(values: Mapping[str, object]) -> Fault:
    """Parse a fault from a form or JSON (`count`: a number or "always"). Raises BadFault."""
    platform = _choice(values, "platform", PLATFORMS)
    kind = Kind(_choice(values, "kind", tuple(Kind)))
    count = str(values.get("count") or "1")
    return Fault(
        platform=platform,
        operation=_choice(values, "operation", OPERATIONS, default="*"),
        kind=kind,
        account=str(values.get("account") or "") or None,
        remaining=None if count == "always" else int(_number(values, "count") or 1),
        skip=int(_number(values, "skip") or 0),
        seconds=_number(values, "seconds"),
        code=_http_code(values),
        subcode=_subcode(values),
    )


def _choice(
    values: Mapping[str, object], name: str, choices: tuple[str, ...], default: str = ""
) -> str:
    chosen = str(values.get(name) or default)
    if chosen not in choices:
        raise BadFault(name)
    return chosen


def _number(values: Mapping[str, object], name: str) -> float | None:
    text = str(values.get(name) if values.get(name) is not None else "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise BadFault(name) from None
    if not 0 <= number <= 1_000_000:
        raise BadFault(name)
    return number


def _http_code(values: Mapping[str, object]) -> int | None:
    code = _number(values, "code")
    if code is not None and not 400 <= code <= 599:
        raise BadFault("code")
    return None if code is None else int(code)


def _subcode(values: Mapping[str, object]) -> int | None:
    code = _number(values, "subcode")
    return None if code is None else int(code)
