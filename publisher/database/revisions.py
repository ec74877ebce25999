"""The revisions of the tables that this version ships."""

from __future__ import annotations

from dataclasses import dataclass

from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError

from publisher.database.session import MIGRATIONS, NewerTables


@dataclass(frozen=True)
class Migration:
    """A migration: the revision that the tables have after it, and its title."""

    revision: str
    title: str


def latest_revision() -> str | None:
    """Return the latest Alembic revision shipped with this version."""
    return _scripts().get_current_head()


def is_newer(revision: str) -> bool:
    """Return whether tables of this revision belong to a version newer than this one."""
    try:
        pending_migrations(revision)
    except NewerTables:
        return True
    return False


def pending_migrations(revision: str | None) -> list[Migration]:
    """Return the migrations from this revision (None: no tables) to this version's.

    Raises `NewerTables` if this version does not know the revision.
    """
    try:
        scripts = list(_scripts().iterate_revisions("heads", revision or "base"))
    except ResolutionError as error:
        raise NewerTables from error
    return [Migration(script.revision, script.doc) for script in reversed(scripts)]


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))
