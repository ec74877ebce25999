"""The media store and its database share one random identity.

It is set if neither has one, but not in a store without any of the media that the database names.
If they differ, nothing may start: photos would be missing, or would be written where nobody looks
for them.
"""

from __future__ import annotations

import multiprocessing
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from multiprocessing.connection import Connection
from typing import Final

from sqlalchemy import Insert, bindparam, update
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import failpoints, transitions
from publisher.database.bulk import insert_for
from publisher.database.revisions import latest_revision
from publisher.database.session import Database
from publisher.media.configured_store import open_store
from publisher.media.store import MediaStore, StoreAway
from publisher.media.store_in_use import ANOTHER_NOW, ONLY_ROW, is_still_in_use
from publisher.models.submission_details import StoreInUse
from publisher.operations.health_checks import HealthFinding, HealthSubject
from publisher.operations.retention import list_used_digests
from publisher.settings.environment import Settings
from publisher.settings.reader import PREFIX

_SHOWN: Final = 8
"""How many characters of an identity are printed; anybody with all of them could forge a store."""

COPYING: Final = "copy for "
"""The beginning of the mark in a store that is being filled, followed by the source's identity."""

_WHAT_TO_DO: Final = (
    f"mount it, name the right one in {PREFIX}MEDIA_URL or {PREFIX}MEDIA_DIR, or run nagarvani "
    "media adopt if this database shall use it from now on"
)
OTHER_STORE: Final = (
    "{store}: it is not the one of this database (it has {found}, the database {wanted}): "
    + _WHAT_TO_DO
)
NO_MEDIA: Final = "{store}: it has none of the media that this database refers to: " + _WHAT_TO_DO
_AWAY: Final = (
    "media store {store}: it does not answer, is full, or cannot be read or written{reason}: "
    "start or mount it, or correct its settings, and try again"
)


class OtherStore(Exception):
    """The store is not the one of this database; the text is a sentence that says what to do."""

    def __init__(self, store: str, carried: str, expected: str) -> None:
        super().__init__(store, carried, expected)
        self.values = {"store": store, "found": beginning(carried), "wanted": beginning(expected)}

    def __str__(self) -> str:
        return f"media store {OTHER_STORE.format_map(self.values)}"


class NoMediaThere(OtherStore):
    """Neither has an identity, and the store has none of the media that the database refers to.

    This happens after an upgrade whose network folder is not mounted, or that names a new bucket.
    """

    def __str__(self) -> str:
        return f"media store {NO_MEDIA.format_map(self.values)}"


def refusal(problem: OtherStore | StoreAway, store: str) -> str:
    """Return the sentence that refuses a process which needs the store at this address."""
    if isinstance(problem, OtherStore):
        return str(problem)
    return _AWAY.format(store=store, reason=bracket_problem(problem))


def bracket_problem(problem: Exception) -> str:
    """Return why something failed, to be added to a sentence that names the store; or ""."""
    reason = problem.reason if isinstance(problem, StoreAway) else str(problem)
    return f" ({reason})" if reason else ""


def beginning(identity: str) -> str:
    """Return as much of an identity as people compare, or what is shown in its place."""
    if identity.startswith(COPYING):
        return f"begun as a copy for {identity.removeprefix(COPYING)[:_SHOWN]}…"
    return f"identity {identity[:_SHOWN]}…" if identity else "no identity"


def make_identity() -> str:
    """Return a new identity."""
    return secrets.token_hex(16)


def change_since_start(database: Database, identity: str) -> str:
    """Return why a clock that started with this store must not go on, or "" if nothing changed.

    Another reason is that the tables are those of another version.
    """
    head, revision = latest_revision(), database.revision()
    if revision != head:
        return f"the tables are those of another version ({revision}, not {head}) now"
    with database.reading() as session:
        return "" if is_still_in_use(session, identity) else ANOTHER_NOW


def is_own_store(database: Database, store: MediaStore) -> bool:
    """Return True if the database names this store, or is about to. Raises StoreAway."""
    entry = _row(database)
    return entry is not None and store.identity() in (entry.identity, entry.replaces)


def identify(database: Database, store: MediaStore, *, now: datetime) -> str:
    """Return the identity that store and database share; it is set if neither has one.

    What an earlier start left half done is finished. Raises OtherStore or StoreAway.
    """
    entry, carried = _row(database), store.identity()
    if _is_unmarked(entry, carried) and _lacks_all_media(database, store):
        raise NoMediaThere(store.address, "", "")
    if entry is None and not carried:
        with database.transaction() as session:
            connection = session.connection()
            row = {"identity": make_identity(), "now": now}
            connection.execute(_insertion(connection.dialect.name), row)
    # Another start may have been faster: its row is there before its store has the identity.
    entry = _row(database)
    carried = store.identity()
    if entry is None or carried not in (entry.identity, entry.replaces):
        raise OtherStore(store.address, carried, entry.identity if entry else "")
    if entry.replaces is not None:
        finish(database, store, entry.identity)
    store.expect_identity(entry.identity)
    return entry.identity


def _is_unmarked(entry: StoreInUse | None, carried: str) -> bool:
    """Return True if the store would get its first identity, or one that was only half set."""
    return not carried and (entry is None or entry.replaces == "")


def _lacks_all_media(database: Database, store: MediaStore) -> bool:
    with database.reading() as session:
        used = list_used_digests(session)
    return bool(used) and used.isdisjoint(store.digests())


def _row(database: Database) -> StoreInUse | None:
    with database.reading() as session:
        return session.get(StoreInUse, ONLY_ROW)


#: PostgreSQL:
#:   INSERT INTO store_in_use (id, identity, replaces, laid_at)
#:   VALUES (1, :identity, '', :now)
#:   ON CONFLICT DO NOTHING
@cache
def _insertion(dialect: str) -> Insert:
    # If two processes start at once, the row of the first stays.
    columns = {
        "id": ONLY_ROW,
        "identity": bindparam("identity"),
        "replaces": "",
        "laid_at": bindparam("now"),
    }
    return insert_for(dialect, StoreInUse).values(columns).on_conflict_do_nothing()


def finish(database: Database, store: MediaStore, identity: str) -> None:
    """Set the identity that the database already has in its store. Raises StoreAway."""
    failpoints.hit("store.unlaid")
    store.set_identity(identity)
    failpoints.hit("store.unconfirmed")
    with database.transaction() as session:
        session.execute(
            update(StoreInUse).where(StoreInUse.identity == identity).values(replaces=None)
        )


def renew(
    session: Session,
    *,
    replaces: str,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object],
) -> str:
    """Give the database a new identity for the store that carries `replaces`; return it.

    `finish` sets it in the store, once this is committed.
    """
    entry = session.get(StoreInUse, ONLY_ROW, with_for_update=True) or StoreInUse(id=ONLY_ROW)
    entry.identity, entry.replaces, entry.laid_at = make_identity(), replaces, now
    session.add(entry)
    transitions.record(session, entry, verb, actor=actor, now=now, values=values)
    return entry.identity


def restore_identity(session: Session, *, carried: str, now: datetime) -> str | None:
    """Fit the row of a restored backup to the store; return what `finish` has to set, if anything.

    A store without an identity gets a new one: it is a different store from that of the backup.
    """
    entry = session.get(StoreInUse, ONLY_ROW)
    if entry is not None and carried == entry.identity:
        entry.replaces = None
        return None
    entry = entry or StoreInUse(id=ONLY_ROW)
    entry.identity, entry.replaces, entry.laid_at = make_identity(), "", now
    session.add(entry)
    session.flush()
    return entry.identity


def identify_before_fork(
    settings: Settings, database: Database, store: MediaStore, *, now: datetime
) -> str:
    """Return the result of `identify`, before this process forks those that serve.

    The threads of a bucket's client would not survive a fork, so a child process asks and ends.
    """
    if not settings.media.bucket:
        return identify(database, store, now=now)
    database.dispose()  # the child shares no connection
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send_identity, args=(settings, sender, now))
    child.start()
    sender.close()
    try:
        outcome = receiver.recv()
    except EOFError:  # it was killed
        outcome = StoreAway()
    finally:
        child.join()
        receiver.close()
    if isinstance(outcome, Exception):
        raise outcome
    store.expect_identity(str(outcome))
    return str(outcome)


def _send_identity(settings: Settings, sender: Connection, now: datetime) -> None:
    outcome: str | Exception
    try:
        with Database(settings.database_url) as database:
            outcome = identify(database, open_store(settings), now=now)
    except (OtherStore, StoreAway) as problem:
        outcome = problem
    sender.send(outcome)


def check_store(database: Database, store: MediaStore) -> HealthFinding:
    """Check that the store is the one of this database; nothing is written."""
    entry = _row(database)
    expected = beginning(entry.identity if entry else "")
    values: dict[str, object] = {"store": store.address, "wanted": expected}
    try:
        carried = store.identity()
        lacks_all = _is_unmarked(entry, carried) and _lacks_all_media(database, store)
    except StoreAway:
        return HealthFinding(HealthSubject.STORE, False, "store_away", values)
    values["found"] = beginning(carried)
    if lacks_all:
        return HealthFinding(HealthSubject.STORE, False, "store_no_media", values)
    if entry is None and not carried:
        return HealthFinding(HealthSubject.STORE, True, "store_not_laid", values)
    is_same = entry is not None and carried in (entry.identity, entry.replaces)
    code = "store_same" if is_same else "store_other" if carried else "store_unmarked"
    return HealthFinding(HealthSubject.STORE, is_same, code, values)
