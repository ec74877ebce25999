"""I4 and I5: each comment has somebody and a deadline, each answer its words."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.states import CommentState
from tests.delivery.machine.inbox import AtTheInbox
from tests.support.city_people import DAY, HOUR


class Answered(AtTheInbox):
    """What citizens may count on."""

    def every_comment_has_one_row_somebody_and_a_deadline(self) -> None:
        """I4, of what was read; that all was read is asked at the end."""
        with self.town.read() as session:
            comments = list(session.scalars(select(Comment)))
            rows = Counter((comment.account_id, comment.platform_id) for comment in comments)
            assert max(rows.values(), default=0) <= 1
            for comment in comments:
                self._check_somebody(comment)

    def _check_somebody(self, comment: Comment) -> None:
        """Four working hours in the cell's queue, three working days at a department."""
        (routing,) = [row for row in comment.routings if row.until_at is None]
        assert routing.department_id == comment.department_id
        if comment.department_id is None:
            assert comment.state in (CommentState.RECEIVED, CommentState.CLOSED)
            assert comment.due_at >= comment.seen_at + 4 * HOUR
        else:
            assert comment.state is not CommentState.RECEIVED
            assert comment.due_at >= comment.written_at + 2 * DAY
        assert comment.due_at <= self.now + 14 * DAY

    def every_answer_has_its_words(self) -> None:
        """I5: it is there, answers what it answered, and says what was written.

        That it comes out once, and so, is asked with all that comes out.
        """
        with self.town.read() as session:
            replies = {reply.post_id: reply for reply in session.scalars(select(Reply))}
            assert replies.keys() == self.given.keys()
            for post, text in self.given.items():
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
