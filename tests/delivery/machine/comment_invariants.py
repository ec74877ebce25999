"""I4 and I5: each comment is routed and has a deadline, and each answer keeps its text.

The tasks of comments equal what is worked out anew.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.states import CommentState
from publisher.tasks.check import wrong_tasks
from publisher.tasks.tick import tick_tasks
from tests.delivery.machine.inbox_rules import InboxRules
from tests.support.city_people import DAY, HOUR


class CommentInvariants(InboxRules):
    """The invariants of comments and answers."""

    def check_comments(self) -> None:
        """Check I4 for all comments that were read; the teardown checks that all were read."""
        with self.town.read() as session:
            comments = list(session.scalars(select(Comment)))
            rows = Counter((comment.account_id, comment.platform_id) for comment in comments)
            assert max(rows.values(), default=0) <= 1
            for comment in comments:
                self._check_routing(comment)

    def _check_routing(self, comment: Comment) -> None:
        """Check a deadline of four working hours in the cell's queue, or three working days."""
        (routing,) = [row for row in comment.routings if row.until_at is None]
        assert routing.department_id == comment.department_id
        if comment.department_id is None:
            assert comment.state in (CommentState.RECEIVED, CommentState.CLOSED)
            assert comment.due_at >= comment.seen_at + 4 * HOUR
        else:
            assert comment.state is not CommentState.RECEIVED
            assert comment.due_at >= comment.written_at + 2 * DAY
        assert comment.due_at <= self.now + 14 * DAY

    def check_tasks(self) -> None:
        """Check that the open tasks equal those that all subjects have now.

        What time alone changes is seen by the clock, which looks before.
        """
        tick_tasks(self.database, now=self.town.clock)
        with self.town.read() as session:
            assert list(wrong_tasks(session, now=self.now)) == []

    def check_answers(self) -> None:
        """Check I5: each answer exists with its text, under its comment.

        The invariants of deliveries check that it is published once.
        """
        with self.town.read() as session:
            replies = {reply.post_id: reply for reply in session.scalars(select(Reply))}
            assert replies.keys() == self.answers.keys()
            for post, text in self.answers.items():
                reply = replies[post]
                assert reply.comment_id == text.comment_id
                (revision,) = reply.post.revisions
                (variant,) = revision.variants
                assert variant.text == text.text
                assert variant.target == reply.comment.platform_id
            openings = Counter(
                (reply.comment_id, reply.opening)
                for reply in replies.values()
                if reply.answer is AnswerKind.FINAL and reply.withdrawn_at is None
            )
            assert max(openings.values(), default=0) <= 1
