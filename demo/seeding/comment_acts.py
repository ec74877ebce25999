"""What citizens say, and what the departments and the cell do about it, each by a use case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from approvals.policy import Actor
from demo.script import Act, CitizenComment, Story
from demo.seeding.context import AT_THE_CELL, DECIDERS, Context, department_id, get_delivery
from publisher.inbox.ingest import tick_ingest
from publisher.inbox.reply import answer
from publisher.inbox.routing import assign, close, reopen, transfer
from publisher.models.comments import Comment
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.validation import NotFound

Handler = Callable[[Context, CitizenComment, Act], None]
#: How the texts name the city's account; the account in the sandbox has another name.
_NAMED: Final = "@pmc_namuna"


def listen(context: Context) -> None:
    """Read what citizens wrote, and send the mails that have piled up."""
    tick_ingest(context.worker_context)
    with context.database.transaction() as session:
        # Otherwise the pages would warn for a day that a platform did not tell of these comments.
        untold = update(Comment).where(Comment.told_at.is_(None))
        session.execute(untold.values(told_at=Comment.seen_at))
    tick_mail(context.database, MailOrigin.from_settings(context.settings), now=context.clock)


def write_comment(context: Context, *, comment: CitizenComment, story: Story | None) -> None:
    """Let the citizen write the comment; `story` is that of the post it stands under."""
    context.sandbox.say(
        platform=comment.platform,
        parent=_parent_id(context, comment, story),
        author=comment.author,
        text=_text(context, comment),
        at=context.now,
    )


def _text(context: Context, comment: CitizenComment) -> str:
    return comment.text.replace(_NAMED, f"@{context.handle}")


def _parent_id(context: Context, comment: CitizenComment, story: Story | None) -> str | None:
    """Return the platform's id of what the comment stands under; None for a mention."""
    if comment.parent:
        comments = context.script.comments
        parent = next(other for other in comments if other.key == comment.parent)
        return _platform_id(context, parent)
    if story is None:
        return None
    with context.database.reading() as session:
        delivery = get_delivery(session, story, comment.variant)
        if delivery.receipt is None:
            raise NotFound(comment.key)
        return delivery.receipt.platform_id


def _platform_id(context: Context, comment: CitizenComment) -> str:
    text = _text(context, comment)
    platform_id = context.sandbox.find(platform=comment.platform, author=comment.author, text=text)
    if platform_id is None:
        raise NotFound(comment.key)
    return platform_id


@contextmanager
def _comment(
    context: Context, comment: CitizenComment, act: Act
) -> Iterator[tuple[Session, Comment, Actor]]:
    """Open a transaction with the comment and the person who acts on it.

    The person acts in the comment's own department, or at the cell if it has none.
    """
    with context.database.transaction() as session:
        query = select(Comment).where(
            Comment.account_id == context.accounts[comment.platform],
            Comment.platform_id == _platform_id(context, comment),
        )
        row = session.scalars(query).one_or_none()
        if row is None:
            raise NotFound(comment.key)
        roles = (*DECIDERS, *AT_THE_CELL)
        yield session, row, context.actor(session, act.by, roles, row.department_id)


def _handler(use_case: Callable[..., object], text_is: str = "") -> Handler:
    """Return what carries out an act on the comment; its text is the named argument."""

    def carry_out(context: Context, comment: CitizenComment, act: Act) -> None:
        with _comment(context, comment, act) as (session, row, actor):
            fields: dict[str, object] = {text_is: act.text} if text_is else {}
            if use_case in _TO_A_DEPARTMENT:
                # Without a department it goes back to the cell.
                fields["department_id"] = department_id(session, act.to) if act.to else None
            use_case(session, actor=actor, now=context.now, comment_id=row.id, **fields)

    return carry_out


_TO_A_DEPARTMENT: Final = (assign, transfer)
ACTS: Final[Mapping[str, Handler]] = {
    "answer": _handler(answer, "text"),
    "transfer": _handler(transfer, "reason"),
    "close": _handler(close, "reason"),
    "assign": _handler(assign),
    "reopen": _handler(reopen, "reason"),
}
"""What an act about a comment may be, by its name in a script."""
