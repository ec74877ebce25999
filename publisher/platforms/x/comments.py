"""Read from X what citizens write: mentions of an account, replies under its posts, and authors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from publisher.platforms.account import OVERLAP
from publisher.platforms.base.cursor import CursorPosition, read_next_page
from publisher.platforms.base.json_values import Json, moment_at, rows_at, text_at
from publisher.platforms.base.protocol import Refused
from publisher.platforms.base.types import (
    Author,
    CommentPage,
    CommentSource,
    RemoteComment,
    SharedPage,
)
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.http.responses import PlatformResponse
from publisher.platforms.x import searches
from publisher.platforms.x.api import XAccount
from publisher.platforms.x.searches import id_as_number, is_post_id
from publisher.platforms.x.text import is_visible, readable_text, reply_target, version_ids

FIELDS = "attachments,author_id,conversation_id,created_at,entities,note_tweet,referenced_tweets"
PAGE_SIZE = 100
# Without `user_auth` tweepy would read with a token of the app, which we do not have.
COMMENT_PAGE = {
    "max_results": PAGE_SIZE,
    "tweet_fields": FIELDS,
    "user_auth": True,
}

# The lowest 22 bits of an id distinguish posts of one millisecond; the bits above are the time.
IDS_PER_MILLISECOND = 1 << 22
FIRST_ID_AT = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""The moment from which ids count."""

LISTED_AFTER = timedelta(minutes=20)
"""A round that found nothing reads this span plus `OVERLAP` again: X lists posts late."""


class XCommentReader(XAccount):
    """The reads of one account that find comments."""

    def posts_together(self, cursors: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the posts that one search reads with the first."""
        return searches.posts_together(cursors, self.user_id)

    def comments_under(self, cursors: Mapping[str, str | None]) -> Iterator[SharedPage]:
        """Search several conversations at once, back to the oldest of the posts' positions.

        If X refuses the query, or it has very many pages, each post is read alone from now on.
        """
        source, position = CommentSource.of(*cursors), searches.first_position(cursors)
        for _ in range(searches.MOST_PAGES):
            try:
                page = self.comments_since(source, position.encode())
            except Refused:
                break
            position = CursorPosition.decode(page.cursor)
            if not page.more:
                yield SharedPage(page.comments, searches.advance_cursors(cursors, position.since))
                return
            yield SharedPage(page.comments, {}, more=True)
        yield SharedPage((), searches.cursors_alone(cursors), more=True)

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read mentions, or all replies under posts, including nested ones.

        X's search finds replies of the last seven days only.
        """
        position = CursorPosition.decode(cursor)
        return read_next_page(position, lambda position: self._comments(source, position))

    def _comments(self, source: CommentSource, position: CursorPosition) -> CommentPage:
        # X lists some posts late, so the last minutes are read again.
        since_id = _previous_id(position.since) if position.since else None
        token = position.token or None
        with self.reading() as call:
            if not source.post_ids:
                page = self._client.get_users_mentions(
                    self.user_id, **COMMENT_PAGE, since_id=since_id, pagination_token=token
                )
            else:
                query = searches.make_query(source.post_ids, self.user_id)
                page = self._client.search_recent_tweets(
                    query, **COMMENT_PAGE, since_id=since_id, next_token=token
                )
            check_list(call, page)
            # If X ignored the fields, each comment would be stored without author and thread.
            if not all("author_id" in post for post in rows_at(page, "data")):
                call.raise_senseless("a post lacks its author")
        return self._comment_page(page, source, position, _id_reached(call.answers[-1]))

    def authors(self, author_ids: Sequence[str]) -> dict[str, Author]:
        """Read users by their ids: X charges for each, so a page of comments expands none."""
        with self.reading() as call:
            answer = self._client.get_users(
                ids=list(author_ids), user_fields="name,username", user_auth=True
            )
            users = rows_at(answer, "data")
            if not users and not rows_at(answer, "errors"):
                call.raise_senseless("the answer names no user")
        return {text_at(user, "id"): _author(user) for user in users}

    def _comment_page(
        self, page: Json, source: CommentSource, position: CursorPosition, reached: str
    ) -> CommentPage:
        posts = [post for post in rows_at(page, "data") if is_post_id(text_at(post, "id"))]
        remote_comments = [self._remote_comment(post) for post in posts]
        newest = max(
            [
                position.newest or reached,
                *(remote_comment.platform_id for remote_comment in remote_comments),
            ],
            key=id_as_number,
        )
        next_position = position.after(newest, text_at(page, "meta", "next_token"))
        # The search for a conversation also returns the post that began it. A picture is a link in
        # the text, so a post without text shows nothing.
        replies = tuple(
            remote_comment
            for remote_comment in remote_comments
            if remote_comment.platform_id not in source.post_ids and is_visible(remote_comment.text)
        )
        return CommentPage(replies, next_position.encode(), bool(next_position.token))

    def _remote_comment(self, post: Json) -> RemoteComment:
        post_id, author_id = text_at(post, "id"), text_at(post, "author_id")
        return RemoteComment(
            platform_id=post_id,
            parent_id=reply_target(post),
            root_id=text_at(post, "conversation_id") or post_id,
            # X would refuse a request with an invalid id, and so return no author at all.
            author_id=author_id if is_post_id(author_id) else "",
            author_name="",
            author_handle=None,
            text=readable_text(post),
            written_at=post_time(post) or self.now(),
            url=self.post_url(post_id),
            by_ourselves=author_id == self.user_id,
            version_ids=tuple(filter(is_post_id, version_ids(post))),
        )


def post_time(post: Json) -> datetime | None:
    """Return when a post was written, by its id if the field is missing; None without either."""
    post_id = text_at(post, "id")
    if not is_post_id(post_id):
        return None
    milliseconds = int(post_id) // IDS_PER_MILLISECOND
    return moment_at(post, "created_at") or FIRST_ID_AT + timedelta(milliseconds=milliseconds)


def _author(user: Json) -> Author:
    handle = text_at(user, "username")
    return Author(text_at(user, "name") or handle, handle or None)


def check_list(call: ClientCall, page: Json) -> None:
    """Raise unless this is a list, which may be empty."""
    if "data" not in page and "meta" not in page:
        call.raise_senseless("the answer is no list")


def _id_reached(answer: PlatformResponse) -> str:
    """Return the id up to which a round that begins with this response reads.

    If it were the newest comment's, each round would read that comment again, and X would charge
    for it again each day.
    """
    moment = answer.received_at + min(answer.skew, timedelta(0)) - LISTED_AFTER
    milliseconds = (moment - FIRST_ID_AT) // timedelta(milliseconds=1)
    return str(max(0, milliseconds) * IDS_PER_MILLISECOND)


def _previous_id(post_id: str) -> str:
    milliseconds = OVERLAP // timedelta(milliseconds=1)
    return str(max(1, int(post_id) - milliseconds * IDS_PER_MILLISECOND))
