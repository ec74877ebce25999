"""`nagarvani backup` and `restore`: their output, and the posts that they look up."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from commands import backup
from publisher.content_checks import outgoing_text
from publisher.database.session import Base, Database
from publisher.delivery.accounts.credentials import Vault
from publisher.models.controls import Stop
from publisher.models.deliveries import Account, Delivery
from publisher.models.history import Event
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.now import now
from publisher.operations.backup import record
from publisher.operations.backup.archive_format import check
from publisher.platforms.base.types import Outgoing
from publisher.settings.environment import load
from publisher.states import DeliveryState
from sandbox.credentials import X_ACCOUNTS
from tests.cli.command_line import CLI, SECRET, CommandResult, Workspace, make_workspace
from tests.platforms import platform_setups
from tests.platforms.platform_setups import CREDENTIALS, PlatformSetup
from tests.support.city import City, city
from tests.support.city_people import HOUR
from tests.support.processes import plain_environment


@dataclass
class BackupSetup:
    """A city with an X account in a sandbox, its workspace, and an empty one to restore to."""

    town: City
    platform_setup: PlatformSetup
    source: Workspace
    target: Workspace
    file: Path

    def back_up(self) -> CommandResult:
        """Write a backup of the city."""
        return self.source.run_in_process("backup", str(self.file))

    def restore(self) -> CommandResult:
        """Restore the backup into the empty workspace."""
        return self.target.run_in_process("restore", str(self.file))

    def publish_after_backup(self, delivery_id: int) -> None:
        """Publish a delivery after the backup, as the lost database would have."""
        with self.town.read() as session:
            variant = session.get_one(Delivery, delivery_id).variant
            self.platform_setup.send(Outgoing(outgoing_text.outgoing_text(variant)))


@pytest.fixture
def setup(sqlite_url: str, tmp_path: Path) -> Iterator[BackupSetup]:
    """Set the city up at the present time."""
    database = Database(sqlite_url)
    with platform_setups.open_setup("x", tmp_path / "sandbox") as ground:
        town = city(database, tmp_path)
        town.clock.at = now()
        with town.write() as session:
            account = session.get_one(Account, town.accounts["x"])
            account.handle = X_ACCOUNTS[0].username
            account.credentials = Vault(SECRET, ()).seal(CREDENTIALS["x"])
        old = make_workspace(tmp_path, sqlite_url)
        old = replace(old, settings={**old.settings, "X_API_URL": ground.url})
        new = {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}", "MEDIA_DIR": str(tmp_path / "n")}
        restored = replace(old, settings={**old.settings, **new})
        yield BackupSetup(town, ground, old, restored, tmp_path / "city.backup")
    database.dispose()


def states(workspace: Workspace) -> list[DeliveryState]:
    """Return the state of each delivery, after checking that publishing is stopped once."""
    database = Database(workspace.settings["DATABASE_URL"])
    with database.reading() as session:
        states = list(session.scalars(select(Delivery.state).order_by(Delivery.id)))
        assert session.scalar(select(func.count(Stop.id)).where(Stop.released_at.is_(None))) == 1
    database.dispose()
    return states


@pytest.mark.ci
def test_restore_looks_for_what_lies_ahead_before_it_ends(setup: BackupSetup) -> None:
    (sent,), _ = (setup.town.schedule(setup.town.approved(), 5 * HOUR) for _ in range(2))
    assert setup.back_up().code == 0
    setup.publish_after_backup(sent)
    output = setup.restore()
    assert output.code == 0, output.err
    assert "looked for now: 2; live already: 1;" in output.out
    assert "did not answer: 0." in output.out
    assert "goes on looking" not in output.out
    assert states(setup.target) == [DeliveryState.UNCONFIRMED, DeliveryState.SCHEDULED]


def test_a_restore_counts_silent_platforms_and_the_clock_goes_on(
    setup: BackupSetup,
) -> None:
    """The folder of media is made, though the backup has none."""
    setup.town.schedule(setup.town.approved(), 5 * HOUR)
    assert " 0 media" in setup.back_up().out
    setup.platform_setup.add_fault("*", "rate_limit", seconds=600)
    output = setup.restore()
    assert output.code == 0, output.err
    assert "looked for now: 0; live already: 0;" in output.out
    assert "did not answer: 1." in output.out
    assert "goes on looking" in output.out
    assert states(setup.target) == [DeliveryState.SCHEDULED]
    assert Path(setup.target.settings["MEDIA_DIR"]).is_dir()


def test_missing_media_are_named_and_the_backup_is_still_good(
    setup: BackupSetup,
) -> None:
    store = setup.town.store
    lost = sorted(store.save(f"{number}".encode()) for number in range(7))
    for digest in lost:
        store.path(digest).write_bytes(b"something else")
    for output in (setup.back_up(), setup.restore()):
        assert output.code == 0, output.err
        assert "Not in it: 7 media that are missing or changed in the media folder:" in output.out
        assert f": {', '.join(lost[:5])}, and 2 more." in output.out


def test_of_media_that_are_all_there_nothing_is_said_in_few_lines(setup: BackupSetup) -> None:
    setup.town.store.save(b"a picture")
    written, restored = setup.back_up(), setup.restore()
    for output in (written, restored):
        assert output.code == 0, output.err
        assert "1 media" in output.out
        assert "Not in it" not in output.out
    assert written.err.splitlines() == ["A backup is being written."]
    assert restored.err.splitlines() == ["The backup is being restored.", backup.SEEKING]


class Terminal(io.TextIOWrapper):
    """A standard error that a person sees."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Return what was written."""
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode().splitlines()


@pytest.mark.ci
def test_on_a_terminal_both_tell_what_they_are_at_while_they_go_on(
    setup: BackupSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.town.schedule(setup.town.approved(), 5 * HOUR)
    for digit in range(30):
        setup.town.store.save(f"{digit}".encode())
    written, restored = Terminal(), Terminal()
    monkeypatch.setattr("sys.stderr", written)
    backup.write(load(setup.source.environment()), setup.file)
    monkeypatch.setattr("sys.stderr", restored)
    backup.restore(load(setup.target.environment()), setup.file)
    monkeypatch.undo()
    tables = [table.name for table in Base.metadata.sorted_tables]
    for terminal in (written, restored):
        names = [line.split(":")[0].strip() for line in terminal.lines()]
        assert [name for name in names if name in tables] == tables
        assert [name for name in names if name == "media"] == [
            "media"
        ] * 11  # each tenth, and the end
        assert set(names) - {"looking"} == {*tables, "media", "reading back"}
    assert "  media: 30 of 30" in written.lines()
    assert "  looking: 1 of 1" in restored.lines()
    assert "looking" not in "".join(written.lines())


def backup_events(workspace: Workspace) -> list[tuple[str, dict[str, object]]]:
    """Return what the history says of backups."""
    with Database(workspace.settings["DATABASE_URL"]) as database, database.reading() as session:
        events = session.scalars(select(Event).where(record.is_of_backup()).order_by(Event.id))
        return [(event.verb, event.details) for event in events]


def test_each_backup_is_in_the_history_with_what_became_of_it(setup: BackupSetup) -> None:
    setup.town.store.save(b"a picture")
    assert setup.back_up().code == 0
    unreadable = setup.town.store.path("ab" * 32)
    unreadable.mkdir(parents=True)
    assert setup.back_up().code == 1
    (written, made), (failed, details) = backup_events(setup.source)
    assert (written, made["media"], made["command"]) == ("write_backup", 1, "backup")
    assert failed == "fail_backup"
    assert "Is a directory" in str(details["reason"])
    doctor = setup.source.run_in_process("doctor").out
    assert "wrong  backup: the one of " in doctor
    assert "Is a directory); the newest is of " in doctor


def test_a_backup_without_media_says_how_many_it_refers_to(setup: BackupSetup) -> None:
    mail = ReceivedMail(
        raw_sha256=setup.town.store.save(b"From: a@pmc.example"),
        size=19,
        content_digest="c" * 64,
        received_at=setup.town.now,
        outcome=MailOutcome.IGNORED,
    )
    with setup.town.write() as session:
        session.add(mail)
    assert setup.back_up().code == 0  # lays the identity of the store
    output = setup.source.run_in_process("backup", str(setup.file), "--without-media")
    assert output.code == 0, output.err
    assert ", 0 media, " in output.out
    assert "Not in it: the 1 media that it refers to. Copy the store too." in output.out
    manifest = check(setup.file, tell=lambda *_: None)
    assert (manifest.media, manifest.lost, manifest.left_out) == ((), (), 1)
    shutil.copytree(setup.source.settings["MEDIA_DIR"], setup.target.settings["MEDIA_DIR"])
    restored = setup.restore()
    assert restored.code == 0, restored.err
    assert "Not in it: the 1 media that it refers to." in restored.out
    doctor = setup.target.run_in_process("doctor").out
    assert "is the store of this database" in doctor


def test_without_media_a_store_that_is_away_is_not_asked(setup: BackupSetup) -> None:
    away = replace(setup.source, settings={**setup.source.settings, "MEDIA_DIR": "/dev/null/none"})
    assert away.run_in_process("backup", str(setup.file)).code == 1
    output = away.run_in_process("backup", str(setup.file), "--without-media")
    assert output.code == 0, output.err


def test_a_second_restore_says_that_the_database_is_not_empty(setup: BackupSetup) -> None:
    setup.town.store.save(b"a picture")
    assert setup.back_up().code == 0
    assert setup.restore().code == 0
    again = setup.restore()
    assert again.code == 1
    assert "The database is not empty" in again.err
    assert "start the clock" in again.err


def test_a_house_that_is_in_use_is_not_touched_and_that_is_said(setup: BackupSetup) -> None:
    assert setup.back_up().code == 0
    output = setup.source.run_in_process("restore", str(setup.file))
    assert (output.code, "The database is not empty" in output.err) == (1, True)


def test_a_folder_keeps_the_newest_backups_and_what_else_is_in_it(setup: BackupSetup) -> None:
    folder = setup.file.parent / "backups"
    folder.mkdir()
    for name in ("20261128T021500Z.backup", "20261129T021500Z.backup", "by-hand.backup", "notes"):
        (folder / name).write_bytes(b"")
    output = setup.source.run_in_process("backup", str(folder), "--keep", "2")
    assert output.code == 0, output.err
    names = sorted(file.name for file in folder.iterdir())
    written = next(name for name in names if name > "20261129T9" and name[0] == "2")
    assert names == ["20261129T021500Z.backup", written, "by-hand.backup", "notes"]
    assert f"Removed: {folder}/20261128T021500Z.backup." in output.out
    assert check(folder / written, tell=lambda *_: None).tables


def test_a_failed_backup_removes_no_other(setup: BackupSetup) -> None:
    folder = setup.file.parent / "backups"
    folder.mkdir()
    (folder / "20261128T021500Z.backup").write_bytes(b"")
    away = replace(setup.source, settings={**setup.source.settings, "DATABASE_URL": "sqlite:////x"})
    assert away.run_in_process("backup", str(folder), "--keep", "1").code == 1
    assert [file.name for file in folder.iterdir()] == ["20261128T021500Z.backup"]


def test_keeping_backups_needs_a_folder(setup: BackupSetup) -> None:
    output = setup.source.run_in_process("backup", str(setup.file), "--keep", "2")
    assert (output.code, setup.file.exists()) == (2, False)
    assert f"--keep needs a folder that exists, and {setup.file} is not one." in output.err


def test_a_folder_that_cannot_be_entered_is_one_sentence(setup: BackupSetup) -> None:
    setup.file.write_text("no folder")
    for target in (setup.file / "a.backup", Path("/" + "a" * 300)):
        output = setup.source.run_in_process("backup", str(target))
        assert (output.code, "Traceback" in output.err) == (1, False)
        assert "No backup was written" in output.err


def test_standard_output_has_the_backup_and_nothing_else(setup: BackupSetup) -> None:
    with setup.file.open("wb") as out:
        done = subprocess.run(
            [*CLI, "backup", "-"],
            cwd=setup.source.folder,
            env=plain_environment(setup.source.environment()),
            stdout=out,
            stderr=subprocess.PIPE,
            check=True,
            timeout=100,
        )
    assert check(setup.file, tell=lambda *_: None).tables
    assert b"The backup: " in done.stderr  # the file that was read back is gone


def test_a_store_that_cannot_be_read_is_named_and_there_is_no_backup(setup: BackupSetup) -> None:
    unreadable = setup.town.store.path("ab" * 32)
    unreadable.mkdir(parents=True)  # whose bytes even root cannot read
    output = setup.back_up()
    assert output.code == 1
    root = setup.town.store.root
    assert f"No backup was written: media folder {root}: Is a directory" in output.err
    assert list(setup.file.parent.glob("city.backup*")) == []
    unreadable.rmdir()
    assert setup.back_up().code == 0


def test_a_store_that_cannot_be_written_is_named_and_nothing_is_restored(
    setup: BackupSetup,
) -> None:
    digest = setup.town.store.save(b"a picture")
    assert setup.back_up().code == 0
    folder = Path(setup.target.settings["MEDIA_DIR"])
    folder.mkdir()
    file = folder / digest[:2]
    file.write_bytes(b"")  # in place of a folder, so that even root cannot write there
    output = setup.restore()
    assert output.code == 1
    assert f"Nothing was restored: media folder {folder}: " in output.err
    file.unlink()
    assert setup.restore().code == 0
