"""The revisions of the tables that this version ships."""

from __future__ import annotations

from alembic.script import ScriptDirectory

from publisher.database.session import MIGRATIONS


def shipped_revision() -> str | None:
    """Return the latest Alembic revision shipped with this version."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
