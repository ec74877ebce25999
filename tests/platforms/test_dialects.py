"""X is read in each dialect on each host; a client finds out by itself which dialect X takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from publisher.platforms.base.protocol import CredentialsExpired, Platform, Refused
from publisher.platforms.base.types import (
    MENTIONS,
    CommentSource,
    HealthProblem,
    Outgoing,
    RemotePost,
)
from publisher.platforms.capabilities import Installation
from publisher.platforms.oauth.types import OAuthAborted
from publisher.platforms.registry import open_platform
from publisher.platforms.x import oauth
from publisher.platforms.x.dialect import DIALECTS, FIELDS, HOME, HOST, POST, STRICT, TWEET, Dialect
from publisher.platforms.x.platform import XPlatform
from sandbox.credentials import X_ACCOUNTS, X_CONSUMER_KEY, X_CONSUMER_SECRET
from tests.platforms.platform_setups import (
    CREDENTIALS,
    PlatformSetup,
    deadline,
    open_setup,
    utc_now,
)

TAKEN = {"tweet": (TWEET,), "post": (POST, STRICT), "strict": (STRICT,)}
"""The dialects that X takes, by the value of the sandbox's switch."""

HOSTS = (HOST, HOME)


@dataclass
class ReadX:
    """X in the sandbox with a post that was answered and commented on, and our clients of it."""

    setup: PlatformSetup
    stored: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = utc_now()
        self.root = self.setup.send(Outgoing("पाणी बंद. https://pmc.example/pani"))
        self.other = self.setup.send(Outgoing("रस्ता बंद."))
        self.comment = self.setup.citizen_says("@sarav_nagar कधी?", self.root)
        self.under_other = self.setup.citizen_says("कुठे?", self.other)
        self.answer = self.setup.send(Outgoing("सहा वाजता.", reply_to=self.comment))

    def open(self, host: str = HOST, dialect: str = "") -> Platform:
        """Open a client that stores what it learns in `stored`."""
        return open_platform(
            "x",
            CREDENTIALS["x"],
            {"x_api_url": self.setup.url, "x_signed_url": host},
            monotonic=time.monotonic,
            dialect=dialect,
            store_dialect=self.stored.append,
        )

    def codes(self, *operations: str) -> list[int]:
        """Return the HTTP codes of the requests of these operations, and forget none."""
        rows = requests.get(f"{self.setup.url}/requests.json", timeout=10).json()
        return [row["code"] for row in rows if row["operation"] in operations]

    def check_each_read(self, platform: Platform) -> None:
        """Make every read, and check what it returns."""
        seen = platform.see(self.answer)
        assert seen is not None
        assert (seen.parent_id, seen.text, seen.by_ourselves) == (
            self.comment,
            "सहा वाजता.",
            True,
        )
        many = platform.see_many([self.root, self.comment, "123"])
        posts = [post for post in many.values() if isinstance(post, RemotePost)]
        assert [post.by_ourselves for post in posts] == [True, False]
        assert many["123"] is None
        match = platform.look_up(Outgoing("सहा वाजता.", reply_to=self.comment), since=self.began)
        assert match is not None
        assert match.platform_id == self.answer
        self._check_comments(platform)
        assert platform.check().ok

    def _check_comments(self, platform: Platform) -> None:
        mentions = platform.comments_since(MENTIONS, None).comments
        assert {c.platform_id: c.root_id for c in mentions} == {
            self.comment: self.root,
            self.under_other: self.other,
        }
        page = platform.comments_since(CommentSource(self.root), None)
        read = {c.platform_id: (c.parent_id, c.by_ourselves) for c in page.comments}
        assert read == {self.comment: (self.root, False)}
        authors = platform.authors([c.author_id for c in page.comments])
        assert [author.name for author in authors.values()] == ["सुनीता जगताप"]
        (shared,) = platform.comments_under({self.root: None, self.other: None})
        assert {c.platform_id: c.root_id for c in shared.comments} == {
            self.comment: self.root,
            self.under_other: self.other,
        }


@pytest.fixture
def read_x(tmp_path: Path) -> Iterator[ReadX]:
    with open_setup("x", tmp_path / "sandbox") as setup:
        yield ReadX(setup)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("taken", TAKEN)
def test_each_read_is_made_in_the_dialect_that_x_takes_on_its_host(
    read_x: ReadX, taken: str, host: str
) -> None:
    """The client is told the dialect: X refuses nothing, and its answers keep to the dialect."""
    read_x.setup.set_switches(x_fields=taken, x_host=host.removeprefix("https://"))
    read_x.check_each_read(read_x.open(host, TAKEN[taken][0].name))
    assert read_x.stored == []
    assert 400 not in read_x.codes("lookup", "timeline", "comments", "search", "check")


@pytest.mark.parametrize("known", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("taken", TAKEN)
def test_a_client_switches_once_to_a_dialect_that_x_takes(
    read_x: ReadX, taken: str, known: Dialect
) -> None:
    read_x.setup.set_switches(x_fields=taken)
    read_x.check_each_read(read_x.open(dialect=known.name))
    tried = [known, *(dialect for dialect in DIALECTS if dialect is not known)]
    refused = next(n for n, dialect in enumerate(tried) if dialect in TAKEN[taken])
    assert read_x.codes("lookup", "timeline", "comments", "search").count(400) == refused
    assert read_x.stored == ([tried[refused].name] if refused else [])


@pytest.mark.parametrize("answers", ["tweet", "post"])
@pytest.mark.parametrize("known", DIALECTS, ids=lambda dialect: dialect.name)
def test_answers_in_either_names_are_read_whatever_was_asked(
    read_x: ReadX, known: Dialect, answers: str
) -> None:
    read_x.setup.set_switches(x_dialect=answers)
    read_x.check_each_read(read_x.open(dialect=known.name))
    assert read_x.stored == []


def test_a_platform_that_takes_no_dialect_is_asked_once_in_each(
    read_x: ReadX,
) -> None:
    """An unknown field is refused by the name of its parameter."""
    read_x.setup.set_switches(x_fields="strict")
    platform = read_x.open()
    assert isinstance(platform, XPlatform)
    params = {FIELDS: "created_at,no_such_field"}
    with pytest.raises(Refused), platform.reading():
        platform._client.request("GET", f"/2/tweets/{read_x.root}", params, user_auth=True)
    assert read_x.codes("lookup") == [400] * len(DIALECTS)
    assert read_x.stored == []


def test_another_400_or_an_outage_while_switching_changes_no_dialect(read_x: ReadX) -> None:
    read_x.setup.set_switches(x_fields="post", x_since_id_window="on")
    platform = read_x.open()
    page = platform.comments_since(CommentSource(read_x.root), "5000000||")
    assert len(page.comments) == 1
    assert read_x.stored == ["post"]
    read_x.setup.set_switches(x_fields="tweet")
    read_x.setup.add_fault("lookup", "error_before", skip=1)
    with pytest.raises(Exception, match="503"):
        platform.see(read_x.root)
    assert read_x.stored == ["post"]
    assert platform.see(read_x.root) is not None
    assert read_x.stored == ["post", "tweet"]


@pytest.mark.parametrize("taken", TAKEN)
def test_publishing_asks_for_no_fields_and_is_made_once(read_x: ReadX, taken: str) -> None:
    read_x.setup.set_switches(x_fields=taken)
    before = len(read_x.codes("publish", "reply"))
    platform = read_x.open()
    until = deadline()
    prepared = platform.prepare(Outgoing("नवी सूचना."), deadline=until)
    platform.publish(prepared, deadline=until)
    assert read_x.codes("publish", "reply")[before:] == [201]
    assert read_x.stored == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_moved_refuses_what_is_signed_for_the_other(read_x: ReadX, host: str) -> None:
    other = HOSTS[1 - HOSTS.index(host)]
    read_x.setup.set_switches(x_host=other.removeprefix("https://"))
    platform = read_x.open(host)
    assert platform.check().problem is HealthProblem.CREDENTIALS
    with pytest.raises(CredentialsExpired):
        platform.see(read_x.root)
    assert read_x.open(other).check().ok


@pytest.mark.parametrize("host", HOSTS)
def test_an_account_is_connected_by_legs_signed_for_the_host(read_x: ReadX, host: str) -> None:
    read_x.setup.set_switches(x_host=host.removeprefix("https://"), x_fields="strict")
    settings = {"x_api_url": read_x.setup.url, "x_signed_url": host, "x_web_url": "https://x.com"}
    settings |= {"x_consumer_key": X_CONSUMER_KEY, "x_consumer_secret": X_CONSUMER_SECRET}
    installation = Installation(settings, utc_now, time.monotonic)
    started = oauth.start(installation, callback="http://127.0.0.1:9/back", state="")
    assert started.address.startswith(f"{read_x.setup.url}/oauth/authorize?")
    allowed = {"oauth_token": started.state, "answer": "allow", "account": X_ACCOUNTS[1].id}
    page = requests.post(
        f"{read_x.setup.url}/oauth/authorize", data=allowed, timeout=10, allow_redirects=False
    )
    query = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    (account,) = oauth.finish(installation, callback="", secret=started.secret, query=query)
    assert account.platform_id == X_ACCOUNTS[1].id
    other = replace_host(installation, HOSTS[1 - HOSTS.index(host)])
    with pytest.raises(OAuthAborted):
        oauth.start(other, callback="http://127.0.0.1:9/back", state="")


def replace_host(installation: Installation, host: str) -> Installation:
    """Return an installation that signs for another host."""
    return replace(installation, settings={**installation.settings, "x_signed_url": host})
