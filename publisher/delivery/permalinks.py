"""What a pasted link says: whose post it is, and by which id the platform knows it.

X: /<handle>/status/<number>. Facebook: /<page>/posts/…, permalink.php?story_fbid=…&id=…, each
with comment_id where it is an answer. What names nobody (shared short links, photos) is refused.
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
    """A link to a post or answer on one of our accounts.

    `platform_id` is the platform's id; empty where the link holds none by which it can be read.
    """

    url: str
    platform_id: str


@dataclass(frozen=True)
class _LinkParts:
    """What a link's own words name: a page or handle, the post, and the comment under it."""

    name: str
    number: str
    comment: str = ""


def read_link(link: str, account: Account, *, is_reply: bool, page_id: str = "") -> PastedLink:
    """The post that a link leads to; `page_id` is our page's number on Facebook, where known.

    Raises `Invalid` where it is no link, leads elsewhere, or to what is not this account's.
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
    """A web address; a practice platform may stand on this very machine."""
    return is_web_address(url) or urlsplit(url).hostname == "localhost"


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()


def _hosts(account: Account) -> frozenset[str]:
    """Where the account's posts are seen: on its platform, or on the practice one that it is on."""
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
    """Whether a link names our account: by its handle, its number, or its address."""
    own = {account.handle.lstrip("@"), page_id, urlsplit(account.url).path.strip("/")}
    own.add(urlsplit(account.url).path.rstrip("/").rpartition("/")[2])
    return name.casefold() in {own_name.casefold() for own_name in own if own_name}


def _facebook_id(named: _LinkParts, page_id: str, *, is_reply: bool) -> str:
    """Facebook's id: the page's and the post's numbers, or the post's and the comment's.

    Links of the newer form (pfbid…) hold no number: what they lead to is looked for by its text.
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
    """A platform's own number: it fits into a receipt's row, and no other script writes it."""
    return text.isascii() and text.isdecimal() and len(text) <= 40
