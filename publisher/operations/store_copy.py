"""Moving to another media store: everything is copied and read back, then the database switches.

A copy that was interrupted can be started again: what the target already has is compared, and only
what it lacks is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import failpoints
from publisher.database.session import Database
from publisher.media.configured_store import open_store
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from publisher.operations import store_identity, worker_health
from publisher.operations.retention import list_used_digests
from publisher.settings.environment import Settings


class SourceAway(Exception):
    """The store that is copied does not answer any more."""


class TargetAway(Exception):
    """The target does not answer any more, is full, or cannot be written."""


class TakenTarget(Exception):
    """The target is another house's store, or the present one."""

    def __init__(self, carried: str, *, is_present: bool) -> None:
        super().__init__(carried)
        self.carried = carried
        self.is_present = is_present


class ClockRuns(Exception):
    """A clock has given a sign of life within the last half minute."""


class CopyOvertaken(Exception):
    """After the copy a web stored a file that the database refers to: it has to be copied too."""


@dataclass
class StoreCopy:
    """The progress of a copy: the media sent now, or found to be in the target already.

    Media that neither the source nor the target has whole are in `missing` or `damaged`. `done` has
    the digests of all.
    """

    sent: int = 0
    present: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    @property
    def is_whole(self) -> bool:
        """Whether the target has everything."""
        return not self.missing and not self.damaged


@contextmanager
def open_target(settings: Settings, url: str) -> Iterator[MediaStore]:
    """Yield the store at an address, without copies on this machine: it is read back itself."""
    with TemporaryDirectory(prefix="nagarvani-copy-") as folder:
        media = replace(
            settings.media.moved_to(url), media_cache_dir=Path(folder), media_cache_mb=0
        )
        yield open_store(replace(settings, media=media))


def mark_target(target: MediaStore, identity: str) -> None:
    """Mark a target as being filled from the store of this identity.

    Raises `TakenTarget`, and `TargetAway` if it cannot be written.
    """
    mark = store_identity.COPYING + identity
    with _raise_as(TargetAway):
        carried = target.identity()
        if carried not in ("", mark):
            raise TakenTarget(carried, is_present=carried == identity)
        target.set_identity(mark)


def copy_media(
    database: Database,
    source: MediaStore,
    target: MediaStore,
    *,
    tell: Callable[[int, int], None],
) -> StoreCopy:
    """Copy what the database refers to and everything else that is stored, until nothing is new.

    `tell` is called with the number done, and the total. Raises `SourceAway` or `TargetAway`.
    """
    outcome = StoreCopy()
    done = outcome.done
    while digests := sorted(_all_digests(database, source) - done):
        for digest in digests:
            tell(len(done), len(done | set(digests)))
            _copy(digest, source, target, outcome)
            done.add(digest)
    tell(len(done), len(done))
    with database.reading() as session:
        used = list_used_digests(session)
    # Files that nothing refers to may have been deleted meanwhile.
    outcome.missing = [digest for digest in outcome.missing if digest in used]
    return outcome


def _all_digests(database: Database, source: MediaStore) -> set[str]:
    with database.reading() as session:
        used = list_used_digests(session)
    with _raise_as(SourceAway):
        return used.union(source.digests())


def _copy(digest: str, source: MediaStore, target: MediaStore, outcome: StoreCopy) -> None:
    if _is_sound(target, digest):
        outcome.present += 1
        return
    try:
        with _raise_as(SourceAway):
            file = source.open_file(digest)
    except MediumMissing:
        outcome.missing.append(digest)
        return
    except MediumChanged:
        outcome.damaged.append(digest)
        return
    with file, _raise_as(TargetAway):
        target.save_file(file)
        failpoints.hit("store.medium_copied")
    if not _is_sound(target, digest):
        raise TargetAway  # it does not return what it has just stored
    outcome.sent += 1


def _is_sound(target: MediaStore, digest: str) -> bool:
    """Return True if the target has exactly these bytes: they are read and compared."""
    try:
        with _raise_as(TargetAway):
            target.open_file(digest).close()
    except (MediumMissing, MediumChanged):
        return False
    return True


@contextmanager
def _raise_as(problem: type[SourceAway | TargetAway]) -> Iterator[None]:
    try:
        yield
    except StoreAway as away:
        raise problem(str(away)) from away


def switch(
    database: Database,
    target: MediaStore,
    copied: StoreCopy,
    *,
    identity: str,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, object],
) -> None:
    """Make the database name the target, which was filled from the store of this identity.

    Both get a new identity, so every process that still uses the former store stops. Raises
    `ClockRuns` or `CopyOvertaken`, and `TargetAway` if the identity cannot be written: the next
    start, or another copy, finishes that.
    """
    with database.transaction() as session:
        _check_no_clock(session, now)
        laid = store_identity.renew(
            session,
            replaces=store_identity.COPYING + identity,
            actor=actor,
            now=now,
            verb="move_store",
            values={**origin, "store": target.address},
        )
        # A web that was not stopped has written until now, and is refused from now on.
        if list_used_digests(session) - copied.done:
            raise CopyOvertaken
    with _raise_as(TargetAway):
        store_identity.finish(database, target, laid)


def _check_no_clock(session: Session, now: datetime) -> None:
    clocks = worker_health.clocks_without_end(session, now=now)
    if any(worker_health.is_alive(clock, now=now) for clock in clocks):
        raise ClockRuns


@dataclass(frozen=True)
class StoreComparison:
    """How many media the database refers to, which of them are missing, and how many are unknown.

    Nothing refers to the `strange` ones: files of forms that were never sent, or another house's.
    """

    referred: int
    missing: list[str]
    strange: int


def compare_media(database: Database, store: MediaStore) -> StoreComparison:
    """Compare what the database refers to with what the store has. Raises StoreAway."""
    with database.reading() as session:
        used = list_used_digests(session)
    stored = set(store.digests())
    return StoreComparison(len(used), sorted(used - stored), len(stored - used))


def adopt(
    database: Database,
    store: MediaStore,
    *,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, object],
) -> None:
    """Make this the store of this database, whatever identity it had.

    Both get a new identity, so every other process that uses this store stops. Raises `StoreAway`,
    and `ClockRuns`: until a clock stops it would keep mails in the store that it started with.
    """
    carried = store.identity()
    with database.transaction() as session:
        _check_no_clock(session, now)
        laid = store_identity.renew(
            session,
            replaces=carried,
            actor=actor,
            now=now,
            verb="adopt_store",
            values={**origin, "store": store.address},
        )
    store_identity.finish(database, store, laid)
