"""X, through tweepy and version 2 of its interface: posts, pictures, replies and what is said back.

Both of the interface's dialects are read: the older names (tweet) and the newer (post).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
import tweepy

from publisher.platforms.base import (
    CredentialsExpired,
    Deadline,
    Health,
    HealthProblem,
    Limits,
    Medium,
    Outgoing,
    Page,
    PlatformError,
    Prepared,
    Receipt,
    Refused,
    Remark,
    Sighting,
    Source,
    normal,
    shortened,
    with_link,
)
from publisher.platforms.counting import LIMIT, count
from publisher.platforms.http import Call, Channel
from publisher.platforms.places import Place, read_on
from publisher.platforms.shapes import Json, at, moment_at, rows_at, text_at
from publisher.platforms.unfit import must_answer, refuse_unfit
from publisher.platforms.x_errors import read_error
from publisher.platforms.x_texts import media_count, readable, reply_target, same_words

HOME = "https://api.twitter.com"
SEEN = "attachments,author_id,conversation_id,created_at,entities,note_tweet,referenced_tweets"
# Two machines' clocks differ, and X lists some posts later than their numbers say.
SLACK = timedelta(minutes=5)
OVERLAP = timedelta(minutes=10)
MOST_PAGES = 5
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
# X: a post's number holds its time in milliseconds above the lowest 22 bits.
NUMBERS_IN_A_MILLISECOND = 1 << 22


@dataclass(frozen=True)
class XCredentials:
    """The app's and the account's keys. An access token begins with the account's number."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str

    @property
    def user_id(self) -> str:
        """The account's number on X."""
        return self.access_token.partition("-")[0]


class XPlatform:
    """One account on X. Opening it calls nobody.

    `read_seconds` is the deadline of a whole reading call; the two clocks give aware UTC and
    monotonic seconds.
    """

    name = "x"

    def __init__(
        self,
        credentials: XCredentials,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        api_url: str = HOME,
        web_url: str = "https://x.com",
        text_units: int = LIMIT,
        read_seconds: float = 30.0,
    ) -> None:
        self.limits = limits(text_units)
        self._user_id = credentials.user_id
        self._now = now
        self._monotonic = monotonic
        self._web_url = web_url
        self._read_seconds = read_seconds
        self._channel = Channel(
            home=HOME, base_url=api_url, read=read_error, secrets=vars(credentials), now=now
        )
        self._client = tweepy.Client(**vars(credentials))
        self._client.session = self._channel.session

    @property
    def allowances(self) -> Mapping[str, Mapping[str, str]]:
        """The rate-limit headers of the last answers, by method and path."""
        return self._channel.allowances

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> Prepared:
        """Check the limits, upload the pictures and describe them."""
        refuse_unfit(outgoing, self.limits, count(words_of(outgoing)).weighted)
        return Prepared(outgoing, tuple(self._upload(one, deadline) for one in outgoing.media))

    def publish(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Create the post, or the reply where it answers something."""
        body: Json = {"text": words_of(prepared.outgoing)}
        if prepared.media_ids:
            body["media"] = {"media_ids": list(prepared.media_ids)}
        if prepared.outgoing.reply_to is not None:
            body["reply"] = {"in_reply_to_tweet_id": prepared.outgoing.reply_to}
        with self._channel.calling(deadline, creating=True) as call:
            made = self._ask("POST", "/2/tweets", body=body)
            platform_id = text_at(made, "data", "id")
            if not platform_id:
                call.senseless("the answer names no post")
            return Receipt(platform_id, self._address(platform_id), self._now(), call.answer)

    def reply(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Answer a post. X refuses a reply to who did not name the account (not summoned)."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Sighting | None:
        """Look through the account's own timeline, newest first, down to when the attempt began."""
        with self._reading() as call:
            for post in self._own_posts(call, since - SLACK):
                made_at = moment_at(post, "created_at")
                if made_at and made_at >= since - SLACK and _is_it(post, outgoing):
                    found = shortened(self._channel.mask(json.dumps(post, ensure_ascii=False)))
                    number = text_at(post, "id")
                    return Sighting(number, self._address(number), made_at, found)
        return None

    def comments_since(self, source: Source, cursor: str | None) -> Page:
        """Read mentions, or all replies under a post, nested ones too (of the last seven days)."""
        return read_on(Place.read(cursor), lambda place: self._comments(source, place))

    def check(self) -> Health:
        """Ask X whose keys these are."""
        try:
            with self._reading():
                me = at(self._ask("GET", "/2/users/me"), "data")
        except CredentialsExpired as problem:
            return Health(False, HealthProblem.CREDENTIALS, "", None, problem.detail)
        except Refused as problem:
            return Health(False, HealthProblem.PERMISSION, "", None, problem.detail)
        except PlatformError as problem:
            return Health(False, HealthProblem.UNREACHABLE, "", None, problem.detail)
        if text_at(me, "id") != self._user_id:
            return Health(False, HealthProblem.WRONG_ACCOUNT, text_at(me, "username"), None)
        return Health(True, None, f"@{text_at(me, 'username')}", None)

    def _reading(self) -> AbstractContextManager[Call]:
        return self._channel.calling(Deadline.after(self._read_seconds, self._monotonic))

    def _ask(
        self, method: str, route: str, *, params: Json | None = None, body: Json | None = None
    ) -> Json:
        """Let tweepy sign and send; its models are left aside, since they know one dialect only."""
        response: requests.Response = self._client.request(
            method, route, params=params, json=body, user_auth=True
        )
        found: Json = response.json()
        return found

    def _upload(self, medium: Medium, deadline: Deadline) -> str:
        content = base64.b64encode(medium.content).decode()
        with self._channel.calling(deadline) as call:
            moves = medium.mime == "image/gif"
            category = "tweet_gif" if moves else "tweet_image"
            body: Json = {"media": content, "media_category": category}
            made = self._ask("POST", "/2/media/upload", body=body)
            media_id = text_at(made, "data", "id")
            if not media_id:
                call.senseless("the answer names no medium")
            if medium.alt_text:
                about = {"alt_text": {"text": medium.alt_text}}
                self._ask("POST", "/2/media/metadata", body={"id": media_id, "metadata": about})
        return media_id

    def _own_posts(self, call: Call, since: datetime) -> Iterator[Json]:
        params: Json = {
            "max_results": 100,
            "tweet.fields": SEEN,
            "start_time": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for _ in range(MOST_PAGES):
            page = self._list(call, f"/2/users/{self._user_id}/tweets", params)
            yield from rows_at(page, "data")
            token = text_at(page, "meta", "next_token")
            if not token:
                return
            params = {**params, "pagination_token": token}

    def _list(self, call: Call, route: str, params: Json) -> Json:
        page = self._ask("GET", route, params=params)
        if "data" not in page and "meta" not in page:
            call.senseless("the answer is no list")
        return page

    def _comments(self, source: Source, place: Place) -> Page:
        params: Json = {
            "max_results": 100,
            "tweet.fields": SEEN,
            "expansions": "author_id",
            "user.fields": "name,username",
        }
        if place.since:
            params["since_id"] = _somewhat_before(place.since)
        if source.post_id is None:
            route, token_name = f"/2/users/{self._user_id}/mentions", "pagination_token"
        else:
            route, token_name = "/2/tweets/search/recent", "next_token"
            params["query"] = f"conversation_id:{source.post_id}"
        if place.token:
            params[token_name] = place.token
        with self._reading() as call:
            page = self._list(call, route, params)
        return self._page(page, source, place)

    def _page(self, page: Json, source: Source, place: Place) -> Page:
        authors = {text_at(user, "id"): user for user in rows_at(page, "includes", "users")}
        posts = [post for post in rows_at(page, "data") if text_at(post, "id").isdecimal()]
        remarks = [self._remark(post, authors) for post in posts]
        newest = max([place.newest, *(one.platform_id for one in remarks)], key=_number)
        following = place.after(newest, text_at(page, "meta", "next_token"))
        kept = tuple(one for one in remarks if one.platform_id != source.post_id)
        return Page(kept, following.written(), bool(following.token))

    def _remark(self, post: Json, authors: dict[str, Json]) -> Remark:
        number, author_id = text_at(post, "id"), text_at(post, "author_id")
        author = authors.get(author_id, {})
        handle = text_at(author, "username")
        return Remark(
            platform_id=number,
            parent_id=reply_target(post),
            root_id=text_at(post, "conversation_id") or number,
            author_id=author_id,
            author_name=text_at(author, "name") or handle,
            author_handle=handle or None,
            text=readable(post),
            written_at=moment_at(post, "created_at") or self._now(),
            url=self._address(number, handle or "i"),
            by_ourselves=author_id == self._user_id,
        )

    def _address(self, number: str, handle: str = "i") -> str:
        return f"{self._web_url}/{handle}/status/{number}"


def limits(text_units: int = LIMIT) -> Limits:
    """What X takes: four pictures up to 5 MB, alt text up to 1,000 characters."""
    return Limits(text_units, 4, 5 * 1024 * 1024, 1_000, TYPES)


def words_of(outgoing: Outgoing) -> str:
    """The text as X gets it: its link stands in it, and counts."""
    return normal(with_link(outgoing.text, outgoing.link))


def _is_it(post: Json, outgoing: Outgoing) -> bool:
    return (
        reply_target(post) == outgoing.reply_to
        and media_count(post) == len(outgoing.media)
        and same_words(post, words_of(outgoing))
    )


def _number(text: str) -> int:
    return int(text or 0)


def _somewhat_before(number: str) -> str:
    milliseconds = OVERLAP // timedelta(milliseconds=1)
    return str(max(1, int(number) - milliseconds * NUMBERS_IN_A_MILLISECOND))
