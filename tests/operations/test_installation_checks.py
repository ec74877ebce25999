"""`doctor` says what an installation still lacks: backups, a help desk, a role."""

from __future__ import annotations

from datetime import timedelta

from commands.health_messages import sentence
from publisher.media.store_in_use import ONLY_ROW
from publisher.models.submission_details import StoreInUse
from publisher.operations.backup import record
from publisher.operations.health_checks import HealthFinding
from publisher.operations.installation_checks import (
    BACKUP_AFTER,
    check_backups,
    check_help_desk,
    check_role,
)
from publisher.people.permissions import COMMAND
from publisher.settings.environment import load
from tests.support.city import City

HTTPS = {"NAGARVANI_BASE_URL": "https://desk.example"}


def record_backup(town: City, verb: str, **values: object) -> None:
    """Record what became of a backup that the command has just written."""
    with town.write() as session:
        record.record_backup(session, verb, actor=COMMAND, now=town.now, values=values)


def backups(town: City) -> HealthFinding:
    """Return what is said of the backups."""
    return check_backups(town.database, now=town.now)


def test_backups_that_are_late_or_failed_are_named(town: City) -> None:
    with town.write() as session:
        session.add(store_in_use(town))
    assert (backups(town).ok, backups(town).code) == (False, "no_backup")
    record_backup(town, record.FAILED, reason="No space left on device")
    assert sentence(backups(town)).endswith("failed (No space left on device); the newest is of –")
    town.clock.move(timedelta(hours=1))
    record_backup(town, record.WRITTEN)
    assert (backups(town).ok, backups(town).code) == (True, "backup_written")
    written_at = f"{town.now:%Y-%m-%d %H:%M} UTC"
    assert sentence(backups(town)) == f"the newest is of {written_at}"
    town.clock.move(BACKUP_AFTER + timedelta(minutes=1))
    assert (backups(town).ok, backups(town).code) == (False, "backup_late")
    record_backup(town, record.FAILED, reason="media folder /srv: it is away")
    assert backups(town).code == "backup_failed"
    assert sentence(backups(town)).endswith(f"it is away); the newest is of {written_at}")


def store_in_use(town: City) -> StoreInUse:
    """Return the row of the media store, which the first start lays."""
    return StoreInUse(id=ONLY_ROW, identity="a" * 32, laid_at=town.now)


def test_a_help_desk_is_missing_only_where_people_come_by_https() -> None:
    assert check_help_desk(load({})) == []
    (finding,) = check_help_desk(load(HTTPS))
    assert not finding.ok
    assert "NAGARVANI_HELP_PHONE and NAGARVANI_HELP_MAIL" in sentence(finding)
    for name, text in (("PHONE", "020-5550-0100"), ("MAIL", "help@pmc.example")):
        assert check_help_desk(load({**HTTPS, f"NAGARVANI_HELP_{name}": text})) == []


def test_sqlite_knows_no_roles(town: City) -> None:
    assert check_role(town.database) == []
