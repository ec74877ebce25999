"""Connecting an X account by three-legged OAuth, with the real client and by a person."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import tweepy
from requests_oauthlib import OAuth1Session

from sandbox.credentials import X_CONSUMER_KEY, X_CONSUMER_SECRET
from sandbox.now import format_time, utc_now
from tests.sandbox.platform_clients import CITY, WATER, add_fault, mount_sandbox, session

CALLBACK = "http://127.0.0.1:9/accounts/x/back?from=x"


class Handler(tweepy.OAuth1UserHandler):
    """The client's own handler with sessions to the sandbox, since it creates one for each leg."""

    def __init__(self, url: str, callback: str, secret: str = X_CONSUMER_SECRET) -> None:
        self.url = url
        super().__init__(X_CONSUMER_KEY, secret, callback=callback)

    @property
    def oauth(self) -> OAuth1Session:
        """Return the session of the current leg."""
        return self._oauth

    @oauth.setter
    def oauth(self, session: OAuth1Session) -> None:
        self._oauth = mount_sandbox(session, self.url)


def page_of(url: str, address: str) -> requests.Response:
    """Load the page to which a person is sent."""
    return requests.get(url + address.removeprefix("https://api.twitter.com"), timeout=5)


def press(url: str, page: str, choice: str, account: str) -> requests.Response:
    match = re.search(r'name="oauth_token" value="([^"]+)"', page)
    assert match
    sent = {"oauth_token": match[1], "answer": choice, "account": account}
    return requests.post(f"{url}/oauth/authorize", data=sent, timeout=5, allow_redirects=False)


@pytest.mark.parametrize("signing_in", [False, True])
def test_three_legs_with_a_callback_end_in_tokens_that_post(url: str, signing_in: bool) -> None:
    handler = Handler(url, CALLBACK)
    page = page_of(url, handler.get_authorization_url(signin_with_twitter=signing_in))
    assert "सराव पाणीपुरवठा" in page.text
    assert "form-action 'self' http://127.0.0.1:9;" in page.headers["Content-Security-Policy"]
    back = urlsplit(press(url, page.text, "allow", WATER.id).headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK.partition("?")[0]
    query = parse_qs(back.query)
    assert query["from"] == ["x"]
    assert query["oauth_token"] == [handler.request_token["oauth_token"]]
    token, secret = handler.get_access_token(query["oauth_verifier"][0])
    client = tweepy.Client(
        consumer_key=X_CONSUMER_KEY,
        consumer_secret=X_CONSUMER_SECRET,
        access_token=token,
        access_token_secret=secret,
        return_type=dict,
    )
    client.session = session(url)
    assert client.get_me()["data"]["username"] == WATER.username
    assert client.create_tweet(text="जोडले")["data"]["id"]


def test_without_a_callback_a_number_is_shown_and_typed(url: str) -> None:
    handler = Handler(url, "oob")
    page = page_of(url, handler.get_authorization_url())
    text = press(url, page.text, "allow", CITY.id).text
    match = re.search(r"<code>(\d{7})</code>", text)
    assert match
    assert handler.get_access_token(match[1])[0] == CITY.token


def test_who_is_not_let_in_is_sent_back_without_a_verifier(url: str) -> None:
    handler = Handler(url, CALLBACK)
    page = page_of(url, handler.get_authorization_url())
    back = press(url, page.text, "deny", CITY.id).headers["Location"]
    assert parse_qs(urlsplit(back).query)["denied"] == [handler.request_token["oauth_token"]]
    with pytest.raises(tweepy.TweepyException):
        handler.get_access_token("1234567")
    assert press(url, page.text, "allow", CITY.id).status_code == 400


def test_a_wrong_secret_a_wrong_verifier_and_a_second_use_are_refused(url: str) -> None:
    with pytest.raises(tweepy.TweepyException):
        Handler(url, CALLBACK, secret="another").get_authorization_url()
    handler = Handler(url, "oob")
    page = page_of(url, handler.get_authorization_url())
    with pytest.raises(tweepy.TweepyException):
        handler.get_access_token("")  # no person has allowed it yet
    match = re.search(r"<code>(\d+)</code>", press(url, page.text, "allow", CITY.id).text)
    assert match
    with pytest.raises(tweepy.TweepyException):
        handler.get_access_token(f"{(int(match[1]) + 1) % 10**7:07d}")
    handler.get_access_token(match[1])
    with pytest.raises(tweepy.TweepyException):
        handler.get_access_token(match[1])


def test_a_request_token_holds_for_a_quarter_of_an_hour(url: str) -> None:
    handler = Handler(url, CALLBACK)
    mount_sandbox(handler.oauth, url, X_Sandbox_At=format_time(utc_now() - timedelta(minutes=16)))
    assert page_of(url, handler.get_authorization_url()).status_code == 400


def test_the_page_keeps_its_token_when_it_is_turned_to_another_language(url: str) -> None:
    page = page_of(url, Handler(url, CALLBACK).get_authorization_url())
    match = re.search(r'class="language" href="([^"]+)"', page.text)
    assert match
    english = requests.get(f"{url}/oauth/authorize{unescape(match[1])}", timeout=5)
    assert "Let the app post for this account?" in english.text


@pytest.mark.parametrize("callback", ["ftp://127.0.0.1/x", "somewhere"])
def test_a_callback_that_is_no_web_address_is_refused(url: str, callback: str) -> None:
    with pytest.raises(tweepy.TweepyException):
        Handler(url, callback).get_authorization_url()


def test_a_leg_meets_faults_too(url: str) -> None:
    add_fault(url, "x", "connect", "error_before")
    with pytest.raises(tweepy.TweepyException):
        Handler(url, CALLBACK).get_authorization_url()
    Handler(url, CALLBACK).get_authorization_url()
