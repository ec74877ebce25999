from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from zipfile import ZipFile

import pytest
from sqlalchemy import Table, func, select

from publisher.database.session import Base, Database
from publisher.delivery import dispatch, sending
from publisher.drafting import save
from publisher.media.folder_store import FolderStore
from publisher.media.store import StoreAway
from publisher.models.content_checks import CheckedLink, LinkFinding
from publisher.models.controls import Stop
from publisher.models.deliveries import Attempt, Delivery
from publisher.models.submissions import Submission
from publisher.operations.backup import archive_format, reconcile
from publisher.operations.backup.archive_format import Damaged
from publisher.operations.backup.restore import NotEmpty, OtherSchema, Restored, restore
from publisher.operations.backup.write import write
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.states import DeliveryState
from tests.support.away_store import AwayStore
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE

pytestmark = pytest.mark.twin  # locks and SQL of its own

REASON = "पुनर्स्थापित"


def _nothing(_what: str, _done: int, _of: int) -> None:
    return


def _write(town: City, file: Path) -> archive_format.Manifest:
    return write(town.database, town.store, file, now=town.now, tell=_nothing)


def _restore(town: City, other: Database, file: Path) -> Restored:
    store = FolderStore(file.parent / "restored")
    return restore(other, store, file, now=town.now, reason=REASON, tell=_nothing)


def _rows(database: Database, table: Table) -> list[tuple[object, ...]]:
    with database.reading() as session:
        query = select(table).order_by(*table.primary_key.columns)
        return [tuple(row) for row in session.execute(query)]


def test_every_row_and_medium_comes_back_in_the_other_kind_of_database(
    town: City, other: Database, tmp_path: Path
) -> None:
    _add_one_of_each(town)
    file = tmp_path / "house.zip"
    manifest = _write(town, file)
    done = _restore(town, other, file)
    assert done.rows == sum(table.rows for table in manifest.tables) > 100
    changed = {"stops", "events", "store_in_use"}
    for table in Base.metadata.sorted_tables:
        if table.name not in changed:
            assert _rows(other, table) == _rows(town.database, table), table.name
    restored = FolderStore(tmp_path / "restored")
    assert sorted(restored.digests()) == sorted(town.store.digests())


def test_a_revision_that_restores_another_comes_back_with_it(
    town: City, other: Database, tmp_path: Path
) -> None:
    post_id = town.draft(town.hand_in())
    town.save(post_id, text="दुसरा मजकूर")
    with town.write() as session:
        save.restore(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            post_id=post_id,
            seen_revision=2,
            number=1,
            note="",
        )
    _write(town, file := tmp_path / "house.zip")
    _restore(town, other, file)
    table = Base.metadata.tables["revisions"]
    assert _rows(other, table) == _rows(town.database, table)
    with other.reading() as session:
        query = select(table.c.restored_from_id).order_by(table.c.id)
        restored_ids = session.scalars(query).all()
        assert [key is not None for key in restored_ids] == [False, False, True]


def test_after_it_new_rows_go_on_behind_the_restored_ones(
    town: City, other: Database, tmp_path: Path
) -> None:
    _add_one_of_each(town)
    file = tmp_path / "house.zip"
    _write(town, file)
    _restore(town, other, file)
    again = replace(town, database=other, store=FolderStore(tmp_path / "restored"))
    fresh = again.hand_in()
    with again.read() as session:
        numbers = list(session.scalars(select(Submission.number).order_by(Submission.id)))
        assert session.scalar(select(func.max(Submission.id))) == fresh
    assert len(set(numbers)) == len(numbers)


def test_it_starts_under_a_stop_and_what_fell_due_is_looked_for(
    town: City, other: Database, tmp_path: Path
) -> None:
    soon, later = (town.schedule(town.approved(), after)[0] for after in (HOUR, 5 * HOUR))
    file = tmp_path / "house.zip"
    _write(town, file)
    town.tick_dispatch(2 * HOUR)  # the old database sends one of them, and is lost
    assert len(town.platform("x").published) == 1
    assert _restore(town, other, file).unconfirmed == 1
    again = replace(town, database=other)
    states = {delivery_id: again.delivery(delivery_id).state for delivery_id in (soon, later)}
    assert states == {soon: DeliveryState.UNCONFIRMED, later: DeliveryState.SCHEDULED}
    with again.read() as session:
        assert session.scalars(select(Stop.reason)).one() == REASON
    again.tick_reconcile(MINUTE)
    assert again.delivery(soon).state is DeliveryState.PUBLISHED
    again.tick_dispatch(4 * HOUR)  # under the stop nothing leaves
    assert len(town.platform("x").published) == 1


def test_what_was_moved_forward_and_sent_after_the_backup_is_found(
    town: City, other: Database, tmp_path: Path
) -> None:
    (sent,), (ahead,) = (town.schedule(town.approved(), 5 * HOUR) for _ in range(2))
    file = tmp_path / "house.zip"
    _write(town, file)
    with town.write() as session:
        session.get_one(Delivery, sent).due_at = town.now
    town.tick_dispatch(MINUTE)
    _restore(town, other, file)
    again = replace(town, database=other)
    sought = reconcile.seek(again.context, tell=_nothing)
    assert (sought.checked, sought.live, sought.unchecked) == (2, 1, 0)
    assert again.delivery(sent).state is DeliveryState.UNCONFIRMED
    assert again.delivery(ahead).state is DeliveryState.SCHEDULED
    again.tick_reconcile()
    assert again.delivery(sent).state is DeliveryState.PUBLISHED


def test_what_was_claimed_or_sending_is_in_doubt(
    town: City, other: Database, tmp_path: Path
) -> None:
    ids = [town.due()[0] for _ in range(2)]
    first = dispatch.claim_next(town.context)
    assert first is not None
    sending.start(town.context, first)
    assert dispatch.claim_next(town.context) is not None
    file = tmp_path / "house.zip"
    _write(town, file)
    assert _restore(town, other, file).unconfirmed == 2
    again = replace(town, database=other)
    assert {again.delivery(delivery_id).state for delivery_id in ids} == {DeliveryState.UNCONFIRMED}
    with again.read() as session:
        tries = session.scalars(select(Attempt)).all()
    assert [(attempt.outcome, attempt.sending_at is None) for attempt in tries] == [
        ("lease_ended", False)
    ] * 2
    again.clock.move(HOUR)
    assert dispatch.tick_overtaken(again.context) == 0


def test_it_is_all_of_one_moment_though_others_go_on_writing(
    town: City, other: Database, tmp_path: Path
) -> None:
    started, may_end = Event(), Event()

    def work() -> None:
        while not may_end.is_set():
            town.hand_in()
            started.set()

    writer = Thread(target=work)
    writer.start()
    assert started.wait(60)
    file = tmp_path / "house.zip"
    try:
        _write(town, file)
    finally:
        may_end.set()
        writer.join(60)
    done = _restore(town, other, file)
    counted = {table.name: table.rows for table in done.manifest.tables}
    assert counted["submissions"] >= 1
    with other.reading() as session:
        last = session.scalar(select(func.max(Submission.id)))
    assert counted["submissions"] == last


def test_what_is_committed_between_two_of_its_tables_is_not_in_it(
    town: City, other: Database, tmp_path: Path
) -> None:
    """Otherwise a revision without its post could be in the backup, which could not be restored."""
    _add_one_of_each(town)
    before = {table.name: _rows(town.database, table) for table in Base.metadata.sorted_tables}
    order = [table.name for table in Base.metadata.sorted_tables]
    assert order.index("posts") < order.index("revisions")

    def commit(what: str, _done: int, _of: int) -> None:
        if what == "revisions":
            town.due("road")

    file = tmp_path / "house.zip"
    write(town.database, town.store, file, now=town.now, tell=commit)
    for name in ("posts", "revisions", "deliveries"):
        assert len(_rows(town.database, Base.metadata.tables[name])) > len(before[name])
    _restore(town, other, file)
    for table in Base.metadata.sorted_tables:
        if table.name not in {"stops", "events", "store_in_use"}:
            assert _rows(other, table) == before[table.name], table.name


def test_what_was_spoilt_while_it_was_written_is_found_and_gets_no_name(
    town: City, tmp_path: Path
) -> None:
    """The disk reports success, but reading the backup finds the error."""
    _add_one_of_each(town)
    file = tmp_path / "house.zip"
    spoilt: list[str] = []

    def spoil(what: str, _done: int, _of: int) -> None:
        if what == "media" and not spoilt:
            spoilt.append(what)
            _flip_bit_in_header(tmp_path / "house.zip.part", b"rows/people.jsonl")

    with pytest.raises(Damaged, match=r"rows/people\.jsonl"):
        write(town.database, town.store, file, now=town.now, tell=spoil)
    assert spoilt
    assert list(tmp_path.glob("house*")) == []


def _flip_bit_in_header(unfinished: Path, name: bytes) -> None:
    """Flip one bit of this part's data, behind its name and its lengths."""
    with unfinished.open("r+b") as file:
        begins = file.read().index(name) + len(name) + 60
        file.seek(begins)
        (byte,) = file.read(1)
        file.seek(begins)
        file.write(bytes([byte ^ 0x10]))


def test_a_backup_names_missing_or_changed_media_and_restores_the_rest(
    town: City, other: Database, tmp_path: Path
) -> None:
    whole, changed, missing, gone = (
        town.store.save(content) for content in (b"1", b"2", b"3", b"4")
    )
    town.store.path(changed).write_bytes(b"no longer that")
    for digest in (missing, gone):  # no row refers to the last file, so its loss cannot be noticed
        town.store.remove(digest)
    with town.write() as session:
        picture = {"finding": LinkFinding.FINE, "asked_at": town.now}
        session.add(CheckedLink(digest="a", url="https://a", picture_sha256=missing, **picture))
    file = tmp_path / "house.zip"
    manifest = _write(town, file)
    assert whole in manifest.media
    assert manifest.lost == tuple(sorted((changed, missing)))
    assert _restore(town, other, file).manifest.lost == manifest.lost
    assert sorted(FolderStore(tmp_path / "restored").digests()) == sorted(manifest.media)


def test_what_is_tidied_away_while_it_is_written_is_not_lost(town: City, tmp_path: Path) -> None:
    digests = sorted(town.store.save(content) for content in (b"1", b"2"))

    def tidy(what: str, _done: int, _of: int) -> None:
        if what == "media":
            town.store.remove(digests[-1])

    file = tmp_path / "house.zip"
    manifest = write(town.database, town.store, file, now=town.now, tell=tidy)
    assert (manifest.media, manifest.lost) == ((digests[0],), ())


@pytest.mark.parametrize("call", ["digests", "open", "exists"])
def test_a_store_that_goes_away_loses_nothing_and_leaves_no_file(
    town: City, tmp_path: Path, call: str
) -> None:
    store = AwayStore(town.store.root)
    lost = store.save(b"1")
    store.save(b"2")
    store.path(lost).write_bytes(b"changed")  # then it is looked for once more

    def leave(name: str) -> None:
        store.is_away = store.is_away or name == call

    store.before = leave
    with pytest.raises(StoreAway):
        write(town.database, store, tmp_path / "house.zip", now=town.now, tell=_nothing)
    assert store.is_away
    assert not list(tmp_path.glob("house*"))


def test_nothing_is_restored_into_the_database_while_the_store_is_away(
    town: City, other: Database, tmp_path: Path
) -> None:
    town.store.save(b"1")
    file = tmp_path / "house.zip"
    _write(town, file)
    store = AwayStore(tmp_path / "restored")
    store.is_away = True
    with pytest.raises(StoreAway):
        restore(other, store, file, now=town.now, reason=REASON, tell=_nothing)
    assert _rows(other, Base.metadata.tables["people"]) == []
    assert _restore(town, other, file).media == 1


def test_a_backup_from_before_it_named_what_is_lost_is_read_as_ever(
    town: City, other: Database, tmp_path: Path
) -> None:
    file, older = tmp_path / "house.zip", tmp_path / "older.zip"
    _write(town, file)
    with ZipFile(file) as new, ZipFile(older, "w") as old:
        for name in new.namelist():
            content = new.read(name)
            old.writestr(name, content.replace(b',\n "lost": []', b""))
    assert b"lost" not in ZipFile(older).read("manifest.json")
    assert _restore(town, other, older).manifest.lost == ()


def test_only_its_owner_can_read_it_and_nothing_unfinished_stays(
    town: City, tmp_path: Path
) -> None:
    file = tmp_path / "house.zip"
    _write(town, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("house*")] == ["house.zip"]


@pytest.mark.parametrize("part", ["rows/events.jsonl", "manifest.json", "media/"])
def test_a_damaged_file_is_refused_and_nothing_is_written(
    town: City, other: Database, tmp_path: Path, part: str
) -> None:
    _add_one_of_each(town)
    file = tmp_path / "house.zip"
    _write(town, file)
    _flip_bit_in_data(file, part)
    with pytest.raises(Damaged):
        _restore(town, other, file)
    with other.reading() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_a_file_whose_end_is_missing_is_refused(
    town: City, other: Database, tmp_path: Path
) -> None:
    file = tmp_path / "house.zip"
    _write(town, file)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(Damaged):
        _restore(town, other, file)


def _flip_bit_in_data(file: Path, part: str) -> None:
    """Flip one bit in the middle of this part's data."""
    with ZipFile(file) as archive:
        entry = next(member for member in archive.infolist() if member.filename.startswith(part))
    content = bytearray(file.read_bytes())
    begins = entry.header_offset + 30 + len(entry.filename.encode())
    content[begins + entry.compress_size // 2 + len(entry.extra)] ^= 0x01
    file.write_bytes(content)


def test_what_is_no_backup_is_told_as_such(town: City, other: Database, tmp_path: Path) -> None:
    file = tmp_path / "house.zip"
    file.write_text("no zip")
    with pytest.raises(Damaged):
        _restore(town, other, file)


def test_a_house_that_is_in_use_is_not_overwritten(town: City, tmp_path: Path) -> None:
    file = tmp_path / "house.zip"
    _write(town, file)
    with pytest.raises(NotEmpty):
        _restore(town, town.database, file)


def test_a_backup_of_another_schema_is_refused_by_name(
    town: City, other: Database, tmp_path: Path
) -> None:
    file, changed = tmp_path / "house.zip", tmp_path / "changed.zip"
    _write(town, file)
    with ZipFile(file) as old, ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                content = content.replace(b'"revision": "0', b'"revision": "9')
            new.writestr(name, content)
    with pytest.raises(OtherSchema) as problem:
        _restore(town, other, changed)
    assert problem.value.backup_revision.startswith("9")


def _add_one_of_each(town: City) -> None:
    """Add one of everything: live, held, answered, merged, with a file."""
    (live,) = town.live()
    town.answer(town.comment(under=live))
    town.tick_dispatch()
    town.platform("facebook").fail_next(OutcomeUnknown("reset"))
    town.hold(on="facebook")
    town.store.save(b"a picture")
    town.clock.move(timedelta(minutes=5))
    town.in_review("road")
