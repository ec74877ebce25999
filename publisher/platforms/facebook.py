"""Facebook pages, through facebook-sdk: posts with photos, comments, and what is said back.

Source: the Graph interface's own pages on page feeds, photos, comments, errors and rate limits.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import facebook

from publisher.platforms.base import (
    CredentialsExpired,
    Deadline,
    Health,
    HealthProblem,
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
from publisher.platforms.facebook_errors import read_error
from publisher.platforms.facebook_forms import (
    LIMITS,
    comment_form,
    limits_for,
    photo_count,
    plain,
    post_form,
    post_words,
)
from publisher.platforms.http import Call, Channel
from publisher.platforms.places import Place, read_on
from publisher.platforms.shapes import Json, moment_at, rows_at, text_at
from publisher.platforms.unfit import must_answer, refuse_unfit

HOME = "https://graph.facebook.com"
SLACK = timedelta(minutes=5)
OVERLAP = timedelta(minutes=10)
MOST_PAGES = 5
MADE = "id,permalink_url,created_time"
POST_FIELDS = "id,message,created_time,permalink_url,attachments{media_type,subattachments}"
COMMENT_FIELDS = "id,message,from,created_time,parent{id},permalink_url,is_hidden,attachment"


@dataclass(frozen=True)
class FacebookCredentials:
    """A page's number and token; the app's secret, where the app asks for proof of it."""

    page_id: str
    page_token: str
    app_secret: str = ""


class FacebookPlatform:
    """One page on Facebook. Opening it calls nobody.

    `graph_version` is the Graph interface's, such as "v26.0"; `read_seconds` the deadline of a
    whole reading call; the two clocks give aware UTC and monotonic seconds.
    """

    name = "facebook"

    def __init__(
        self,
        credentials: FacebookCredentials,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        api_url: str = HOME,
        graph_version: str = "v26.0",
        web_url: str = "https://www.facebook.com",
        read_seconds: float = 30.0,
    ) -> None:
        self.limits = LIMITS
        self._page_id = credentials.page_id
        self._proof = _proof(credentials)
        self._now = now
        self._monotonic = monotonic
        self._web_url = web_url
        self._read_seconds = read_seconds
        secrets = {"token": credentials.page_token, "secret": credentials.app_secret, **self._proof}
        self._channel = Channel(
            home=HOME, base_url=api_url, read=read_error, secrets=secrets, now=now
        )
        self._graph = facebook.GraphAPI(credentials.page_token, session=self._channel.session)
        # The client knows no version after 3.1, but sends whichever it is told afterwards.
        self._graph.version = graph_version

    @property
    def allowances(self) -> Mapping[str, Mapping[str, str]]:
        """The rate-limit headers of the last answers, by method and path."""
        return self._channel.allowances

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> Prepared:
        """Check the limits and upload the photos unpublished: Facebook drops them after a day."""
        refuse_unfit(outgoing, limits_for(outgoing), len(normal(outgoing.text)))
        return Prepared(outgoing, tuple(self._upload(one, deadline) for one in outgoing.media))

    def publish(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Create the post in one step, or the comment where it answers something."""
        outgoing = prepared.outgoing
        if outgoing.reply_to is not None:
            return self._create(outgoing.reply_to, "comments", comment_form(prepared), deadline)
        return self._create(self._page_id, "feed", post_form(prepared), deadline)

    def reply(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Answer a post or a comment as the page."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Sighting | None:
        """Look through the page's posts, or the comments under what is answered, newest first."""
        oldest = since - SLACK
        with self._reading() as call:
            for found in self._own(call, outgoing):
                made_at = moment_at(found, "created_time")
                if made_at is not None and made_at < oldest:
                    return None
                if made_at is not None and self._is_it(found, outgoing):
                    answer = shortened(self._channel.mask(json.dumps(found, ensure_ascii=False)))
                    number = text_at(found, "id")
                    return Sighting(number, self._address(found), made_at, answer)
        return None

    def comments_since(self, source: Source, cursor: str | None) -> Page:
        """Read all comments under a post, nested ones too. Facebook lists no mentions: none."""
        post_id = source.post_id
        if post_id is None:
            return Page((), cursor, False)
        return read_on(Place.read(cursor), lambda place: self._comments(post_id, place))

    def check(self) -> Health:
        """Ask Facebook for the page with its own token."""
        try:
            with self._reading():
                page = self._get(self._page_id, fields="id,name")
        except CredentialsExpired as problem:
            return Health(False, HealthProblem.CREDENTIALS, "", None, problem.detail)
        except Refused as problem:
            return Health(False, HealthProblem.PERMISSION, "", None, problem.detail)
        except PlatformError as problem:
            return Health(False, HealthProblem.UNREACHABLE, "", None, problem.detail)
        if text_at(page, "id") != self._page_id:
            return Health(False, HealthProblem.WRONG_ACCOUNT, text_at(page, "name"), None)
        return Health(True, None, text_at(page, "name"), None)

    def _reading(self) -> AbstractContextManager[Call]:
        return self._channel.calling(Deadline.after(self._read_seconds, self._monotonic))

    def _get(self, path: str, **args: str) -> Json:
        found: Json = self._graph.get_object(path, **args, **self._proof)
        return found

    def _create(self, parent: str, edge: str, form: dict[str, str], deadline: Deadline) -> Receipt:
        with self._channel.calling(deadline, creating=True) as call:
            made: Json = self._graph.put_object(parent, edge, **form, fields=MADE, **self._proof)
            if not text_at(made, "id"):
                call.senseless("the answer names nothing")
            made_at = moment_at(made, "created_time") or self._now()
            return Receipt(text_at(made, "id"), self._address(made), made_at, call.answer)

    def _upload(self, medium: Medium, deadline: Deadline) -> str:
        file = (f"{medium.sha256[:16]}", medium.content, medium.mime)
        form = {"published": "false", "alt_text_custom": medium.alt_text, **self._proof}
        with self._channel.calling(deadline) as call:
            made: Json = self._graph.put_photo(file, f"{self._page_id}/photos", **form)
            if not text_at(made, "id"):
                call.senseless("the answer names no photo")
        return text_at(made, "id")

    def _own(self, call: Call, outgoing: Outgoing) -> Iterator[Json]:
        if outgoing.reply_to is None:
            edge, args = f"{self._page_id}/published_posts", {"fields": POST_FIELDS}
        else:
            edge = f"{outgoing.reply_to}/comments"
            args = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
        for _ in range(MOST_PAGES):
            page = self._list(call, edge, {**args, "limit": "100"})
            yield from rows_at(page, "data")
            after = _after(page)
            if not after:
                return
            args = {**args, "after": after}

    def _list(self, call: Call, edge: str, args: dict[str, str]) -> Json:
        page = self._get(edge, **args)
        if "data" not in page:
            call.senseless("the answer is no list")
        return page

    def _is_it(self, found: Json, outgoing: Outgoing) -> bool:
        if outgoing.reply_to is None:
            expected = post_words(outgoing)
        elif text_at(found, "from", "id") == self._page_id:
            expected = with_link(outgoing.text, outgoing.link)
        else:
            return False
        is_same = plain(text_at(found, "message")) == plain(expected)
        return is_same and photo_count(found) == len(outgoing.media)

    def _comments(self, post_id: str, place: Place) -> Page:
        args = {
            "fields": COMMENT_FIELDS,
            "filter": "stream",
            "order": "chronological",
            "limit": "100",
        }
        if place.since.isdecimal():
            args["since"] = str(max(0, int(place.since) - int(OVERLAP.total_seconds())))
        if place.token:
            args["after"] = place.token
        with self._reading() as call:
            page = self._list(call, f"{post_id}/comments", args)
        return self._page(page, post_id, place)

    def _page(self, page: Json, post_id: str, place: Place) -> Page:
        rows = [row for row in rows_at(page, "data") if text_at(row, "id")]
        remarks = tuple(self._remark(row, post_id) for row in rows)
        seconds = [int(one.written_at.timestamp()) for one in remarks]
        newest = max([int(place.newest or 0), *seconds])
        following = place.after(str(newest) if newest else "", _after(page))
        return Page(remarks, following.written(), bool(following.token))

    def _remark(self, row: Json, post_id: str) -> Remark:
        author_id = text_at(row, "from", "id")
        return Remark(
            platform_id=text_at(row, "id"),
            parent_id=text_at(row, "parent", "id") or post_id,
            root_id=post_id,
            author_id=author_id,
            author_name=text_at(row, "from", "name"),
            author_handle=None,
            text=text_at(row, "message"),
            written_at=moment_at(row, "created_time") or self._now(),
            url=self._address(row),
            by_ourselves=author_id == self._page_id,
            hidden=row.get("is_hidden") is True,
        )

    def _address(self, found: Json) -> str:
        address = text_at(found, "permalink_url")
        is_whole = address.startswith(("https://", "http://"))
        return address if is_whole else f"{self._web_url}/{text_at(found, 'id')}"


def _proof(credentials: FacebookCredentials) -> dict[str, str]:
    """The parameter that proves the app's secret; none where no secret is given."""
    if not credentials.app_secret:
        return {}
    key, token = credentials.app_secret.encode(), credentials.page_token.encode()
    return {"appsecret_proof": hmac.new(key, token, hashlib.sha256).hexdigest()}


def _after(page: Json) -> str:
    """The cursor of the next page; empty on the last one."""
    has_next = text_at(page, "paging", "next") != ""
    return text_at(page, "paging", "cursors", "after") if has_next else ""
