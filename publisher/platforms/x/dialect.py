"""How X names the fields of a post in requests, and the host for which requests are signed.

X's description of August 2026 (2.167) names a parameter and some fields differently from tweepy,
and names another host. Which names X accepts is not known, so a request that is refused because of
them is made again in another dialect, and the dialect that X accepts is stored for all clocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from publisher.platforms.http.responses import PlatformResponse

HOME: Final = "https://api.twitter.com"
"""The host that tweepy names in each request."""

HOST: Final = "https://api.x.com"
"""The host that X's description names, for which requests are signed unless a setting differs."""

FIELDS: Final = "tweet.fields"
"""The parameter by which tweepy asks for the fields of posts."""


@dataclass(frozen=True)
class Dialect:
    """How X names the parameter of fields, and the fields; `name` is stored.

    Fields in `expanded` are not values of the parameter: requesting their expansion returns them.
    """

    name: str
    parameter: str = FIELDS
    names: Mapping[str, str] = field(default_factory=dict)
    expanded: frozenset[str] = frozenset()

    def translate(self, parameters: Mapping[str, object]) -> dict[str, object]:
        """Return tweepy's parameters of a request in this dialect."""
        fields = [
            self.names.get(name, name) for name in str(parameters.get(FIELDS) or "").split(",")
        ]
        expansions = str(parameters.get("expansions") or "").split(",")
        expansions += [name for name in fields if name in self.expanded]
        translated = {
            self.parameter: ",".join(name for name in fields if name not in self.expanded),
            "expansions": ",".join(dict.fromkeys(filter(None, expansions))),
        }
        others = {
            name: text for name, text in parameters.items() if name not in (FIELDS, "expansions")
        }
        return others | {name: text for name, text in translated.items() if text}

    def is_refused(self, answer: PlatformResponse) -> bool:
        """Return True if X refuses a request and names this dialect's parameter."""
        return answer.code == 400 and self.parameter in answer.body


TWEET: Final = Dialect("tweet")
_NEW_NAMES: Final = {"note_tweet": "note_post", "referenced_tweets": "referenced_posts"}
POST: Final = Dialect("post", "post.fields", _NEW_NAMES)
# The description lists these two only as expansions; X's responses contain their ids anyway.
STRICT: Final = Dialect(
    "strict", "post.fields", _NEW_NAMES, frozenset({"author_id", "referenced_posts"})
)
DIALECTS: Final = (TWEET, POST, STRICT)
"""All dialects, in the order in which they are tried."""


def dialect_named(name: str) -> Dialect:
    """Return the dialect of a stored name; tweepy's if no dialect has that name."""
    return next((dialect for dialect in DIALECTS if dialect.name == name), TWEET)


def signature_host(settings: Mapping[str, str]) -> str:
    """Return the address that requests name and for which they are signed.

    The setting `x_signed_url` decides; without it X's own address in `x_api_url`, or if that is a
    proxy or a sandbox, the host of X's description.
    """
    address = settings["x_api_url"]
    return settings.get("x_signed_url") or (address if address in (HOME, HOST) else HOST)
