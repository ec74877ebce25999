"""Read from Facebook: posts and comments by id, the page's own posts, and comments under a post."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from publisher.platforms.account import MOST_PAGES, OVERLAP, ListedPost
from publisher.platforms.base.cursor import CursorPosition, read_next_page
from publisher.platforms.base.json_values import Json, moment_at, rows_at, text_at
from publisher.platforms.base.protocol import (
    CommentOrError,
    CredentialsExpired,
    PostOrError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.text import comparable, make_storable
from publisher.platforms.base.types import (
    Author,
    CommentPage,
    CommentSource,
    Health,
    Match,
    Outgoing,
    RemoteComment,
    RemotePost,
)
from publisher.platforms.facebook.api import FacebookCalls, read_error
from publisher.platforms.facebook.payloads import full_text, photo_count
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.http.responses import PlatformResponse, classify_status, make_error

POST_FIELDS = "id,message,created_time,permalink_url,attachments{media_type,subattachments}"
SEEN_FIELDS = f"{POST_FIELDS},from{{id}},is_published"
NodeOrError = Json | Refused | TryLater | None
"""A node of a batch, or why it was not read; None if it does not exist."""

COMMENT_FIELDS = "id,message,from,created_time,parent{id},permalink_url,is_hidden,attachment"


class FacebookReader(FacebookCalls):
    """The reads of one page."""

    def see(self, platform_id: str) -> RemotePost | None:
        """Read one post or comment. A post that we may not see looks as if it did not exist."""
        try:
            with self.reading() as call:
                node = self.get(platform_id, fields=self._fields(platform_id))
                if not text_at(node, "id"):
                    call.raise_senseless("the answer names nothing")
        except Refused as refused:
            if refused.reason is RefusalCode.TARGET_GONE:
                return None
            raise
        return self._remote_post(platform_id, node)

    def _fields(self, node_id: str) -> str:
        return SEEN_FIELDS if self.is_post(node_id) else COMMENT_FIELDS

    def _remote_post(self, node_id: str, node: Json) -> RemotePost:
        return RemotePost(
            platform_id=text_at(node, "id"),
            url=self.public_url(node),
            text=text_at(node, "message"),
            parent_id=None if self.is_post(node_id) else self._parent_id(node),
            media=photo_count(node),
            published_at=moment_at(node, "created_time") or self.now(),
            by_ourselves=text_at(node, "from", "id") == self.page_id,
            is_public=node.get("is_published") is not False,
            is_hidden=node.get("is_hidden") is True,
        )

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        """Read up to fifty posts and comments in one request; Facebook counts each as a call."""
        fields_by_id = {node_id: self._fields(node_id) for node_id in platform_ids}
        if not fields_by_id:
            return {}
        return {
            node_id: self._remote_post(node_id, node) if isinstance(node, dict) else node
            for node_id, node in self._nodes(fields_by_id).items()
        }

    def comments_by_ids(self, roots: Mapping[str, str]) -> dict[str, CommentOrError]:
        """Read up to fifty comments in one request, each with the post that contains it."""
        nodes = self._nodes(dict.fromkeys(roots, COMMENT_FIELDS)) if roots else {}
        return {
            comment_id: self._remote_comment(node, roots[comment_id])
            if isinstance(node, dict)
            else node
            for comment_id, node in nodes.items()
        }

    def _nodes(self, fields_by_id: Mapping[str, str]) -> dict[str, NodeOrError]:
        with self.reading_many(is_list=True) as call:
            parts = self.get_each(call, fields_by_id)
            return {
                node_id: self._read_part(call, part)
                for node_id, part in zip(fields_by_id, parts, strict=True)
            }

    def _read_part(self, call: ClientCall, part: PlatformResponse | None) -> NodeOrError:
        """Return the node of one part of a batch, or its error.

        Raises CredentialsExpired, which concerns all parts.
        """
        if part is None:
            return TryLater(None, "no answer came for this one")
        fault = classify_status(part)
        if part.code < 500:
            fault = read_error(part) or fault
        detail = make_storable(f"HTTP {part.code}: {call.mask(part.body)}")
        if fault is None:
            node = part.json() or {}
            return node if text_at(node, "id") else TryLater(None, detail)
        problem = make_error(fault, detail, creating=False)
        if isinstance(problem, CredentialsExpired):
            raise problem
        if isinstance(problem, Refused):
            return None if problem.reason is RefusalCode.TARGET_GONE else problem
        return problem if isinstance(problem, TryLater) else TryLater(None, detail)

    def _parent_id(self, comment: Json) -> str:
        # A comment's id is "<post>_<comment>", a post's is "<page>_<post>".
        post_number = text_at(comment, "id").partition("_")[0]
        return text_at(comment, "parent", "id") or f"{self.page_id}_{post_number}"

    def look_up(
        self,
        outgoing: Outgoing,
        *,
        since: datetime,
        near: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Match | None:
        """Search the page's posts, or the comments under what is replied to, newest first."""

        def timeline(call: ClientCall, oldest: datetime) -> Iterator[ListedPost]:
            for node in self._own_nodes(call, outgoing):
                node_id, made_at = text_at(node, "id"), moment_at(node, "created_time")
                if made_at is not None and made_at < oldest:
                    return
                is_same = node_id not in known_ids and _is_same_content(node, outgoing)
                # The author of the page's own posts is known.
                author_id = text_at(node, "from", "id") if outgoing.reply_to else self.page_id
                if made_at is None or (is_same and not author_id):
                    yield None, None
                    continue
                is_match, url = is_same and author_id == self.page_id, self.public_url(node)
                yield made_at, self.match(node_id, url, made_at, node) if is_match else None

        return self.find_since(since, near, timeline)

    def _own_nodes(self, call: ClientCall, outgoing: Outgoing) -> Iterator[Json]:
        if outgoing.reply_to is None:
            edge, args = f"{self.page_id}/published_posts", {"fields": POST_FIELDS}
        else:
            edge = f"{outgoing.reply_to}/comments"
            args = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
        for _ in range(MOST_PAGES):
            page = self._get_list(call, edge, {**args, "limit": "100"})
            yield from rows_at(page, "data")
            next_cursor = _next_cursor(page)
            if not next_cursor:
                return
            args = {**args, "after": next_cursor}

    def _get_list(self, call: ClientCall, edge: str, args: dict[str, str]) -> Json:
        page = self.get(edge, **args)
        if "data" not in page:
            call.raise_senseless("the answer is no list")
        return page

    def authors(self, author_ids: Sequence[str]) -> dict[str, Author]:
        """Return nothing: a comment has its author's name, or the name is withheld."""
        return {}

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read all comments under a post, including nested ones.

        Facebook lists no mentions, so their page is empty.
        """
        post_id = source.post_id
        if post_id is None:
            return CommentPage((), cursor, False)
        position = CursorPosition.decode(cursor)
        return read_next_page(position, lambda position: self._comments(post_id, position))

    def _comments(self, post_id: str, position: CursorPosition) -> CommentPage:
        args = {
            "fields": COMMENT_FIELDS,
            "filter": "stream",
            "order": "chronological",
            "limit": "100",
        }
        if position.since.isdecimal():
            args["since"] = str(max(0, int(position.since) - int(OVERLAP.total_seconds())))
        if position.token:
            args["after"] = position.token
        with self.reading() as call:
            page = self._get_list(call, f"{post_id}/comments", args)
        rows = [row for row in rows_at(page, "data") if text_at(row, "id")]
        remote_comments = tuple(self._remote_comment(row, post_id) for row in rows)
        # After a cursor in the future no comment would be listed any more.
        seconds = [
            int(min(remote_comment.written_at, self.now()).timestamp())
            for remote_comment in remote_comments
        ]
        newest = max([int(position.newest or 0), *seconds])
        next_position = position.after(str(newest) if newest else "", _next_cursor(page))
        return CommentPage(remote_comments, next_position.encode(), bool(next_position.token))

    def _remote_comment(self, row: Json, post_id: str) -> RemoteComment:
        author_id, is_hidden = text_at(row, "from", "id"), row.get("is_hidden")
        return RemoteComment(
            platform_id=text_at(row, "id"),
            parent_id=text_at(row, "parent", "id") or post_id,
            root_id=post_id,
            author_id=author_id,
            author_name=text_at(row, "from", "name"),
            author_handle=None,
            text=text_at(row, "message"),
            written_at=moment_at(row, "created_time") or self.now(),
            url=self.public_url(row),
            by_ourselves=author_id == self.page_id,
            is_hidden=is_hidden if isinstance(is_hidden, bool) else None,
        )

    def check(self) -> Health:
        """Ask Facebook for the page with its own token."""
        return self.health(self._whose, self.page_id)

    def _whose(self) -> tuple[str, str]:
        page = self.get(self.page_id, fields="id,name")
        return text_at(page, "id"), text_at(page, "name")


def _is_same_content(node: Json, outgoing: Outgoing) -> bool:
    is_same = comparable(text_at(node, "message")) == comparable(full_text(outgoing))
    return is_same and photo_count(node) == len(outgoing.media)


def _next_cursor(page: Json) -> str:
    """Return the cursor of the next page; empty on the last page."""
    has_next = text_at(page, "paging", "next") != ""
    return text_at(page, "paging", "cursors", "after") if has_next else ""
