"""The store that the database names, and the processes that started with another one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.media.store import StoreAway
from publisher.models.submission_details import StoreInUse
from publisher.settings.reader import PREFIX

ONLY_ROW: Final = 1
"""The id of the only row."""

ANOTHER_NOW: Final = (
    "the database names another media store now (nagarvani media copy or adopt): correct "
    f"{PREFIX}MEDIA_URL or {PREFIX}MEDIA_DIR, and start again"
)


def read_store_identity(session: Session) -> str:
    """Return the identity of this database's store; "" if none was set yet."""
    return session.scalar(select(StoreInUse.identity).where(StoreInUse.id == ONLY_ROW)) or ""


def is_still_in_use(session: Session, identity: str) -> bool:
    """Return whether the database names the store with which a process started.

    A process that did not compare at its start has "", and compares nothing later.
    """
    return not identity or read_store_identity(session) == identity


def require_in_use(session: Session, identity: str) -> None:
    """Raise `StoreAway` unless the database names the store with which this process started.

    Call this before rows refer to files that this process has stored. A process that changes the
    store waits for the end of the transaction, and sees those rows.
    """
    query = select(StoreInUse.identity).where(StoreInUse.id == ONLY_ROW)
    # The weakest lock that a change waits for.
    named = session.scalar(query.with_for_update(read=True, key_share=True)) if identity else ""
    if named != identity:
        raise StoreAway(ANOTHER_NOW)
