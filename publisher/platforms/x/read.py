"""Read from X: posts by id, and the account's own posts; its base reads mentions and replies.

X calls a post "tweet" in some names of its API and "post" in others; both are understood. Ids are
decimal numbers, sent and received as text. A variable `post` is the JSON of a post.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from publisher.platforms.account import MOST_PAGES, ListedPost
from publisher.platforms.base.json_values import Json, find_value, rows_at, text_at
from publisher.platforms.base.protocol import (
    CreditsUsedUp,
    Deadline,
    PostOrError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.text import make_storable
from publisher.platforms.base.types import (
    Health,
    Match,
    Outgoing,
    RemotePost,
)
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.x.comments import (
    FIELDS,
    PAGE_SIZE,
    XCommentReader,
    check_list,
    post_time,
)
from publisher.platforms.x.limits import full_text, missing_rights
from publisher.platforms.x.searches import is_post_id
from publisher.platforms.x.text import (
    has_text,
    is_echo,
    media_count,
    newest_version,
    own_text,
    reply_target,
    version_ids,
)

NOT_FOUND_TYPE = "/resource-not-found"

# The author is known: in the strict dialect X would return, and bill, the account with each page.
TIMELINE_FIELDS = "attachments,created_at,entities,note_tweet,referenced_tweets"

JsonOrError = Json | Refused | TryLater | None
"""The JSON of a post, or why it could not be read; None if X reports that it does not exist."""


class XReader(XCommentReader):
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
        post = find_value(answer, "data")
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
        # X would refuse the whole request because of one id that is not a number.
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
        # error objects next to the posts name their ids.
        if not post_ids:
            return {}
        answer = self._client.get_tweets(list(post_ids), tweet_fields=FIELDS, user_auth=True)
        posts = {text_at(row, "id"): row for row in rows_at(answer, "data")}
        errors = {
            text_at(row, "resource_id") or text_at(row, "value"): row
            for row in rows_at(answer, "errors")
        }
        if not posts and not errors:
            call.raise_senseless("the answer names no post")
        return {
            number: posts.get(number) or _read_error(call, errors.get(number))
            for number in post_ids
        }

    def see_own(self, platform_ids: Sequence[str]) -> dict[str, RemotePost]:
        """Read posts from the account's timeline, where each costs a fraction of one read by id.

        An edited post is there under its newest id, at the time of the edit: if that is outside the
        ids that are read, it is not found here.
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
            post_id: self._remote_post({**by_version[post_id], "author_id": self.user_id})
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
            published_at=post_time(post) or self.now(),
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

        def timeline(call: ClientCall, oldest: datetime) -> Iterator[ListedPost]:
            for post in self._timeline(call, start_time=oldest):
                post_id, made_at = text_at(post, "id"), post_time(post)
                if made_at is not None and made_at < oldest:
                    continue
                is_other = post_id in known_ids
                is_match = not is_other and _matches(post, outgoing)
                if made_at is None or not (is_other or is_match or _is_comparable(post, outgoing)):
                    yield None, None
                    continue
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
                tweet_fields=TIMELINE_FIELDS,
                **bounds,
                pagination_token=token,
                user_auth=True,
            )
            check_list(call, page)
            yield from rows_at(page, "data")
            token = text_at(page, "meta", "next_token")
            if not token:
                return

    def check(self) -> Health:
        """Ask X for the account of these keys, and if reported, for their permissions."""
        return self.health(self._whose, self.user_id, missing_rights)

    def _whose(self) -> tuple[str, str]:
        me = find_value(self._client.get_me(), "data")
        return text_at(me, "id"), f"@{text_at(me, 'username')}"


def _read_error(call: ClientCall, error: Json | None) -> Refused | None:
    """Return why a post was not read; None if X reports that it does not exist.

    A post that the response does not mention at all (no `error`) does not count as gone.
    """
    if error is None:
        return Refused(RefusalCode.UNKNOWN, "the answer does not name this post")
    if _is_not_found(error):
        return None
    return Refused(RefusalCode.PERMISSION, make_storable(call.mask(str(error))))


def _is_not_found(error: object) -> bool:
    return text_at(error, "type").endswith(NOT_FOUND_TYPE)


def _matches(post: Json, outgoing: Outgoing) -> bool:
    return (
        reply_target(post) == outgoing.reply_to
        and media_count(post) == len(outgoing.media)
        and has_text(post, full_text(outgoing))
    )


def _is_comparable(post: Json, outgoing: Outgoing) -> bool:
    """Return False if X ignored which fields were asked for, and the text may be the one sent.

    Such a post names neither its pictures nor its links nor what it replies to.
    """
    return "created_at" in post or not is_echo(
        text_at(post, "text"),
        full_text(outgoing),
        is_reply=outgoing.reply_to is not None,
        has_pictures=bool(outgoing.media),
    )
