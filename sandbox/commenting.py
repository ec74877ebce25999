"""A citizen's comment, from the page or a test: under a post, or under another comment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox import entries
from sandbox.citizens import citizen
from sandbox.entries import Entry
from sandbox.exchange import Turn
from sandbox.facebook import posting as facebook
from sandbox.ledger import Ledger
from sandbox.now import utc_now
from sandbox.x import posting as x

LONGEST = 8000


class BadComment(ValueError):
    """A comment was refused; names the invalid field."""


@dataclass(frozen=True)
class Saying:
    """A citizen's input. `parent_id` None is a post of the citizen, which only X has."""

    platform: str
    parent_id: str | None
    author: str
    text: str


def comment(ledger: Ledger, saying: Saying, at: datetime) -> Entry:
    """Store a citizen's comment at this time. Raises BadComment."""
    if saying.platform not in (entries.X, entries.FACEBOOK):
        raise BadComment("platform")
    for name, value in (("author", saying.author), ("text", saying.text)):
        if not value.strip() or len(value) > LONGEST:
            raise BadComment(name)
    with ledger.transaction() as db:
        turn = Turn(db, at, None)
        above = _above(turn, saying)
        person = citizen(saying.author)
        if saying.platform == entries.X:
            names = x.answered_names(turn, above, person.handle) if above else []
            by = (person.id, person.handle, person.name)
            return x.keep(turn, by, saying.text, above, names, [], citizen=True)
        if above is None:
            raise BadComment("parent")
        by = (person.id, person.name, person.name)
        return facebook.keep_comment(turn, by, saying.text, above, citizen=True)


def _above(turn: Turn, saying: Saying) -> Entry | None:
    if saying.parent_id is None:
        return None
    above = entries.find(turn.db, saying.platform, saying.parent_id)
    if above is None or not above.public(max(turn.now, utc_now())):
        raise BadComment("parent")
    return above
