"""A citizen's comment, by a page or a test, under a post or another comment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox import entries
from sandbox.citizens import citizen
from sandbox.entries import Entry
from sandbox.exchange import RequestContext
from sandbox.facebook import writes as facebook
from sandbox.ledger import Ledger
from sandbox.now import utc_now
from sandbox.x import writes as x

MAX_LENGTH = 8000


class BadComment(ValueError):
    """A comment was refused; names the invalid field."""


@dataclass(frozen=True)
class CitizenComment:
    """A citizen's input. `parent_id` None is a post of the citizen, which only X has."""

    platform: str
    parent_id: str | None
    author: str
    text: str


def add_comment(ledger: Ledger, comment: CitizenComment, at: datetime) -> Entry:
    """Store a citizen's comment at this time. Raises BadComment."""
    if comment.platform not in (entries.X, entries.FACEBOOK):
        raise BadComment("platform")
    for name, value in (("author", comment.author), ("text", comment.text)):
        if not value.strip() or len(value) > MAX_LENGTH:
            raise BadComment(name)
    with ledger.transaction() as db:
        request_context = RequestContext(db, at, None)
        parent = _parent(request_context, comment)
        person = citizen(comment.author)
        if comment.platform == entries.X:
            names = x.reply_names(request_context, parent, person.handle) if parent else []
            by = (person.id, person.handle, person.name)
            return x.store_post(request_context, by, comment.text, parent, names, [], citizen=True)
        if parent is None:
            raise BadComment("parent")
        by = (person.id, person.name, person.name)
        return facebook.store_comment(request_context, by, comment.text, parent, citizen=True)


def _parent(request_context: RequestContext, comment: CitizenComment) -> Entry | None:
    if comment.parent_id is None:
        return None
    parent = entries.find(request_context.db, comment.platform, comment.parent_id)
    if parent is None or not parent.is_public(max(request_context.now, utc_now())):
        raise BadComment("parent")
    return parent
