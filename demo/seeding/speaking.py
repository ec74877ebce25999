"""What citizens say, and what the departments and the cell make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from demo import cast
from demo.plan import Course
from demo.remarks import Remark
from demo.seeding.drafting import delivery_of
from demo.seeding.sending import press
from demo.seeding.stage import AT_THE_CELL, Stage, Step
from demo.seeding.times import HOUR, MINUTE, next_hour
from publisher.inbox import reply, routing
from publisher.inbox.ingest import tick_listening
from publisher.inbox.reply import tick_answers
from publisher.models.comments import Comment
from publisher.notifications.email import tick_mail
from publisher.states import CommentState
from publisher.validation import Missing

ACTS: Final = (Role.OFFICER, Role.HEAD, *AT_THE_CELL)
#: How the texts name the city's account; the practice account bears another name.
NAMED: Final = "@pmc_namuna"
REOPENED_BECAUSE: Final = "रक्कम अद्याप परत मिळाली नसल्याचे नागरिकाने दूरध्वनीवर कळविले."
ACTS_AFTER: Final = 35 * MINUTE
REOPENS_AFTER: Final = 3 * HOUR


@dataclass(frozen=True)
class Talk:
    """A remark with the moment it is written; `place` is the number and course of its post."""

    remark: Remark
    written_at: datetime
    base: datetime
    place: tuple[int, Course] | None
    parent: Remark | None = None

    @property
    def heard_at(self) -> datetime:
        """When the house reads it."""
        return min(next_hour(self.written_at), self.base)

    def steps(self) -> Iterator[Step]:
        """It is written, and somebody acts on it or not."""
        yield self._step(self.written_at, "say", _say)
        acts_at = min(self.heard_at + ACTS_AFTER, self.base)
        if self.remark.answer is not None:
            yield self._step(acts_at, "answer", _answer)
        elif self.remark.transferred:
            yield self._step(acts_at, "transfer", _transfer)
        elif self.remark.state is CommentState.CLOSED:
            yield self._step(acts_at, "close", _close)
        elif self.remark.by is not None:
            yield self._step(acts_at, "assign", _assign)
        if self.remark.reopened:
            yield self._step(acts_at + REOPENS_AFTER, "reopen", _reopen)

    def _step(self, at: datetime, says: str, play: Callable[[Stage, Talk], None]) -> Step:
        number = self.place[0] if self.place else None
        return Step(at, f"{says}: {self.remark.key}", lambda stage: play(stage, self), number)


def listen(stage: Stage) -> None:
    """Read what citizens wrote, and send the mails that have piled up."""
    tick_listening(stage.bench)
    settings = stage.settings
    tick_mail(
        stage.database,
        smtp_url=settings.smtp_url,
        mail_from=settings.mail_from,
        base_url=settings.base_url,
        now=stage.clock,
    )


def _text(stage: Stage, remark: Remark) -> str:
    return remark.text.replace(NAMED, f"@{stage.handle}")


def _say(stage: Stage, talk: Talk) -> None:
    remark = talk.remark
    stage.practice.say(
        platform=remark.platform,
        parent=_parent(stage, talk),
        author=remark.author,
        text=_text(stage, remark),
        at=stage.now,
    )


def _parent(stage: Stage, talk: Talk) -> str | None:
    """The platform's id of what the remark stands under; None for a mention."""
    if talk.parent is not None:
        return _platform_id(stage, talk.parent)
    if talk.place is None:
        return None
    remark = talk.remark
    with stage.database.reading() as session:
        delivery, _ = delivery_of(session, *talk.place, remark.platform, remark.variant or "")
        if delivery.receipt is None:
            raise Missing(remark.key)
        return delivery.receipt.platform_id


def _platform_id(stage: Stage, remark: Remark) -> str:
    text = _text(stage, remark)
    found = stage.practice.find(platform=remark.platform, author=remark.author, text=text)
    if found is None:
        raise Missing(remark.key)
    return found


def _comment(stage: Stage, session: Session, remark: Remark) -> Comment:
    query = select(Comment).where(
        Comment.account_id == stage.accounts[remark.platform],
        Comment.platform_id == _platform_id(stage, remark),
    )
    found = session.scalars(query).one_or_none()
    if found is None:
        raise Missing(remark.key)
    return found


def _actor(stage: Stage, session: Session, remark: Remark, comment: Comment) -> Actor:
    """Who acts: in the comment's own department, or at the cell where it has none."""
    return stage.actor(session, remark.by or "", ACTS, comment.department_id)


def _answer(stage: Stage, talk: Talk) -> None:
    """The answer is written, leaves at once, and is noted as live."""
    remark = talk.remark
    with stage.write() as session:
        comment = _comment(stage, session, remark)
        routed = comment.state is CommentState.ROUTED
        if routed and routing.standing_answer(session, comment) is None:
            reply.answer(
                session,
                actor=_actor(stage, session, remark, comment),
                now=stage.now,
                comment_id=comment.id,
                text=remark.answer or "",
            )
    press(stage)
    tick_answers(stage.database, now=stage.now)


def _transfer(stage: Stage, talk: Talk) -> None:
    """To the department it is about; back to the cell where that has no officer."""
    remark, to = talk.remark, talk.remark.off_topic_for or ""
    with stage.write() as session:
        comment = _comment(stage, session, remark)
        if comment.state is CommentState.ROUTED and len(comment.routings) == 1:
            routing.transfer(
                session,
                actor=_actor(stage, session, remark, comment),
                now=stage.now,
                comment_id=comment.id,
                department_id=stage.department(session, to) if cast.officers(to) else None,
                reason=remark.reason or "",
            )


def _close(stage: Stage, talk: Talk) -> None:
    with stage.write() as session:
        comment = _comment(stage, session, talk.remark)
        if comment.state is not CommentState.CLOSED:
            routing.close(
                session,
                actor=_actor(stage, session, talk.remark, comment),
                now=stage.now,
                comment_id=comment.id,
                reason=talk.remark.reason or "",
            )


def _assign(stage: Stage, talk: Talk) -> None:
    """The cell finds the department of a mention."""
    remark = talk.remark
    with stage.write() as session:
        comment = _comment(stage, session, remark)
        if comment.state is CommentState.RECEIVED:
            routing.assign(
                session,
                actor=stage.actor(session, remark.by or "", AT_THE_CELL),
                now=stage.now,
                comment_id=comment.id,
                department_id=stage.department(session, remark.off_topic_for or ""),
            )


def _reopen(stage: Stage, talk: Talk) -> None:
    with stage.write() as session:
        comment = _comment(stage, session, talk.remark)
        if comment.state is CommentState.ANSWERED:
            routing.reopen(
                session,
                actor=_actor(stage, session, talk.remark, comment),
                now=stage.now,
                comment_id=comment.id,
                reason=REOPENED_BECAUSE,
            )
