"""A Facebook page behind the platform protocol, and what is written to it.

It covers photos, posts in one step or two, comments, edits, deletions and hiding. Facebook
documents `is_published` as a parameter, but not that it publishes a staged post. So it is tried on
each page, and if it does not work, posts are published in one step.
"""

from __future__ import annotations

from collections.abc import Callable

from publisher.platforms.base.json_values import Json, moment_at, text_at
from publisher.platforms.base.protocol import (
    Deadline,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
)
from publisher.platforms.base.text import comparable, normalize
from publisher.platforms.base.types import Medium, Outgoing, PreparedPost, Receipt
from publisher.platforms.facebook.api import raise_wrong_account, require_success
from publisher.platforms.facebook.payloads import choose_limits, comment_form, full_text, post_form
from publisher.platforms.facebook.post_limits import LIMITS
from publisher.platforms.facebook.webhooks import SubscribingPage
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.prechecks import must_answer, refuse_unfit

NODE_FIELDS = "id,permalink_url,created_time,message,from{id}"
STAGED_FIELDS = f"{NODE_FIELDS},is_published"


class FacebookPlatform(SubscribingPage):
    """A Facebook page. Opening it makes no network call; use it from one thread at a time."""

    name = "facebook"
    limits = LIMITS

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits and upload the photos unpublished; Facebook drops them after a day."""
        refuse_unfit(outgoing, choose_limits(outgoing), len(normalize(outgoing.text)))
        media_ids = tuple(self._upload(medium, deadline) for medium in outgoing.media)
        return PreparedPost(outgoing, media_ids)

    def _upload(self, medium: Medium, deadline: Deadline) -> str:
        file = (medium.sha256[:16], medium.content, medium.mime)
        form = {"published": "false", "alt_text_custom": medium.alt_text, **self._proof}
        with self.preparing(deadline) as call:
            photo = self._graph.put_photo(file, f"{self.page_id}/photos", **form)
            photo_id = text_at(photo, "id")
            if not photo_id:
                call.raise_senseless("the answer names no photo")
        return photo_id

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Create the post in one step, or the comment; the response has to show the same text."""
        outgoing = prepared.outgoing
        with self.changing(deadline) as call:
            if outgoing.reply_to is not None:
                form = {**comment_form(prepared), "fields": NODE_FIELDS}
                node = self.put(outgoing.reply_to, "comments", form)
            else:
                form = {**post_form(prepared), "fields": NODE_FIELDS}
                node = self.put(self.page_id, "feed", form)
                self._check_page(call, node)
            self._check_echo(call, node, prepared)
            made_at = moment_at(node, "created_time")
            return self.receipt(text_at(node, "id"), self.public_url(node), call, made_at)

    def _check_page(self, call: ClientCall, node: Json) -> None:
        # A post's id begins with the id of its page.
        page_id, bar, _ = text_at(node, "id").partition("_")
        if bar and page_id != self.page_id:
            raise_wrong_account(call)

    def _check_echo(self, call: ClientCall, node: Json, prepared: PreparedPost) -> None:
        if not text_at(node, "id"):
            call.raise_senseless("the answer names nothing")
        if text_at(node, "from", "id") not in ("", self.page_id):
            raise_wrong_account(call)
        shown_text = text_at(node, "message")
        if shown_text and comparable(shown_text) != comparable(full_text(prepared.outgoing)):
            call.raise_senseless("the answer holds another text", text_at(node, "id"))

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Reply to a post or a comment as the page."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Create the post unpublished; comments are refused, as Facebook cannot stage them.

        If Facebook published it at once, `release` would notice that by reading this id, so nothing
        can be created twice.
        """
        if prepared.outgoing.reply_to is not None:
            raise Refused(RefusalCode.INVALID, "a comment is published in one step")
        form = {**post_form(prepared), "published": "false", "fields": NODE_FIELDS}
        with self.preparing(deadline) as call:
            node = self.put(self.page_id, "feed", form)
            self._check_page(call, node)
            self._check_echo(call, node, prepared)
            return text_at(node, "id")

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Publish a staged post, and read it back to prove it.

        Facebook may also refuse because the post is public already, so it is read after a refusal
        too.
        """
        try:
            with self.changing(deadline) as call:
                require_success(call, self.change(staged_id, {"is_published": "true"}))
        except Refused as refused:
            if refused.reason is RefusalCode.TARGET_GONE:
                raise
            receipt = self._read_back(staged_id, deadline, STAGED_FIELDS, _is_public)
            if receipt is None:
                raise
            return receipt
        return _require_shown(self._read_back(staged_id, deadline, STAGED_FIELDS, _is_public))

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Change the text of a post or comment of the page, and read it back."""
        text = full_text(prepared.outgoing)
        with self.changing(deadline) as call:
            require_success(call, self.change(platform_id, {"message": text}))
        return _require_shown(
            self._read_back(
                platform_id,
                deadline,
                NODE_FIELDS,
                lambda node: comparable(text_at(node, "message")) == comparable(text),
            )
        )

    def _read_back(
        self,
        node_id: str,
        deadline: Deadline,
        fields: str,
        is_done: Callable[[Json], bool],
    ) -> Receipt | None:
        """Read the node; return a receipt if `is_done` is true for it, else None.

        Raises OutcomeUnknown if it cannot be read, and Refused if it does not exist.
        """
        try:
            with self.preparing(deadline) as call:
                node = self.get(node_id, fields=fields)
        except Refused as refused:
            if refused.reason is RefusalCode.TARGET_GONE:
                raise
            raise OutcomeUnknown(refused.detail) from None
        except PlatformError as problem:
            raise OutcomeUnknown(problem.detail) from None
        made_at = moment_at(node, "created_time")
        receipt = Receipt(node_id, self.public_url(node), made_at or self.now(), call.answer)
        return receipt if is_done(node) else None

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Delete a post or comment of the page; if it is gone already, this succeeds."""
        with self.changing(deadline) as call:
            try:
                require_success(call, self.remove(platform_id))
            except Refused as refused:
                if refused.reason is not RefusalCode.TARGET_GONE:
                    raise
            return self.receipt(platform_id, self.public_url({"id": platform_id}), call)

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide or unhide a comment under a post of the page."""
        with self.changing(deadline) as call:
            form = {"is_hidden": "true" if hidden else "false"}
            require_success(call, self.change(platform_id, form))
            return self.receipt(platform_id, self.public_url({"id": platform_id}), call)


def _is_public(node: Json) -> bool:
    return node.get("is_published") is True


def _require_shown(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise OutcomeUnknown("it is said to be done, and is not to be seen")
    return receipt
