"""Facebook's webhooks: the challenge, the signature, and what a delivery says about comments.

Source: the platform's documentation of webhooks for pages, and the payloads that its clients test
with. A delivery only names what changed; the comment is then read by its id, so the order of
deliveries does not matter.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from publisher.platforms.base.json_values import Json, find_value, rows_at, text_at
from publisher.platforms.base.types import LONGEST_ID, CommentChange, RemoteChange
from publisher.platforms.facebook.api import require_success
from publisher.platforms.facebook.read import FacebookReader

FIELD: Final = "feed"
"""The only field that is subscribed: it has the comments of a page."""

SIGNATURE: Final = "X-Hub-Signature-256"
_CHANGES: Final = {
    "remove": CommentChange.REMOVED,
    "hide": CommentChange.HIDDEN,
    "unhide": CommentChange.SHOWN,
}
_ID: Final = re.compile(r"[0-9]+(_[0-9]+)*")


class SubscribingPage(FacebookReader):
    """The subscription of one page: whether our app is notified of its comments."""

    def is_subscribed(self) -> bool:
        """Ask which apps are subscribed to this page; ours has to be among them, with the field."""
        with self.reading():
            listed = self.get(f"{self.page_id}/subscribed_apps", fields="id,subscribed_fields")
        app_id = self._installation.settings["facebook_app_id"]
        apps = [app for app in rows_at(listed, "data") if text_at(app, "id") == app_id]
        fields = [find_value(app, "subscribed_fields") for app in apps]
        return any(isinstance(names, list) and FIELD in names for names in fields)

    def subscribe(self) -> None:
        """Subscribe our app, that of the page's token, to the page's comments."""
        with self.reading() as call:
            response = self.put(self.page_id, "subscribed_apps", {"subscribed_fields": FIELD})
            require_success(call, response)


def challenge(settings: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """Return what a subscription's check expects; None if it does not have our token."""
    token, expected = query.get("hub.verify_token", ""), settings["facebook_verify_token"]
    is_known = hmac.compare_digest(token.encode(), expected.encode())
    subscribes = query.get("hub.mode") == "subscribe"
    return query.get("hub.challenge", "") if is_known and subscribes else None


def is_signed(settings: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> bool:
    """Return True if the raw body was signed with our app's secret."""
    digest = hmac.digest(settings["facebook_app_secret"].encode(), body, hashlib.sha256).hex()
    # A doubled header arrives as one text with a comma, and is refused.
    return hmac.compare_digest(headers.get(SIGNATURE, "").encode(), f"sha256={digest}".encode())


def read_changes(body: bytes) -> tuple[RemoteChange, ...] | None:
    """Return what a delivery says about comments; None if its form is unknown.

    What is not understood (another field, item or shape) is left out. An unknown verb counts as a
    new text, since the comment is read in any case.
    """
    try:
        delivery = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(find_value(delivery, "entry"), list):
        return None
    return tuple(_changes(delivery))


def _changes(delivery: Json) -> Iterator[RemoteChange]:
    for entry in rows_at(delivery, "entry"):
        owner_id = text_at(entry, "id")
        for change in rows_at(entry, "changes"):
            value = find_value(change, "value")
            comment_id = text_at(value, "comment_id")
            is_comment = (text_at(change, "field"), text_at(value, "item")) == (FIELD, "comment")
            if is_comment and owner_id and _is_id(comment_id):
                yield RemoteChange(
                    comment_id,
                    _root_id(owner_id, comment_id, text_at(value, "post_id")),
                    _CHANGES.get(text_at(value, "verb"), CommentChange.WRITTEN),
                )


def _is_id(text: str) -> bool:
    return len(text) <= LONGEST_ID and _ID.fullmatch(text) is not None


def _root_id(owner_id: str, comment_id: str, post_id: str) -> str:
    """Return the post's id; a comment's begins with its post's number, if none is named."""
    return post_id if _is_id(post_id) else f"{owner_id}_{comment_id.partition('_')[0]}"
