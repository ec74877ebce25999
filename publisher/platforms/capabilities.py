"""Everything that the rest of the house has to know about a platform, as one value for each.

A new platform is its own folder (see `publisher.platforms.registry`), and no other code names it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import SplitResult

from publisher.platforms.base.charges import Billing, RecordCharges, ignore_charges
from publisher.platforms.base.protocol import CredentialsExpired, Platform
from publisher.platforms.base.types import PlatformLimits, RemoteChange
from publisher.platforms.oauth.types import ConnectableAccount, StartedFlow, TokenFacts

Credentials = TypeVar("Credentials")


def N_(text: str) -> str:  # noqa: N802  the name that the extractor of texts looks for
    """Mark a text that the pages translate where they show it."""
    return text


def ignore_dialect(_dialect: str) -> None:
    """Store no dialect: each client finds out for itself."""


@dataclass(frozen=True)
class Installation:
    """This installation: its settings of the platforms by name, and its clocks.

    `now` returns aware UTC, `monotonic` seconds. `dialect` is the dialect of requests that the
    platform took last, by its client's own name ("": not known); `store_dialect` stores another.
    `record` gets the charges of each response.
    """

    settings: Mapping[str, str] = field(repr=False)
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    dialect: str = ""
    store_dialect: Callable[[str], None] = ignore_dialect
    record: RecordCharges = ignore_charges

    def lacks(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the settings that are not set."""
        return tuple(name for name in names if not self.settings.get(name))


@dataclass(frozen=True)
class AnimationFit:
    """The largest animation that a platform shows: size, frames, and pixels of all frames."""

    width: int
    height: int
    frames: int
    pixels: int


@dataclass(frozen=True)
class RenditionFit:
    """The size of a picture: longest side in pixels, bytes; `animation` None: only stills."""

    side: int
    max_bytes: int
    animation: AnimationFit | None = None


@dataclass(frozen=True)
class Fold:
    """Where the platform hides the rest of a long text, and its button for it by language.

    At most `units`, as the platform counts, and at most `lines` (None: any) are shown.
    """

    units: int
    lines: int | None
    buttons: Mapping[str, str]

    def button(self, language: str) -> str:
        """Return the button in this language, or in the first one that is known."""
        return self.buttons.get(language) or next(iter(self.buttons.values()))


@dataclass(frozen=True)
class Permalink:
    """The parts of a post's address: whose page it is on, and the ids in it.

    An id is empty if the address leads to the post but holds no id. `reply_id` is None if the
    address leads to a post and not to a reply. `url` is the platform's own address of it, built
    from these parts alone.
    """

    owner: str
    post_id: str
    reply_id: str | None
    url: str


def address_base(parts: SplitResult, prefix: str, *, hosts: Collection[str], web_url: str) -> str:
    """Return the beginning of an address: the platform's, or a practice platform's own."""
    is_practice = parts.netloc.lower() not in hosts
    return f"{parts.scheme}://{parts.netloc}{prefix}" if is_practice else web_url


class OAuthFlow(Protocol):
    """How an account is connected: a page of the platform, and the callback from it.

    Every method may raise `OAuthAborted`. A module with these functions is a flow.
    """

    def start(self, installation: Installation, *, callback: str, state: str) -> StartedFlow:
        """Start a flow; the platform may assign another state."""

    def callback_state(self, query: Mapping[str, str]) -> str:
        """Return the state in a callback's query parameters; empty if it has none."""

    def finish(
        self, installation: Installation, *, callback: str, secret: str, query: Mapping[str, str]
    ) -> tuple[ConnectableAccount, ...]:
        """Return the accounts behind a callback."""

    def examine(
        self, installation: Installation, credentials: Mapping[str, str]
    ) -> TokenFacts | None:
        """Return the platform's facts about a stored token; None if it reports none."""


class Webhooks(Protocol):
    """How a platform notifies us of changes: a check of our address, and signed deliveries.

    A module with these functions implements it. They get the settings of the platforms.
    """

    def challenge(self, settings: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the answer to a check of our address; None if it is not the platform's."""

    def is_signed(
        self, settings: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Return True if the platform has signed this raw body."""

    def read_changes(self, body: bytes) -> tuple[RemoteChange, ...] | None:
        """Return what a delivery says about comments; None if its form is unknown."""


@dataclass(frozen=True)
class WebhookSupport:
    """The webhooks of a platform: their module, and what they need.

    Without its `settings` no webhook is accepted; `right` is needed to subscribe to them.
    """

    load: Callable[[], Webhooks]
    settings: tuple[str, ...]
    right: str


@dataclass(frozen=True)
class AccountFromSettings:
    """The settings that connect an account by `nagarvani init`: all of `names`, or none.

    Those of `app` may also be set alone; they are needed to connect accounts from the pages.
    """

    names: tuple[str, ...]
    app: tuple[str, ...]
    read: Callable[[Mapping[str, str]], ConnectableAccount]


@dataclass(frozen=True)
class Capabilities:
    """A platform: its name in the database, and what is possible on it.

    Texts (`label`, `link_advice`, `rights`, `rate_limits`, `connect_label`, `connect_advice`) are
    English msgids; one without a translation is shown as it is.
    """

    name: str
    label: str
    #: The name of a Bootstrap icon.
    icon: str
    #: The hosts of links to its posts, in small letters.
    hosts: frozenset[str]
    #: Returns the parts of a post's address, with our account's number there if it is known.
    read_permalink: Callable[[str, str], Permalink | None]

    #: The limits of a post, and of a reply.
    limits: PlatformLimits
    reply_limits: PlatformLimits
    #: Returns the length of a text in the platform's units.
    count: Callable[[str], int]
    #: How the browser counts while somebody types: "weighted", "plain", or "" (not at all).
    counter: str
    #: True if texts are so short that their limit is shown while they are written.
    has_short_texts: bool
    fit: RenditionFit

    #: True if a post without pictures sends its link in a separate field.
    has_link_field: bool
    link_advice: str
    #: True if accounts and authors have handles (@name).
    has_handles: bool
    #: True if citizens can mention us outside our own posts.
    has_mentions: bool
    #: True if a reply below somebody else's post needs a mention of our account.
    reply_needs_mention: bool
    #: True if the platform reports which rights our access has, and until when.
    tells_rights: bool
    #: What its rights allow, and what its publishing rate limits count, by the platform's names.
    rights: Mapping[str, str]
    rate_limits: Mapping[str, str]

    #: A template with the macros `owner_line` and `actions`.
    preview: Path
    fold: Fold

    #: Opens an account by its credentials and the installation, without a network call. Raises
    #: `CredentialsExpired` if a part is missing.
    open_account: Callable[[Mapping[str, str], Installation], Platform]
    #: Loads the client that connects accounts.
    oauth: Callable[[], OAuthFlow]
    connect_label: str
    connect_advice: str
    settings: AccountFromSettings
    #: What the platform charges; None if nothing.
    billing: Billing | None = None
    #: None if the platform sends no webhooks, and comments are found only by reading.
    webhooks: WebhookSupport | None = None


def read_credentials(kind: Callable[..., Credentials], parts: Mapping[str, str]) -> Credentials:
    """Return stored credentials as their class. Raises `CredentialsExpired`."""
    try:
        return kind(**parts)
    except TypeError:
        raise CredentialsExpired("the stored credentials have other parts than needed") from None
