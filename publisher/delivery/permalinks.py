"""Parsing of pasted links: the account and the platform's id of a post.

X: /<handle>/status/<number>. Facebook: /<page>/posts/…, permalink.php?story_fbid=…&id=…, each
with comment_id for a reply. Links without an account (short links, photos) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from publisher.content_checks.outgoing_text import FACEBOOK, X
from publisher.models.deliveries import Account
from publisher.validation import FieldError, Invalid, is_web_address

LONGEST = 500
HOSTS: Mapping[str, frozenset[str]] = {
    X: frozenset({"x.com", "www.x.com", "mobile.x.com", "twitter.com", "www.twitter.com"})
    | {"mobile.twitter.com"},
    FACEBOOK: frozenset({"facebook.com", "www.facebook.com", "m.facebook.com"})
    | {"web.facebook.com", "business.facebook.com"},
}
_ON_X = re.compile(r"/(?P<name>\w{1,30})/status/(?P<number>[0-9]{1,30})(?:/|$)")
_ON_FACEBOOK = re.compile(r"/(?P<name>[^/]+)/posts/(?:[^/]+/)?(?P<number>[0-9]+|pfbid\w+)/?$")
_NOBODY = frozenset({"i", "web"})


@dataclass(frozen=True)
class PastedLink:
    """A link to a post or reply on one of our accounts.

    `platform_id` is the platform's id; empty if the link holds none.
    """

    url: str
    platform_id: str


@dataclass(frozen=True)
class _LinkParts:
    """The parts of a link: page or handle, number of the post, and of the comment under it."""

    name: str
    number: str
    comment: str = ""


def read_link(link: str, account: Account, *, is_reply: bool, page_id: str = "") -> PastedLink:
    """Return the post that a link leads to; `page_id` is our page's number on Facebook, if known.

    Raises `Invalid` if it is no link, leads elsewhere, or to another account.
    """
    url = link.strip()
    if not url or len(url) > LONGEST or not _is_address(url):
        raise _wrong("link")
    if _host(url) not in _hosts(account):
        raise _wrong("other_platform")
    named = (_on_facebook if account.platform == FACEBOOK else _on_x)(url)
    if named is None:
        raise _wrong("names_no_post")
    if not _is_ours(named.name, account, page_id):
        raise _wrong("other_account")
    if account.platform == FACEBOOK:
        return PastedLink(url, _facebook_id(named, page_id, is_reply=is_reply))
    return PastedLink(url, named.number)


def _wrong(code: str) -> Invalid:
    return Invalid([FieldError("link", code)])


def _is_address(url: str) -> bool:
    # A practice platform may run on this machine.
    return is_web_address(url) or urlsplit(url).hostname == "localhost"


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()


def _hosts(account: Account) -> frozenset[str]:
    """Return the hosts of the account's posts: its platform's, or that of a practice platform."""
    hosts, own = HOSTS.get(account.platform, frozenset()), _host(account.url)
    return hosts if not own or own in hosts else frozenset({own})


def _on_x(url: str) -> _LinkParts | None:
    match = _ON_X.search(urlsplit(url).path)
    if match is None or match["name"].lower() in _NOBODY:
        return None
    return _LinkParts(match["name"], match["number"])


def _on_facebook(url: str) -> _LinkParts | None:
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    comment = query.get("reply_comment_id") or query.get("comment_id", "")
    if "story_fbid" in query and "id" in query:
        return _LinkParts(query["id"], query["story_fbid"], comment)
    match = _ON_FACEBOOK.search(parts.path)
    return _LinkParts(match["name"], match["number"], comment) if match else None


def _is_ours(name: str, account: Account, page_id: str) -> bool:
    """Return True if a link names our account, by its handle, number or address."""
    own = {account.handle.lstrip("@"), page_id, urlsplit(account.url).path.strip("/")}
    own.add(urlsplit(account.url).path.rstrip("/").rpartition("/")[2])
    return name.casefold() in {own_name.casefold() for own_name in own if own_name}


def _facebook_id(named: _LinkParts, page_id: str, *, is_reply: bool) -> str:
    """Return Facebook's id: `<page>_<post>`, or `<post>_<comment>` for a reply.

    Returns "" for links of the newer form (pfbid…), which hold no number.
    """
    if is_reply and not named.comment:
        raise _wrong("names_no_answer")
    if not _is_number(named.number) or not _is_number(named.comment or "0"):
        return ""
    if is_reply:
        return f"{named.number}_{named.comment}"
    page = named.name if _is_number(named.name) else page_id
    return f"{page}_{named.number}" if page else ""


def _is_number(text: str) -> bool:
    """Return True for ASCII digits that fit into a receipt's column."""
    return text.isascii() and text.isdecimal() and len(text) <= 40
