"""Graph API calls of one page, made by facebook-sdk over our own session.

The module also maps the Graph API's error codes to faults.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn
from urllib.parse import quote, urlencode

import facebook

from publisher.platforms.base.protocol import RefusalCode
from publisher.platforms.base.types import Allowance, Medium
from publisher.platforms.facebook.payloads import learned
from publisher.platforms.http.client import Clocks, Json, Opened, at, number_at, rows_at, text_at
from publisher.platforms.http.responses import Fault, PlatformResponse, ResponseFault, sensible
from publisher.platforms.http.session import ClientCall, PlatformSession

THROTTLED = frozenset({4, 17, 32, 341, 613, 80001})
CREDENTIALS = frozenset({102, 104, 190})
# Seen to publish although they were answered: the outcome of a creation is not known.
TROUBLE = frozenset({1, 2})
GONE = 33
WAIT = 1390008
REFUSED = {
    3: RefusalCode.PERMISSION,
    10: RefusalCode.PERMISSION,
    100: RefusalCode.INVALID,
    283: RefusalCode.PERMISSION,
    324: RefusalCode.MEDIA_INVALID,
    368: RefusalCode.BLOCKED,
    506: RefusalCode.DUPLICATE,
    1609005: RefusalCode.INVALID,
}


def read_error(answer: PlatformResponse) -> ResponseFault | None:
    """Return the fault that a response body reports; None if it holds no error."""
    error = at(answer.json(), "error")
    if not isinstance(error, dict):
        return None
    code = number_at(error, "code")
    if code in THROTTLED:
        return ResponseFault(Fault.THROTTLED, until=regained_at(answer))
    if code in CREDENTIALS:
        return ResponseFault(Fault.CREDENTIALS)
    if code in TROUBLE:
        return ResponseFault(Fault.TROUBLE)
    if code == 368 and number_at(error, "error_subcode") == WAIT:
        return ResponseFault(Fault.THROTTLED)
    return _refusal(error, code)


def _refusal(error: Json, code: int | None) -> ResponseFault:
    if code == 368 and "already posted" in text_at(error, "message").lower():
        return ResponseFault(Fault.REFUSED, RefusalCode.DUPLICATE)
    if code == 100 and number_at(error, "error_subcode") == GONE:
        return ResponseFault(Fault.REFUSED, RefusalCode.TARGET_GONE)
    if code is not None and 200 <= code <= 299 and code != 283:
        return ResponseFault(Fault.REFUSED, RefusalCode.PERMISSION)
    if code not in REFUSED and error.get("is_transient") is True:
        return ResponseFault(Fault.TROUBLE)
    return ResponseFault(Fault.REFUSED, REFUSED.get(code or 0, RefusalCode.UNKNOWN))


def regained_at(answer: PlatformResponse) -> datetime | None:
    """Return when the page may call again, from a header in minutes; None if it is not reported."""
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", ""))
    except ValueError:
        return None
    if not isinstance(usage, dict):
        return None
    wait_minutes = [
        number_at(row, "estimated_time_to_regain_access") or 0
        for name in usage
        for row in rows_at(usage, name)
    ]
    until = answer.received_at + timedelta(minutes=min(max([0, *wait_minutes]), 10**6))
    return sensible(until, answer.received_at)


HOME = "https://graph.facebook.com"


@dataclass(frozen=True)
class FacebookCredentials:
    """A page's id and token, and the app's secret if the app requires proof of it."""

    page_id: str
    page_token: str
    app_secret: str = ""


class FacebookCalls(Opened):
    """The Graph API calls of one page."""

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
        channel = PlatformSession(
            home=HOME, base_url=api_url, read=read_error, secrets=secrets, now=now
        )
        super().__init__(channel, Clocks(now, monotonic, read_seconds))
        self._graph = facebook.GraphAPI(credentials.page_token, session=channel.session)
        # The client knows no version after 3.1, but sends whichever it is told afterwards.
        self._graph.version = graph_version

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """The rate limits that the headers of the latest responses reported."""
        return learned(self._channel.learned)

    def get(self, path: str, **args: str) -> Json:
        """Read a node or an edge."""
        response: Json = self._graph.get_object(path, **args, **self._proof)
        return response

    def get_each(
        self, call: ClientCall, fields_by_id: Mapping[str, str]
    ) -> list[PlatformResponse | None]:
        """Read nodes by their ids in one batch request, each with its fields; return all responses.

        A response is None if Facebook ran out of time for it. Multiple ids by `?ids=` ended with
        version 26.0 (August 2026, restfb issue 1692), and failed as a whole if one id was gone; a
        batch does not. It is assumed that the proof beside the batch holds for all of it, as
        Facebook's own clients send it.
        """
        version = self._graph.version
        batch = [
            {"method": "GET", "relative_url": f"{version}/{quote(key)}?{_query(fields)}"}
            for key, fields in fields_by_id.items()
        ]
        form = {"batch": json.dumps(batch), "include_headers": "false", **self._proof}
        self._graph.request(f"{version}/", post_args=form)
        whole = call.answers[-1]
        parts = whole.listed() or []
        if len(parts) != len(fields_by_id):
            call.senseless("the answer holds more or fewer than were asked for")
        return [_part(whole, part) for part in parts]

    def put(self, parent: str, edge: str, form: dict[str, str]) -> Json:
        """Create an object on an edge."""
        response: Json = self._graph.put_object(parent, edge, **form, **self._proof)
        return response

    def change(self, key: str, form: dict[str, str]) -> Json:
        """Change a node."""
        path = f"{self._graph.version}/{key}"
        response: Json = self._graph.request(path, post_args={**form, **self._proof})
        return response

    def remove(self, key: str) -> Json:
        """Delete a node."""
        path = f"{self._graph.version}/{key}"
        response: Json = self._graph.request(path, args=dict(self._proof), method="DELETE")
        return response

    def upload(self, medium: Medium) -> Json:
        """Upload a photo, unpublished."""
        file = (f"{medium.sha256[:16]}", medium.content, medium.mime)
        form = {"published": "false", "alt_text_custom": medium.alt_text, **self._proof}
        response: Json = self._graph.put_photo(file, f"{self.page_id}/photos", **form)
        return response

    def is_post(self, key: str) -> bool:
        """Return True for the id of a post of the page; a comment's id begins with its post's."""
        return key.startswith(f"{self.page_id}_")

    def address(self, node: Json) -> str:
        """Return the public URL of a post or comment."""
        address = text_at(node, "permalink_url")
        is_whole = address.startswith(("https://", "http://"))
        return address if is_whole else f"{self._web_url}/{text_at(node, 'id')}"


def _query(fields: str) -> str:
    return urlencode({"fields": fields})


def _part(whole: PlatformResponse, part: object) -> PlatformResponse | None:
    """Return one response of a batch as if it had come alone, with the batch's headers."""
    code = number_at(part, "code")
    return None if code is None else replace(whole, code=code, body=text_at(part, "body"))


def must_succeed(call: ClientCall, response: Json) -> None:
    """Check that Facebook reports `success`. Raises OutcomeUnknown otherwise."""
    if response.get("success") is not True:
        call.senseless("the answer does not say that it is done")


def of_another(call: ClientCall) -> NoReturn:
    """Report a response about another account. Raises OutcomeUnknown."""
    call.senseless("the answer names what is another's")


def _proof(credentials: FacebookCredentials) -> dict[str, str]:
    """Return the parameter that proves the app's secret; empty if there is no secret."""
    if not credentials.app_secret:
        return {}
    key, token = credentials.app_secret.encode(), credentials.page_token.encode()
    return {"appsecret_proof": hmac.new(key, token, hashlib.sha256).hexdigest()}
