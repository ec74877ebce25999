"""Store and database share one identity; where they do not, nothing starts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from publisher.database.session import Database, migrate
from publisher.media.folder_store import FolderStore
from publisher.media.store import MediumMissing, StoreAway
from publisher.media.store_in_use import is_still_in_use, read_store_identity, require_in_use
from publisher.models.content_checks import CheckedLink
from publisher.models.history import Event
from publisher.models.submission_details import StoreInUse
from publisher.operations import store_copy
from publisher.operations.backup.restore import restore
from publisher.operations.backup.write import write
from publisher.operations.store_copy import CopyOvertaken
from publisher.operations.store_identity import (
    NoMediaThere,
    OtherStore,
    change_since_start,
    check_store,
    identify,
    renew,
)
from publisher.people.permissions import COMMAND
from tests.support import sqlite
from tests.support.city_people import NOON
from tests.support.runs import Run


class UnwritableStore(FolderStore):
    """A store whose disk is full: it is the moment between the database and the store."""

    def set_identity(self, identity: str) -> None:
        """Write nothing."""
        raise StoreAway


class MeetingStore(FolderStore):
    """A store whose starts read its identity at the same moment, the first time."""

    def __init__(self, root: Path, meeting: Barrier) -> None:
        super().__init__(root)
        self._meeting: Barrier | None = meeting

    def _read_identity(self) -> str:
        identity = super()._read_identity()
        meeting, self._meeting = self._meeting, None
        if meeting is not None:
            meeting.wait(20)
        return identity


class OvertakenStore(FolderStore):
    """A store in which another start lays its identity while this one reads the first time."""

    def __init__(self, root: Path, overtake: Callable[[], object], *, is_late: bool) -> None:
        super().__init__(root)
        self._overtake: Callable[[], object] | None = overtake
        self._is_late = is_late

    def _read_identity(self) -> str:
        before = super()._read_identity()
        overtake, self._overtake = self._overtake, None
        if overtake is None:
            return before
        overtake()
        return before if self._is_late else super()._read_identity()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "media")


@pytest.fixture
def fresh(run: Run, tmp_path: Path) -> Iterator[Database]:
    """Open another empty database, to restore to."""
    with Database(sqlite.copy(sqlite.template(run, migrate), tmp_path / "fresh.db")) as opened:
        yield opened


def row_of(database: Database) -> StoreInUse:
    with database.reading() as session:
        return session.scalars(select(StoreInUse)).one()


def name_medium(database: Database, digest: str) -> None:
    """Let a row of the database name this medium."""
    with database.transaction() as session:
        link = CheckedLink(digest="d" * 64, url="https://pmc.example/", asked_at=NOON)
        link.picture_sha256 = digest
        session.add(link)


@pytest.mark.twin
def test_an_identity_is_laid_where_neither_has_one_and_stays(
    database: Database, store: FolderStore
) -> None:
    identity = identify(database, store, now=NOON)
    assert len(identity) == 32
    assert int(identity, 16)
    assert store.identity() == identity
    assert (row_of(database).identity, row_of(database).replaces) == (identity, None)
    assert identify(database, FolderStore(store.root), now=NOON) == identity


@pytest.mark.parametrize("carried", ["", "f" * 32])
def test_a_store_that_is_not_that_of_the_database_is_refused(
    database: Database, store: FolderStore, tmp_path: Path, carried: str
) -> None:
    identity = identify(database, store, now=NOON)
    other = FolderStore(tmp_path / "other")
    if carried:
        other.set_identity(carried)
    with pytest.raises(OtherStore) as refused:
        identify(database, other, now=NOON)
    sentence = str(refused.value)
    assert str(other.root) in sentence
    assert f"the database identity {identity[:8]}…" in sentence
    assert identity not in sentence
    assert f"{carried[:8]}…" in sentence if carried else "(it has no identity, the" in sentence
    assert "nagarvani media adopt" in sentence
    assert "\n" not in sentence
    assert other.identity() == carried
    assert row_of(database).identity == identity


def test_a_store_of_another_database_is_refused_by_a_new_one(
    database: Database, store: FolderStore
) -> None:
    store.set_identity("f" * 32)
    with pytest.raises(OtherStore, match="it has identity ffffffff…, the database no identity"):
        identify(database, store, now=NOON)
    with database.reading() as session:
        assert read_store_identity(session) == ""


def test_the_first_start_lays_none_in_an_empty_store_if_media_are_named(
    database: Database, store: FolderStore, tmp_path: Path
) -> None:
    name_medium(database, store.save(b"a picture"))
    unmounted = FolderStore(tmp_path / "unmounted")
    assert code_of(database, unmounted) == ("store_no_media", False)
    with pytest.raises(NoMediaThere, match="has none of the media that this database refers to"):
        identify(database, unmounted, now=NOON)
    assert unmounted.identity() == ""
    assert code_of(database, store) == ("store_not_laid", True)
    identity = identify(database, store, now=NOON)
    assert identity == row_of(database).identity == store.identity()


def test_a_start_that_was_left_half_done_lays_no_identity_elsewhere(
    database: Database, store: FolderStore, tmp_path: Path
) -> None:
    read_only = UnwritableStore(store.root)
    name_medium(database, store.save(b"a picture"))
    with pytest.raises(StoreAway):
        identify(database, read_only, now=NOON)
    unmounted = FolderStore(tmp_path / "unmounted")
    assert code_of(database, unmounted) == ("store_no_media", False)
    with pytest.raises(NoMediaThere):
        identify(database, unmounted, now=NOON)
    assert identify(database, store, now=NOON) == row_of(database).identity


def test_a_refusal_reaches_the_process_that_has_yet_to_fork() -> None:
    sent = copy(NoMediaThere("/srv/media", "", ""))  # rebuilt from its parts, as when it is pickled
    assert isinstance(sent, NoMediaThere)
    assert "/srv/media" in str(sent)


def test_a_start_that_ended_between_the_two_is_finished_by_the_next(
    database: Database, store: FolderStore
) -> None:
    with pytest.raises(StoreAway):
        identify(database, UnwritableStore(store.root), now=NOON)
    half = row_of(database)
    assert half.replaces == ""
    assert identify(database, store, now=NOON) == half.identity == store.identity()
    assert row_of(database).replaces is None


@pytest.mark.both
def test_two_starts_at_once_lay_one_identity_and_both_go_on(
    database: Database, tmp_path: Path
) -> None:
    meeting = Barrier(2)
    with ThreadPoolExecutor() as pool:
        starts = [
            pool.submit(identify, database, MeetingStore(tmp_path / "media", meeting), now=NOON)
            for _ in range(2)
        ]
        first, second = (start.result() for start in starts)
    assert (
        first == second == row_of(database).identity == FolderStore(tmp_path / "media").identity()
    )


@pytest.mark.parametrize("is_late", [True, False])
def test_a_start_that_is_overtaken_goes_on_with_the_other_ones_identity(
    on_sqlite: Database, store: FolderStore, is_late: bool
) -> None:
    slow = OvertakenStore(store.root, lambda: identify(on_sqlite, store, now=NOON), is_late=is_late)
    assert identify(on_sqlite, slow, now=NOON) == store.identity() == row_of(on_sqlite).identity


def test_a_store_no_longer_mounted_is_away_and_nothing_is_missing(
    database: Database, store: FolderStore
) -> None:
    identify(database, store, now=NOON)
    digest = store.save(b"a picture")
    shutil.rmtree(store.root)
    with pytest.raises(StoreAway):
        store.open(digest)
    expecting = FolderStore(store.root)
    with pytest.raises(MediumMissing):
        expecting.open(digest)
    expecting.expect_identity("a" * 32)  # a forked process: another one has compared
    with pytest.raises(StoreAway):
        expecting.open(digest)


def test_a_store_in_whose_place_another_was_mounted_is_away(
    on_sqlite: Database, store: FolderStore
) -> None:
    identify(on_sqlite, store, now=NOON)
    digest = store.save(b"a picture")
    shutil.rmtree(store.root)
    FolderStore(store.root).set_identity("f" * 32)
    with pytest.raises(StoreAway, match="not the store that it was"):
        store.open(digest)
    with pytest.raises(StoreAway):
        store.exists(digest)


@pytest.mark.twin
def test_a_process_that_was_forgotten_may_name_no_file(
    database: Database, store: FolderStore
) -> None:
    identity = identify(database, store, now=NOON)
    with database.transaction() as session:
        require_in_use(session, identity)
        require_in_use(session, "")  # a process that never compared
    store_copy.adopt(database, store, actor=COMMAND, now=NOON, origin={})
    with database.transaction() as session, pytest.raises(StoreAway, match="another media store"):
        require_in_use(session, identity)


def test_who_changes_the_store_waits_for_rows_that_name_a_file(postgres_url: str) -> None:
    migrate(postgres_url)
    with Database(postgres_url) as database:
        lay_anew = partial(renew, replaces="", actor=COMMAND, now=NOON, verb="adopt_store")
        with database.transaction() as session:
            identity = lay_anew(session, values={})
        with database.transaction() as naming, database.transaction() as changing:
            require_in_use(naming, identity)
            changing.execute(text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(OperationalError):
                lay_anew(changing, values={})
            changing.rollback()


@pytest.mark.twin
def test_nothing_switches_before_what_came_meanwhile_is_copied(
    database: Database, store: FolderStore
) -> None:
    identity = identify(database, store, now=NOON)
    target = FolderStore(store.root.with_name("target"))
    store_copy.mark_target(target, identity)
    copied = store_copy.copy_media(database, store, target, tell=lambda _done, _total: None)
    digest = store.save(b"come meanwhile")
    name_medium(database, digest)
    switch = partial(
        store_copy.switch, database, target, identity=identity, actor=COMMAND, now=NOON, origin={}
    )
    with pytest.raises(CopyOvertaken):
        switch(copied)
    with database.reading() as session:
        assert is_still_in_use(session, identity)
    switch(store_copy.copy_media(database, store, target, tell=lambda _done, _total: None))
    assert target.open(digest) == b"come meanwhile"
    with database.reading() as session:
        assert not is_still_in_use(session, identity)


@pytest.mark.twin
def test_adopting_lays_a_new_identity_so_that_whoever_used_the_store_stops(
    database: Database, store: FolderStore
) -> None:
    identity = identify(database, store, now=NOON)
    foreign = FolderStore(store.root.with_name("foreign"))
    foreign.set_identity("f" * 32)
    store_copy.adopt(database, foreign, actor=COMMAND, now=NOON, origin={"user": "a"})
    adopted = identify(database, foreign, now=NOON)
    assert adopted not in ("f" * 32, identity)
    with database.reading() as session:
        assert is_still_in_use(session, adopted)
        assert is_still_in_use(session, "")  # a process that never compared
        assert not is_still_in_use(session, identity)
        event = session.scalars(select(Event)).one()
    assert change_since_start(database, adopted) == ""
    assert "names another media store now" in change_since_start(database, identity)
    assert (event.verb, event.subject) == ("adopt_store", "store_in_use")
    assert event.details == {"user": "a", "store": str(foreign.root)}
    with pytest.raises(OtherStore):
        identify(database, store, now=NOON)


def test_an_adoption_that_ended_half_way_is_finished_by_the_next_start(
    database: Database, store: FolderStore
) -> None:
    store.set_identity("f" * 32)
    with pytest.raises(StoreAway):
        store_copy.adopt(database, UnwritableStore(store.root), actor=COMMAND, now=NOON, origin={})
    assert store.identity() == "f" * 32
    assert identify(database, store, now=NOON) == store.identity() == row_of(database).identity


def nothing_told(_what: str, _done: int, _of: int) -> None:
    return


@pytest.fixture
def backup(database: Database, store: FolderStore, tmp_path: Path) -> Path:
    """Write a backup of a database whose store has one medium."""
    identify(database, store, now=NOON)
    store.save(b"a picture")
    write(database, store, tmp_path / "city.backup", now=NOON, tell=nothing_told)
    return tmp_path / "city.backup"


def restore_into(database: Database, store: FolderStore, backup: Path) -> None:
    restore(database, store, backup, now=NOON, reason="x", tell=nothing_told)


@pytest.mark.twin
def test_a_restore_into_an_empty_store_lays_a_new_identity(
    database: Database, fresh: Database, store: FolderStore, backup: Path, tmp_path: Path
) -> None:
    empty = FolderStore(tmp_path / "empty")
    restore_into(fresh, empty, backup)
    assert identify(fresh, empty, now=NOON) not in ("", row_of(database).identity)
    assert identify(database, store, now=NOON) == store.identity()  # that house goes on as it was


def test_a_restore_into_the_store_of_the_backup_keeps_its_identity(
    database: Database, fresh: Database, store: FolderStore, backup: Path
) -> None:
    restore_into(fresh, store, backup)
    assert row_of(fresh).identity == row_of(database).identity == store.identity()
    assert row_of(fresh).replaces is None


def test_a_restore_into_another_store_writes_nothing(
    fresh: Database, backup: Path, tmp_path: Path
) -> None:
    other = FolderStore(tmp_path / "other")
    other.set_identity("f" * 32)
    with pytest.raises(OtherStore):
        restore_into(fresh, other, backup)
    assert list(other.digests()) == []
    with fresh.reading() as session:
        assert read_store_identity(session) == ""


def test_a_restore_that_ended_between_the_two_is_finished_by_a_start(
    fresh: Database, backup: Path, tmp_path: Path
) -> None:
    empty = FolderStore(tmp_path / "empty")
    restore_into(fresh, UnwritableStore(empty.root), backup)
    assert row_of(fresh).replaces == ""
    assert identify(fresh, empty, now=NOON) == empty.identity() != ""


def code_of(database: Database, store: FolderStore) -> tuple[str, bool]:
    """Return the code of the doctor's finding, and whether it is well."""
    finding = check_store(database, store)
    return finding.code, finding.ok


def test_the_doctor_says_whether_the_store_is_the_right_one(
    database: Database, store: FolderStore, tmp_path: Path
) -> None:
    assert code_of(database, store) == ("store_not_laid", True)
    assert store.identity() == ""  # a check lays nothing
    identity = identify(database, store, now=NOON)
    assert code_of(database, store) == ("store_same", True)
    other = FolderStore(tmp_path / "other")
    assert code_of(database, other) == ("store_unmarked", False)
    other.set_identity("f" * 32)
    finding = check_store(database, other)
    assert (finding.code, finding.ok) == ("store_other", False)
    assert finding.values["found"] == "identity ffffffff…"
    assert finding.values["wanted"] == f"identity {identity[:8]}…"
    (store.root / "identity").unlink()
    (store.root / "identity").mkdir()
    assert code_of(database, FolderStore(store.root)) == ("store_away", False)
