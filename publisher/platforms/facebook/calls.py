"""The calls that one page makes of Facebook: made by facebook-sdk, over a channel of ours."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn
from urllib.parse import quote, urlencode

import facebook

from publisher.platforms.base.things import Allowance, Medium
from publisher.platforms.facebook.allowances import learned
from publisher.platforms.facebook.errors import read_error
from publisher.platforms.http.answers import Answer
from publisher.platforms.http.channel import Call, Channel
from publisher.platforms.opened import Clocks, Opened
from publisher.platforms.shapes import Json, number_at, text_at

HOME = "https://graph.facebook.com"


@dataclass(frozen=True)
class FacebookCredentials:
    """A page's number and token; the app's secret, where the app asks for proof of it."""

    page_id: str
    page_token: str
    app_secret: str = ""


class FacebookCalls(Opened):
    """One page's way to Facebook."""

    def __init__(
        self,
        credentials: FacebookCredentials,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        api_url: str,
        graph_version: str,
        web_url: str,
        read_seconds: float,
    ) -> None:
        self.page_id = credentials.page_id
        self._web_url = web_url
        self._proof = _proof(credentials)
        secrets = {"token": credentials.page_token, "secret": credentials.app_secret, **self._proof}
        channel = Channel(home=HOME, base_url=api_url, read=read_error, secrets=secrets, now=now)
        super().__init__(channel, Clocks(now, monotonic, read_seconds))
        self._graph = facebook.GraphAPI(credentials.page_token, session=channel.session)
        # The client knows no version after 3.1, but sends whichever it is told afterwards.
        self._graph.version = graph_version

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """What the page may still do, by the headers of the last answers."""
        return learned(self._channel.learned)

    def get(self, path: str, **args: str) -> Json:
        """Read a node or an edge."""
        found: Json = self._graph.get_object(path, **args, **self._proof)
        return found

    def get_each(self, call: Call, asked: Mapping[str, str]) -> list[Answer | None]:
        """Read nodes by their ids in one request, each with its fields; an answer for each.

        None: Facebook had no time for that one. Its way by `?ids=` ended with version 26.0 (of
        August 2026: restfb issue 1692), and failed as a whole where one id was gone; a batch does
        not. Assumed: the proof beside the batch holds for all of it, as its own clients send it.
        """
        version = self._graph.version
        batch = [
            {"method": "GET", "relative_url": f"{version}/{quote(key)}?{_query(fields)}"}
            for key, fields in asked.items()
        ]
        form = {"batch": json.dumps(batch), "include_headers": "false", **self._proof}
        self._graph.request(f"{version}/", post_args=form)
        whole = call.answers[-1]
        found = whole.listed() or []
        if len(found) != len(asked):
            call.senseless("the answer holds more or fewer than were asked for")
        return [_part(whole, one) for one in found]

    def put(self, parent: str, edge: str, form: dict[str, str]) -> Json:
        """Make something on an edge."""
        made: Json = self._graph.put_object(parent, edge, **form, **self._proof)
        return made

    def change(self, key: str, form: dict[str, str]) -> Json:
        """Change a node."""
        path = f"{self._graph.version}/{key}"
        done: Json = self._graph.request(path, post_args={**form, **self._proof})
        return done

    def remove(self, key: str) -> Json:
        """Delete a node."""
        path = f"{self._graph.version}/{key}"
        done: Json = self._graph.request(path, args=dict(self._proof), method="DELETE")
        return done

    def upload(self, medium: Medium) -> Json:
        """Send a photo, unpublished."""
        file = (f"{medium.sha256[:16]}", medium.content, medium.mime)
        form = {"published": "false", "alt_text_custom": medium.alt_text, **self._proof}
        made: Json = self._graph.put_photo(file, f"{self.page_id}/photos", **form)
        return made

    def is_post(self, key: str) -> bool:
        """Whether this is the id of a post of the page; a comment's begins with its post's."""
        return key.startswith(f"{self.page_id}_")

    def address(self, found: Json) -> str:
        """Where people see a post or comment."""
        address = text_at(found, "permalink_url")
        is_whole = address.startswith(("https://", "http://"))
        return address if is_whole else f"{self._web_url}/{text_at(found, 'id')}"


def _query(fields: str) -> str:
    return urlencode({"fields": fields})


def _part(whole: Answer, one: object) -> Answer | None:
    """One answer of a batch as if it had come alone; how often may be asked is told of all."""
    code = number_at(one, "code")
    return None if code is None else replace(whole, code=code, body=text_at(one, "body"))


def must_succeed(call: Call, done: Json) -> None:
    """Facebook says `success`; anything else makes no sense. Raises OutcomeUnknown."""
    if done.get("success") is not True:
        call.senseless("the answer does not say that it is done")


def of_another(call: Call) -> NoReturn:
    """Say that an answer tells of somebody else's. Raises OutcomeUnknown."""
    call.senseless("the answer names what is another's")


def _proof(credentials: FacebookCredentials) -> dict[str, str]:
    """The parameter that proves the app's secret; none where no secret is given."""
    if not credentials.app_secret:
        return {}
    key, token = credentials.app_secret.encode(), credentials.page_token.encode()
    return {"appsecret_proof": hmac.new(key, token, hashlib.sha256).hexdigest()}
