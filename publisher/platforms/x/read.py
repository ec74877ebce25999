"""Read from X: posts by id, the account's own posts, mentions and replies.

X calls a post "tweet" in some names of its API and "post" in others; both are understood. Ids are
decimal numbers, sent and received as text. A variable `post` is the JSON of a post.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from publisher.platforms.account import MOST_PAGES, OVERLAP
from publisher.platforms.base.cursor import CursorPosition, read_next_page
from publisher.platforms.base.json_values import Json, at, moment_at, rows_at, text_at
from publisher.platforms.base.protocol import (
    CreditsUsedUp,
    Deadline,
    PostOrError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.text import for_storage
from publisher.platforms.base.types import (
    Author,
    CommentPage,
    CommentSource,
    Health,
    Match,
    Outgoing,
    RemoteComment,
    RemotePost,
    SharedPage,
)
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.http.responses import PlatformResponse
from publisher.platforms.x import searches
from publisher.platforms.x.api import XAccount
from publisher.platforms.x.limits import missing_rights, sent_text
from publisher.platforms.x.searches import id_as_number, is_post_id
from publisher.platforms.x.text import (
    has_text,
    media_count,
    newest_version,
    own_text,
    readable_text,
    reply_target,
    version_ids,
)

FIELDS = "attachments,author_id,conversation_id,created_at,entities,note_tweet,referenced_tweets"
PAGE_SIZE = 100
# Without `user_auth` tweepy would read with a token of the app, which we do not have.
COMMENT_PAGE = {
    "max_results": PAGE_SIZE,
    "tweet_fields": FIELDS,
    "user_auth": True,
}

# The lowest 22 bits of an id tell posts of one millisecond apart; the bits above are the time.
IDS_PER_MILLISECOND = 1 << 22
FIRST_ID_AT = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""The moment from which ids count."""

LISTED_AFTER = timedelta(minutes=20)
"""A round that found nothing reads this span again, and `OVERLAP` besides: X lists posts late."""

NOT_FOUND_TYPE = "/resource-not-found"

JsonOrError = Json | Refused | TryLater | None
"""The JSON of a post, or why it could not be read; None if X reports that it does not exist."""


class XReader(XAccount):
    """The reads of one account."""

    def see(self, platform_id: str, deadline: Deadline | None = None) -> RemotePost | None:
        """Read one post, in its newest version; X does not report if a reply is hidden."""
        with self.reading(deadline) as call:
            post = self._read_post(call, platform_id)
            if post is None:
                return None
            newest_id = newest_version(post)
            if newest_id != platform_id:
                post = self._read_post(call, newest_id) or post
        return self._remote_post(post)

    def _read_post(self, call: ClientCall, post_id: str) -> Json | None:
        # For a missing post, X responds with status 200 and an error object. A 404 proves its
        # absence only if it carries such an object.
        try:
            answer = self._client.get_tweet(post_id, tweet_fields=FIELDS, user_auth=True)
        except Refused as refused:
            if refused.reason is RefusalCode.TARGET_GONE and _is_not_found(call.answers[-1].json()):
                return None
            raise
        post = at(answer, "data")
        if isinstance(post, dict) and text_at(post, "id"):
            return post
        errors = rows_at(answer, "errors")
        if any(_is_not_found(error) for error in errors):
            return None
        if not errors:
            call.raise_senseless("the answer names no post")
        # The post exists, but is not visible to this account.
        raise Refused(RefusalCode.PERMISSION, call.answer)

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        """Read up to a hundred posts, each in its newest version; X counts each of them as a read.

        An edit gives a post a new id. So the posts are read first, and the newest versions of those
        that were edited in a second request.
        """
        valid_ids = [post_id for post_id in platform_ids if is_post_id(post_id)]
        # X would refuse the whole request because of one id that is no number.
        not_an_id = Refused(RefusalCode.INVALID, "this is no number of a post")
        reads: dict[str, JsonOrError] = dict.fromkeys(platform_ids, not_an_id)
        with self.reading_many() as call:
            reads |= self._read_posts(call, valid_ids)
            newer_ids = {
                post_id: newest_id
                for post_id, read in reads.items()
                if isinstance(read, dict) and (newest_id := newest_version(read)) != post_id
            }
            newest_posts = self._read_newest_posts(call, list(dict.fromkeys(newer_ids.values())))
        for post_id, newest_id in newer_ids.items():
            # If the newest version is refused or missing, the version that was read is returned.
            if isinstance(newest_posts[newest_id], dict | TryLater):
                reads[post_id] = newest_posts[newest_id]
        return {
            post_id: self._remote_post(read) if isinstance(read, dict) else read
            for post_id, read in reads.items()
        }

    def _read_newest_posts(
        self, call: ClientCall, post_ids: Sequence[str]
    ) -> dict[str, JsonOrError]:
        """Return the newest versions. If the request fails, return `TryLater` for each.

        The error must not concern the posts that were never edited, which have been read already.
        """
        try:
            return self._read_posts(call, post_ids)
        except CreditsUsedUp as problem:
            return dict.fromkeys(post_ids, problem)
        except (TryLater, Refused) as problem:
            until = problem.at if isinstance(problem, TryLater) else None
            return dict.fromkeys(post_ids, TryLater(until, problem.detail))

    def _read_posts(self, call: ClientCall, post_ids: Sequence[str]) -> dict[str, JsonOrError]:
        # The response has status 200 even if posts are missing or not visible to this account; the
        # error objects beside the posts name their ids.
        if not post_ids:
            return {}
        answer = self._client.get_tweets(list(post_ids), tweet_fields=FIELDS, user_auth=True)
        posts = {text_at(row, "id"): row for row in rows_at(answer, "data")}
        errors = {_id_in_error(row): row for row in rows_at(answer, "errors")}
        if not posts and not errors:
            call.raise_senseless("the answer names no post")
        return {
            number: posts.get(number) or _error_of(call, errors.get(number)) for number in post_ids
        }

    def see_own(self, platform_ids: Sequence[str]) -> dict[str, RemotePost]:
        """Read posts from the account's timeline, where each costs a fraction of one read by id.

        An edited post is there under its newest id, at the time of the edit: where that is outside
        the ids that are read, it is not found here.
        """
        numbers = sorted(int(post_id) for post_id in platform_ids if is_post_id(post_id))
        if not numbers:
            return {}
        with self.reading_many() as call:
            bounds = {"since_id": str(numbers[0] - 1), "until_id": str(numbers[-1] + 1)}
            posts = list(self._timeline(call, **bounds))
        by_version = {
            version: post for post in posts for version in {text_at(post, "id"), *version_ids(post)}
        }
        return {
            post_id: self._remote_post(by_version[post_id])
            for post_id in platform_ids
            if post_id in by_version
        }

    def _remote_post(self, post: Json) -> RemotePost:
        post_id = text_at(post, "id")
        return RemotePost(
            platform_id=post_id,
            url=self.post_url(post_id),
            text=own_text(post),
            parent_id=reply_target(post),
            media=media_count(post),
            published_at=moment_at(post, "created_at") or self.now(),
            by_ourselves=text_at(post, "author_id") == self.user_id,
        )

    def look_up(
        self,
        outgoing: Outgoing,
        *,
        since: datetime,
        near: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Match | None:
        """Search the account's own timeline, newest first, back to the beginning of the attempt."""

        def timeline(call: ClientCall, oldest: datetime) -> Iterator[tuple[datetime, Match | None]]:
            for post in self._timeline(call, start_time=oldest):
                post_id, made_at = text_at(post, "id"), moment_at(post, "created_at")
                if made_at is None or made_at < oldest:
                    continue
                is_match = post_id not in known_ids and _matches(post, outgoing)
                url = self.post_url(post_id)
                yield made_at, self.match(post_id, url, made_at, post) if is_match else None

        return self.find_since(since, near, timeline)

    def _timeline(self, call: ClientCall, **bounds: object) -> Iterator[Json]:
        """Yield the account's own posts within these bounds, newest first."""
        token = None
        for _ in range(MOST_PAGES):
            page = self._client.get_users_tweets(
                self.user_id,
                max_results=PAGE_SIZE,
                tweet_fields=FIELDS,
                **bounds,
                pagination_token=token,
                user_auth=True,
            )
            _check_list(call, page)
            yield from rows_at(page, "data")
            token = text_at(page, "meta", "next_token")
            if not token:
                return

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
                yield SharedPage(page.comments, searches.cursors_after(cursors, position.since))
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
        since_id = _id_before(position.since) if position.since else None
        token = position.token or None
        with self.reading() as call:
            if not source.post_ids:
                page = self._client.get_users_mentions(
                    self.user_id, **COMMENT_PAGE, since_id=since_id, pagination_token=token
                )
            else:
                query = searches.query_of(source.post_ids, self.user_id)
                page = self._client.search_recent_tweets(
                    query, **COMMENT_PAGE, since_id=since_id, next_token=token
                )
            _check_list(call, page)
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
        # The search for a conversation also returns the post that began it.
        replies = tuple(
            remote_comment
            for remote_comment in remote_comments
            if remote_comment.platform_id not in source.post_ids
        )
        return CommentPage(replies, next_position.encode(), bool(next_position.token))

    def _remote_comment(self, post: Json) -> RemoteComment:
        post_id, author_id = text_at(post, "id"), text_at(post, "author_id")
        return RemoteComment(
            platform_id=post_id,
            parent_id=reply_target(post),
            root_id=text_at(post, "conversation_id") or post_id,
            author_id=author_id,
            author_name="",
            author_handle=None,
            text=readable_text(post),
            written_at=moment_at(post, "created_at") or self.now(),
            url=self.post_url(post_id),
            by_ourselves=author_id == self.user_id,
            version_ids=tuple(filter(is_post_id, version_ids(post))),
        )

    def check(self) -> Health:
        """Ask X for the account of these keys, and if reported, for their permissions."""
        return self.health(self._whose, self.user_id, missing_rights)

    def _whose(self) -> tuple[str, str]:
        me = at(self._client.get_me(), "data")
        return text_at(me, "id"), f"@{text_at(me, 'username')}"


def _author(user: Json) -> Author:
    handle = text_at(user, "username")
    return Author(text_at(user, "name") or handle, handle or None)


def _id_in_error(error: Json) -> str:
    return text_at(error, "resource_id") or text_at(error, "value")


def _error_of(call: ClientCall, error: Json | None) -> Refused | None:
    """Return why a post was not read; None if X reports that it does not exist.

    A post that the response does not mention at all (no `error`) does not count as gone.
    """
    if error is None:
        return Refused(RefusalCode.UNKNOWN, "the answer does not name this post")
    if _is_not_found(error):
        return None
    return Refused(RefusalCode.PERMISSION, for_storage(call.mask(str(error))))


def _is_not_found(error: object) -> bool:
    return text_at(error, "type").endswith(NOT_FOUND_TYPE)


def _matches(post: Json, outgoing: Outgoing) -> bool:
    return (
        reply_target(post) == outgoing.reply_to
        and media_count(post) == len(outgoing.media)
        and has_text(post, sent_text(outgoing))
    )


def _check_list(call: ClientCall, page: Json) -> None:
    if "data" not in page and "meta" not in page:
        call.raise_senseless("the answer is no list")


def _id_reached(answer: PlatformResponse) -> str:
    """Return the id up to which a round reads that begins with this answer.

    Were it the newest comment's, each round would read that comment again, and X would charge for
    it again on each day.
    """
    moment = answer.received_at + min(answer.skew, timedelta(0)) - LISTED_AFTER
    milliseconds = (moment - FIRST_ID_AT) // timedelta(milliseconds=1)
    return str(max(0, milliseconds) * IDS_PER_MILLISECOND)


def _id_before(post_id: str) -> str:
    milliseconds = OVERLAP // timedelta(milliseconds=1)
    return str(max(1, int(post_id) - milliseconds * IDS_PER_MILLISECOND))
