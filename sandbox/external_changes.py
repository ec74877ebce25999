"""Changes by other users on a platform: deletions and edits without the product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox import entries
from sandbox.exchange import RequestContext
from sandbox.facebook import webhooks
from sandbox.ledger import Ledger


class BadChange(ValueError):
    """The change was refused; names the invalid field."""


@dataclass(frozen=True)
class ExternalChange:
    """The post or comment to change; `text` None deletes it."""

    platform: str
    key: str
    text: str | None


def change(ledger: Ledger, external_change: ExternalChange, now: datetime) -> None:
    """Apply a change. Raises BadChange.

    X: an edit makes another post with an id of its own, which is not imitated.
    """
    if external_change.text is not None and (
        external_change.platform == entries.X or not external_change.text.strip()
    ):
        raise BadChange("text")
    with ledger.transaction() as db:
        entry = entries.find(db, external_change.platform, external_change.key)
        if entry is None:
            raise BadChange("id")
        if external_change.text is None:
            entries.delete(db, entry, now)
        else:
            entry = entries.edit(db, entry, external_change.text, now)
        if external_change.platform == entries.FACEBOOK:
            verb = "remove" if external_change.text is None else "edited"
            webhooks.note(RequestContext(db, now, None), entry, verb)
