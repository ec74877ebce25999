"""Changes by other users on a platform itself: deletions and edits behind the product's back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox import entries
from sandbox.exchange import Turn
from sandbox.facebook import webhooks
from sandbox.ledger import Ledger


class BadMeddling(ValueError):
    """The change was refused; names the invalid field."""


@dataclass(frozen=True)
class Meddling:
    """The post or comment to change; `text` None deletes it."""

    platform: str
    key: str
    text: str | None


def meddle(ledger: Ledger, act: Meddling, now: datetime) -> None:
    """Do it. Raises BadMeddling.

    X: an edit makes another post with an id of its own, which is not imitated.
    """
    if act.text is not None and (act.platform == entries.X or not act.text.strip()):
        raise BadMeddling("text")
    with ledger.transaction() as db:
        entry = entries.find(db, act.platform, act.key)
        if entry is None:
            raise BadMeddling("id")
        if act.text is None:
            entries.delete(db, entry, now)
        else:
            entry = entries.edit(db, entry, act.text, now)
        if act.platform == entries.FACEBOOK:
            verb = "remove" if act.text is None else "edited"
            webhooks.note(Turn(db, now, None), entry, verb)
