"""Checks of what an installation still lacks: a help desk, backups, a role of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from publisher.database.session import Database
from publisher.models.history import Event
from publisher.operations.backup import record
from publisher.operations.health_checks import HealthFinding, HealthSubject
from publisher.settings.environment import Settings

BACKUP_AFTER: Final = timedelta(hours=36)
"""The age of the newest backup at which one is missing: a night was skipped."""


def check_help_desk(settings: Settings) -> list[HealthFinding]:
    """Report an installation on the internet that names neither telephone nor mail address."""
    help_desk = settings.help_desk
    if not settings.is_tls or help_desk.phone or help_desk.mail:
        return []
    return [HealthFinding(HealthSubject.SETTINGS, False, "no_help_desk")]


def check_role(database: Database) -> list[HealthFinding]:
    """Say whether the role of PostgreSQL owns the tables, and so could unseal the history."""
    if database.is_sqlite:
        return []
    is_owner = "pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'events'::regclass"
    with database.reading() as session:
        role, owns = session.execute(text(f"SELECT current_user, {is_owner}")).one()
    code = "role_owns" if owns else "role_runs"
    return [HealthFinding(HealthSubject.DATABASE, True, code, {"role": role})]


def check_backups(database: Database, *, now: datetime) -> HealthFinding:
    """Say when the newest backup was written, and whether the last one failed."""
    with database.reading() as session:
        events = record.latest_events(session)
    written, failed = events.get(record.WRITTEN), events.get(record.FAILED)
    values: dict[str, object] = {"at": _moment(written)}
    code = "backup_written"
    if failed and (written is None or failed.id > written.id):
        code = "backup_failed"
        values |= {"failed_at": _moment(failed), "reason": failed.details["reason"]}
    elif written is None:
        code = "no_backup"
    elif now - written.at > BACKUP_AFTER:
        code = "backup_late"
    return HealthFinding(HealthSubject.BACKUP, code == "backup_written", code, values)


def _moment(event: Event | None) -> str:
    return f"{event.at:%Y-%m-%d %H:%M} UTC" if event else "–"
