"""Parsing of pasted links: the account and the platform's id of a post.

Links without an account (short links, photos) are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from publisher.models.deliveries import Account
from publisher.platforms.registry import capabilities
from publisher.validation import FieldError, Invalid, is_web_address

LONGEST = 500


@dataclass(frozen=True)
class PastedLink:
    """A link to a post or reply on one of our accounts, as the platform itself writes it.

    `platform_id` is the platform's id; empty if the link holds none.
    """

    url: str
    platform_id: str


def read_link(link: str, account: Account, *, is_reply: bool, page_id: str = "") -> PastedLink:
    """Return the post that a link leads to; `page_id` is our account's number there, if known.

    Raises `Invalid` if it is not a link, or leads elsewhere or to another account.
    """
    url = link.strip()
    if not url or len(url) > LONGEST or not _is_address(url):
        raise _wrong("link")
    if _host(url) not in _hosts(account):
        raise _wrong("other_platform")
    permalink = capabilities(account.platform).read_permalink(url, page_id)
    if permalink is None:
        raise _wrong("names_no_post")
    if len(permalink.url) > LONGEST:
        raise _wrong("link")
    if not _is_ours(permalink.owner, account, page_id):
        raise _wrong("other_account")
    if not is_reply:
        return PastedLink(permalink.url, permalink.post_id)
    if permalink.reply_id is None:
        raise _wrong("names_no_answer")
    return PastedLink(permalink.url, permalink.reply_id)


def _wrong(code: str) -> Invalid:
    return Invalid([FieldError("link", code)])


def _is_address(url: str) -> bool:
    # A practice platform may run on this machine.
    return is_web_address(url) or urlsplit(url).hostname == "localhost"


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()


def _hosts(account: Account) -> frozenset[str]:
    """Return the hosts of the account's posts: its platform's, or that of a practice platform."""
    hosts, own = capabilities(account.platform).hosts, _host(account.url)
    return hosts if not own or own in hosts else frozenset({own})


def _is_ours(name: str, account: Account, page_id: str) -> bool:
    """Return True if a link names our account, by its handle, number or address."""
    own = {account.handle.lstrip("@"), page_id, urlsplit(account.url).path.strip("/")}
    own.add(urlsplit(account.url).path.rstrip("/").rpartition("/")[2])
    return name.casefold() in {own_name.casefold() for own_name in own if own_name}
