"""Graph API calls of one Facebook page, made by facebook-sdk over our own HTTP session.

The module also maps the Graph API's error codes to faults. A *node* is an object with an id (a
post, a comment, a photo), an *edge* a list of nodes under it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import quote, urlencode

import facebook
import requests

from publisher.platforms.account import OpenedAccount
from publisher.platforms.base.json_values import Json, find_value, number_at, text_at
from publisher.platforms.base.protocol import RefusalCode
from publisher.platforms.base.types import Allowance
from publisher.platforms.capabilities import Installation
from publisher.platforms.facebook.payloads import next_call_time, read_allowances
from publisher.platforms.facebook.post_limits import WEB_URL
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.http.responses import Fault, PlatformResponse, ResponseFault
from publisher.platforms.http.session import PlatformSession

THROTTLED_CODES = frozenset({4, 17, 32, 341, 613, 80001})
CREDENTIAL_CODES = frozenset({102, 104, 190})
# A post was seen to appear after a response with one of these codes, so the outcome of a creation
# is unknown.
TROUBLE_CODES = frozenset({1, 2})
GONE_SUBCODE = 33
WAIT_SUBCODE = 1390008
REFUSAL_BY_CODE = {
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
    """Return the fault that a response's body reports; None if the body holds no error."""
    error = find_value(answer.json(), "error")
    if not isinstance(error, dict):
        return None
    code = number_at(error, "code")
    if code in THROTTLED_CODES:
        return ResponseFault(Fault.THROTTLED, until=next_call_time(answer))
    if code in CREDENTIAL_CODES:
        return ResponseFault(Fault.CREDENTIALS)
    if code in TROUBLE_CODES:
        return ResponseFault(Fault.TROUBLE)
    if code == 368 and number_at(error, "error_subcode") == WAIT_SUBCODE:
        return ResponseFault(Fault.THROTTLED)
    if code == 368 and "already posted" in text_at(error, "message").lower():
        return ResponseFault(Fault.REFUSED, RefusalCode.DUPLICATE)
    if code == 100 and number_at(error, "error_subcode") == GONE_SUBCODE:
        return ResponseFault(Fault.REFUSED, RefusalCode.TARGET_GONE)
    if code is not None and 200 <= code <= 299 and code != 283:
        return ResponseFault(Fault.REFUSED, RefusalCode.PERMISSION)
    if code not in REFUSAL_BY_CODE and error.get("is_transient") is True:
        return ResponseFault(Fault.TROUBLE)
    return ResponseFault(Fault.REFUSED, REFUSAL_BY_CODE.get(code or 0, RefusalCode.UNKNOWN))


HOME = "https://graph.facebook.com"


@dataclass(frozen=True)
class FacebookCredentials:
    """A page's id and token, and our app's secret if the app requires its proof in each call."""

    page_id: str
    page_token: str
    app_secret: str = ""


class FacebookSession(PlatformSession):
    """facebook-sdk's session. It moves the token into a header, so that no URL contains it."""

    def __init__(self, installation: Installation, secrets: Iterable[str]) -> None:
        super().__init__(
            home=HOME,
            base_url=installation.settings["graph_api_url"],
            read=read_error,
            secrets=secrets,
            now=installation.now,
        )

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepare a request of facebook-sdk, which puts its token among the parameters."""
        params = dict(request.params)
        if token := params.pop("access_token", ""):
            request.headers = {"Authorization": f"Bearer {token}"}
        request.params = params
        return super().prepare_request(request)


def graph_client(
    installation: Installation, channel: FacebookSession, token: str | None = None
) -> facebook.GraphAPI:
    """Return facebook-sdk's client over our session."""
    graph = facebook.GraphAPI(token, session=channel)
    # The client's constructor rejects versions after 3.1; set later, any version is used.
    graph.version = installation.settings["graph_api_version"]
    return graph


class FacebookCalls(OpenedAccount):
    """The Graph API calls of one page."""

    def __init__(self, credentials: FacebookCredentials, installation: Installation) -> None:
        self.page_id, token = credentials.page_id, credentials.page_token
        app_secret = credentials.app_secret
        self._proof = app_secret_proof(app_secret, token)
        channel = FacebookSession(installation, (token, app_secret, *self._proof.values()))
        super().__init__(channel, installation)
        self._graph = graph_client(installation, channel, token)

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """The rate limits that the headers of the latest responses reported."""
        return read_allowances(self._channel.limit_responses)

    def get(self, path: str, **args: str) -> Json:
        """Read a node or an edge."""
        response: Json = self._graph.get_object(path, **args, **self._proof)
        return response

    def get_each(
        self, call: ClientCall, fields_by_id: Mapping[str, str]
    ) -> list[PlatformResponse | None]:
        """Read nodes by their ids in one batch request, each with its fields.

        Return one response for each id, in order; it is None if Facebook ran out of time for it.
        """
        # Not by `?ids=`: that failed as a whole if one id was gone, and ended with version 26.0
        # (August 2026, restfb issue 1692). As in Facebook's own clients, the app secret's proof is
        # sent once for the whole batch.
        version = self._graph.version
        batch = [
            {
                "method": "GET",
                "relative_url": f"{version}/{quote(node_id)}?{urlencode({'fields': fields})}",
            }
            for node_id, fields in fields_by_id.items()
        ]
        form = {"batch": json.dumps(batch), "include_headers": "false", **self._proof}
        self._graph.request(f"{version}/", post_args=form)
        whole = call.answers[-1]
        parts = whole.listed() or []
        if len(parts) != len(fields_by_id):
            call.raise_senseless("the answer holds more or fewer than were asked for")
        return [_part_response(whole, part) for part in parts]

    def put(self, parent_id: str, edge: str, form: dict[str, str]) -> Json:
        """Create a node on an edge of the parent."""
        response: Json = self._graph.put_object(parent_id, edge, **form, **self._proof)
        return response

    def change(self, node_id: str, form: dict[str, str]) -> Json:
        """Change fields of a node."""
        path = f"{self._graph.version}/{node_id}"
        response: Json = self._graph.request(path, post_args={**form, **self._proof})
        return response

    def remove(self, node_id: str) -> Json:
        """Delete a node."""
        path = f"{self._graph.version}/{node_id}"
        response: Json = self._graph.request(path, args=dict(self._proof), method="DELETE")
        return response

    def is_post(self, node_id: str) -> bool:
        """Return True if this is the id of one of the page's posts, not of a comment.

        A post's id begins with the page's, a comment's with the number of its post.
        """
        return node_id.startswith(f"{self.page_id}_")

    def public_url(self, node: Json) -> str:
        """Return the public URL of a post or comment.

        Facebook may report no URL, or one without a host.
        """
        url = text_at(node, "permalink_url")
        is_absolute = url.startswith(("https://", "http://"))
        return url if is_absolute else f"{WEB_URL}/{text_at(node, 'id')}"


def _part_response(whole: PlatformResponse, part: object) -> PlatformResponse | None:
    """Return one part of a batch as a response of its own, with the headers of the batch.

    A part is null, so None is returned, if Facebook ran out of time for it.
    """
    code = number_at(part, "code")
    return None if code is None else replace(whole, code=code, body=text_at(part, "body"))


def require_success(call: ClientCall, response: Json) -> None:
    """Raise OutcomeUnknown unless the response of a change reports `success`."""
    if response.get("success") is not True:
        call.raise_senseless("the answer does not say that it is done")


def raise_wrong_account(call: ClientCall) -> NoReturn:
    """Raise OutcomeUnknown for a response that names another page's post."""
    call.raise_senseless("the answer names what is another's")


def app_secret_proof(secret: str, token: str) -> dict[str, str]:
    """Return the parameter that proves the knowledge of the app's secret; empty without one."""
    if not secret:
        return {}
    digest = hmac.new(secret.encode(), token.encode(), hashlib.sha256)
    return {"appsecret_proof": digest.hexdigest()}
