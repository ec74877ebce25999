"""`nagarvani media copy` and `adopt`, and starts that see another store than their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import select, update

from commands.media import progress_printer
from publisher.database.session import Database, migrate
from publisher.media.folder_store import FolderStore
from publisher.media.store import StoreAway
from publisher.models.content_checks import CheckedLink
from publisher.models.deliveries import ClockBeat
from publisher.models.history import Event
from publisher.models.submission_details import StoreInUse
from publisher.now import now
from publisher.operations import store_copy
from publisher.operations.store_copy import TargetAway
from tests.cli.command_line import CLI, Workspace, make_workspace
from tests.support.processes import Starter

PICTURES = (b"a tanker", b"a road", b"a garden")
RELEASE_0_1_0 = "0019"
"""The revision of its tables."""


@pytest.fixture
def workspace(tmp_path: Path, sqlite_url: str) -> Workspace:
    """Create an installation with three media, which rows name."""
    own = make_workspace(tmp_path, sqlite_url)
    assert own.run_in_process("init").code == 0
    with Database(sqlite_url) as database, database.transaction() as session:
        session.add_all(
            CheckedLink(
                digest=sha256(b"link to " + picture).hexdigest(),
                url="https://pmc.example",
                asked_at=now(),
                picture_sha256=store_of(own).save(picture),
            )
            for picture in PICTURES
        )
    return own


@pytest.fixture
def database(workspace: Workspace) -> Iterator[Database]:
    """Open its database."""
    with Database(workspace.settings["DATABASE_URL"]) as database:
        yield database


@pytest.fixture
def target(tmp_path: Path) -> FolderStore:
    """Return a folder to which media are moved."""
    return FolderStore(tmp_path / "new place")


def store_of(workspace: Workspace) -> FolderStore:
    return FolderStore(Path(workspace.settings["MEDIA_DIR"]))


def url_of(store: FolderStore) -> str:
    return store.root.as_uri()


def moved(workspace: Workspace, target: FolderStore) -> Workspace:
    """Return the workspace with the settings of its new store."""
    return replace(workspace, settings={**workspace.settings, "MEDIA_DIR": str(target.root)})


def identity_in(database: Database) -> str:
    with database.reading() as session:
        return session.scalars(select(StoreInUse.identity)).one()


def refusal(workspace: Workspace, *arguments: str, **settings: str) -> str:
    """Return the sentence with which a command is refused, without a traceback."""
    output = workspace.run_in_process(*arguments, **settings)
    assert output.code == 1, output.out
    (line,) = [line for line in output.err.splitlines() if line.startswith("Error: ")]
    return line


def beat(database: Database, *, ago: timedelta) -> None:
    """Let a clock have given a sign of life."""
    with database.transaction() as session:
        at = now() - ago
        session.merge(ClockBeat(name="clock", started_at=at, beat_at=at))


def test_init_lays_an_identity_and_another_store_is_refused(
    workspace: Workspace, database: Database, target: FolderStore, tmp_path: Path
) -> None:
    identity = identity_in(database)
    assert store_of(workspace).identity() == identity
    other = moved(workspace, target)
    for arguments in (("clock", "--once"), ("init",), ("mail", "read", __file__)):
        sentence = refusal(other, *arguments)
        assert f"media store {target.root}: it is not the one of this database" in sentence
        assert f"(it has no identity, the database identity {identity[:8]}…)" in sentence
    assert "not the one" in refusal(other, "backup", str(tmp_path / "city.backup"))
    assert not (tmp_path / "city.backup").exists()
    doctor = other.run_in_process("doctor")
    assert any(line.startswith("wrong  media store: ") for line in doctor.lines)
    assert workspace.run_in_process("clock", "--once").code == 0


def test_a_store_that_cannot_be_read_is_one_sentence(workspace: Workspace) -> None:
    file = store_of(workspace).root / "identity"
    file.unlink()
    file.mkdir()
    assert "it does not answer, is full, or cannot be read" in refusal(workspace, "clock", "--once")


def test_an_installation_of_0_1_0_gets_an_identity_at_its_first_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, RELEASE_0_1_0)
    own = make_workspace(tmp_path, url)
    digest = store_of(own).save(PICTURES[0])
    assert own.run_in_process("db", "upgrade").code == 0
    assert store_of(own).identity() == ""
    assert own.run_in_process("clock", "--once").code == 0
    with Database(url) as database:
        assert store_of(own).identity() == identity_in(database) != ""
    assert store_of(own).open(digest) == PICTURES[0]


def test_a_copy_brings_everything_and_switches(
    workspace: Workspace, database: Database, target: FolderStore
) -> None:
    former = identity_in(database)
    unused = store_of(workspace).save(b"uploaded, and not handed in yet")
    output = workspace.run_in_process("media", "copy", url_of(target))
    assert output.code == 0, output.err
    assert "Copied and compared: 4; there already: 0." in output.lines
    assert f"  NAGARVANI_MEDIA_URL={url_of(target)}" in output.lines
    assert sorted(target.digests()) == sorted(store_of(workspace).digests())
    assert target.open(unused)
    assert target.identity() == identity_in(database) != former
    # The old settings are refused from now on, and the new ones work.
    assert "not the one of this database" in refusal(workspace, "clock", "--once")
    assert moved(workspace, target).run_in_process("clock", "--once").code == 0
    with database.reading() as session:
        event = session.scalars(select(Event).where(Event.subject == "store_in_use")).one()
    assert (event.verb, event.details["command"]) == ("move_store", "media copy")
    # With the old settings it is only said again what to write.
    again = workspace.run_in_process("media", "copy", url_of(target))
    assert (again.code, again.lines) == (0, output.lines[1:])


@pytest.mark.proof
@pytest.mark.parametrize("point", ["store.medium_copied", "store.unlaid", "store.unconfirmed"])
def test_a_copy_that_was_killed_goes_on(
    workspace: Workspace, database: Database, target: FolderStore, point: str
) -> None:
    killed = workspace.run("media", "copy", url_of(target), CHECKPOINT=point)
    assert killed.code == -9
    if point != "store.medium_copied":
        # The database has switched: the old store is refused, and the new one finishes it.
        assert "not the one of this database" in refusal(workspace, "clock", "--once")
    output = workspace.run_in_process("media", "copy", url_of(target))
    assert output.code == 0, output.err
    if point == "store.medium_copied":
        assert "Copied and compared: 2; there already: 1." in output.lines
    assert target.identity() == identity_in(database)
    assert moved(workspace, target).run_in_process("clock", "--once").code == 0
    with database.reading() as session:
        assert session.scalars(select(StoreInUse.replaces)).one() is None


@pytest.mark.proof
def test_a_killed_switch_is_finished_by_a_start_with_the_new_settings(
    workspace: Workspace, database: Database, target: FolderStore
) -> None:
    assert workspace.run("media", "copy", url_of(target), CHECKPOINT="store.unlaid").code == -9
    assert target.identity() != identity_in(database)
    assert moved(workspace, target).run_in_process("clock", "--once").code == 0
    assert target.identity() == identity_in(database)


def test_while_a_clock_beats_nothing_switches_and_then_the_new_is_sent(
    workspace: Workspace, database: Database, target: FolderStore
) -> None:
    beat(database, ago=timedelta(seconds=5))
    sentence = refusal(workspace, "media", "copy", url_of(target))
    assert "Stop every web and clock, wait half a minute, and run this again" in sentence
    assert len(list(target.digests())) == 3
    assert workspace.run_in_process("clock", "--once").code == 0  # nothing has changed for it
    assert "(it has begun as a copy for " in refusal(moved(workspace, target), "clock", "--once")
    store_of(workspace).save(b"come meanwhile")
    with database.transaction() as session:
        session.execute(update(ClockBeat).values(beat_at=now() - timedelta(minutes=1)))
    output = workspace.run_in_process("media", "copy", url_of(target))
    assert "Copied and compared: 1; there already: 3." in output.lines


def test_what_the_source_lacks_is_named_and_nothing_is_switched(
    workspace: Workspace, database: Database, target: FolderStore
) -> None:
    source, former = store_of(workspace), identity_in(database)
    lost, rotten, _sound = (sha256(picture).hexdigest() for picture in PICTURES)
    source.remove(lost)
    source.path(rotten).write_bytes(b"rotten")
    output = workspace.run_in_process("media", "copy", url_of(target))
    assert output.code == 1
    assert f"1 are missing in the present store: {lost}." in output.lines
    assert f"1 are damaged in the present store: {rotten}." in output.lines
    assert "still names the present store" in output.err
    assert identity_in(database) == former
    target.save(PICTURES[0])  # found in a backup
    target.save(PICTURES[1])
    output = workspace.run_in_process("media", "copy", url_of(target))
    assert output.code == 0, output.err
    assert "Copied and compared: 0; there already: 3." in output.lines


def test_what_is_lost_for_good_may_be_left_behind(
    workspace: Workspace, target: FolderStore
) -> None:
    store_of(workspace).remove(sha256(PICTURES[0]).hexdigest())
    arguments = ("media", "copy", url_of(target), "--although-missing")
    assert workspace.run_in_process(*arguments).code == 0


def test_a_damaged_file_of_the_target_is_sent_again(
    workspace: Workspace, target: FolderStore
) -> None:
    rotten = sha256(PICTURES[0]).hexdigest()
    target.save(PICTURES[0])
    target.path(rotten).write_bytes(b"rotten")
    output = workspace.run_in_process("media", "copy", url_of(target))
    assert "Copied and compared: 3; there already: 0." in output.lines
    assert target.open(rotten) == PICTURES[0]


def test_a_target_that_cannot_be_one_is_refused_before_anything_is_sent(
    workspace: Workspace, database: Database, target: FolderStore, tmp_path: Path
) -> None:
    present = store_of(workspace)
    link = tmp_path / "link"
    link.symlink_to(present.root)
    for url in (url_of(present), link.as_uri()):
        assert "is the present store under another name" in refusal(workspace, "media", "copy", url)
    target.set_identity("f" * 32)
    sentence = refusal(workspace, "media", "copy", url_of(target))
    assert "belongs to another store or house (identity ffffffff…)" in sentence
    assert list(target.digests()) == []
    file = tmp_path / "file"
    file.write_text("no folder")
    assert "cannot be written" in refusal(workspace, "media", "copy", f"{file.as_uri()}/media")
    for url, hint in (("/media", "write file:///"), ("s3://pmc-media", "NAGARVANI_MEDIA_ENDPOINT")):
        output = workspace.run_in_process("media", "copy", url)
        assert output.code == 2
        assert hint in output.err
    assert present.identity() == identity_in(database)


class FullStore(FolderStore):
    """A store that has room for one medium."""

    def save_file(self, source: BinaryIO) -> str:
        """Save the first one alone."""
        if list(self.digests()):
            raise StoreAway
        return super().save_file(source)


def test_a_target_that_becomes_full_ends_the_copy(
    workspace: Workspace, database: Database, target: FolderStore
) -> None:
    full = FullStore(target.root)
    with pytest.raises(TargetAway):
        store_copy.copy_media(database, store_of(workspace), full, tell=lambda _done, _of: None)
    assert len(list(target.digests())) == 1


def test_progress_is_a_line_a_minute_and_on_a_terminal_one_that_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = iter([0.0, 10, 70, 70, 100, 120, 120])
    tell = progress_printer(lambda: next(seconds), is_terminal=False)
    for done in range(1, 5):
        tell(done, 4)
    assert capsys.readouterr().err.splitlines() == ["  2 of 4 media", "  4 of 4 media"]
    seconds = iter([0.0, 0.1, 1, 1, 2, 2])
    tell = progress_printer(lambda: next(seconds), is_terminal=True)
    for done in range(1, 4):
        tell(done, 3)
    assert capsys.readouterr().err == "\r  2 of 3 media\r  3 of 3 media\n"


def test_adopting_says_what_is_missing_asks_and_lays_a_new_identity(
    workspace: Workspace, database: Database, target: FolderStore
) -> None:
    former = identity_in(database)
    other = moved(workspace, target)
    target.set_identity("f" * 32)
    target.save(PICTURES[0])
    target.save(b"of another house")
    output = other.run_in_process("media", "adopt", "--yes")
    assert output.code == 1
    assert "(identity ffffffff…) has 1 of the 3 media" in output.out
    assert "and 1 that it does not" in output.out
    assert "2 are missing, so nothing was changed" in output.err
    asked = other.run_in_process("media", "adopt", "--although-missing")
    assert (asked.code, identity_in(database)) == (1, former)  # nobody has answered
    beat(database, ago=timedelta(seconds=5))
    assert "Stop every web and clock" in refusal(
        other, "media", "adopt", "--although-missing", "--yes"
    )
    assert (identity_in(database), target.identity()) == (former, "f" * 32)
    with database.transaction() as session:
        session.execute(update(ClockBeat).values(beat_at=now() - timedelta(minutes=1)))
    assert other.run_in_process("media", "adopt", "--although-missing", "--yes").code == 0
    assert identity_in(database) == target.identity()
    assert target.identity() not in (former, "f" * 32)
    assert other.run_in_process("clock", "--once").code == 0
    assert "not the one of this database" in refusal(workspace, "clock", "--once")


@pytest.mark.proof
def test_a_running_clock_ends_when_the_database_names_another_store(
    workspace: Workspace, database: Database, start: Starter
) -> None:
    clock = start([*CLI, "clock"], environment=workspace.environment(), cwd=workspace.folder)
    clock.wait_for(" runs")
    with database.transaction() as session:
        session.execute(update(StoreInUse).values(identity="f" * 32))
    clock.wait_for("the database names another media store now")
    assert clock.popen.wait(20) == 1


@pytest.fixture
def bucket_settings(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Serve an object store with an empty bucket; yield the settings of it.

    It is moto's server, which checks no signature and keeps nothing.
    """
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    urlopen(Request(f"{endpoint}/pmc-media", method="PUT"), timeout=20).close()
    yield {
        "MEDIA_ENDPOINT": endpoint,
        "MEDIA_KEY": "key",
        "MEDIA_SECRET": "secret",
        "MEDIA_CACHE_DIR": str(tmp_path / "cache"),
    }
    server.stop()


@pytest.mark.proof
def test_from_a_folder_into_a_bucket_that_forked_processes_serve(
    workspace: Workspace,
    database: Database,
    bucket_settings: dict[str, str],
    start: Starter,
    free_port: int,
) -> None:
    url = "s3://pmc-media/pune"
    copied = workspace.run("media", "copy", url, **bucket_settings)
    assert copied.code == 0, copied.err
    assert "Copied and compared: 3; there already: 0." in copied.lines
    settings = {name: text for name, text in workspace.settings.items() if name != "MEDIA_DIR"}
    own = Workspace(workspace.folder, {**settings, **bucket_settings, "MEDIA_URL": url})
    web = start(
        [*CLI, "web", "--port", str(free_port), "--workers", "1"],
        environment=own.environment(),
        cwd=own.folder,
    )
    web.wait_for(" serves on ")
    address = f"http://127.0.0.1:{free_port}/readyz"
    with urlopen(address, timeout=20) as answer:
        assert json.load(answer)["media_store"] == "same"
    # Another house adopts the bucket.
    with database.transaction() as session:
        session.execute(update(StoreInUse).values(identity="f" * 32))
    refused = own.run("web", "--port", "1")
    assert refused.code == 1
    assert f"Error: media store {url}: it is not the one of this database" in refused.err
    assert "Traceback" not in refused.err
    with pytest.raises(HTTPError, match="503"):
        urlopen(address, timeout=20)
    web.stop()
    away = own.run("web", "--port", "1", MEDIA_ENDPOINT="http://127.0.0.1:9", SEND_DEADLINE="5")
    assert away.code == 1
    assert f"Error: media store {url}: it does not answer" in away.err
