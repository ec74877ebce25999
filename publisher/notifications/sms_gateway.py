"""Hand an SMS to the city's gateway: it is accepted, or an error class says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

import requests
from requests import Response
from urllib3.exceptions import MaxRetryError, NewConnectionError

from publisher.notifications.dispatch import (
    NoticeDeferred,
    NoticeRefused,
    NoticeUncertain,
    NotSent,
    Unreachable,
)
from publisher.settings.sms import Sms

TIMEOUT: Final = (5.0, 20.0)
"""Seconds to connect, and for each wait while reading: both together fit into a lease."""

MOST_BYTES: Final = 64 * 1024
SHORTEST_SECRET: Final = 8
_PLACE = re.compile(r"\{(\w+)\}")
_OUR_FAULT = frozenset({401, 403, 404, 405, 407})
_FOR_NOW = frozenset({408, 425, 429})


def send_sms(sms: Sms, values: Mapping[str, str]) -> None:
    """Ask the gateway to send an SMS; `values` fill the placeholders of URL and body.

    Returns once the gateway has accepted it. Raises a `NotSent`.
    """
    try:
        code, response_text = _send_request(sms, values)
    except requests.RequestException as problem:
        raise _trouble(problem) from problem
    error = _verdict(
        code,
        f"{code} {_mask_secrets(sms, ' '.join(response_text.split()))}",
        response_text,
        sms.sms_success,
    )
    if error is not None:
        raise error


def fill_template(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    """Return the template with every known placeholder filled; other braces stay as they are."""
    return _PLACE.sub(
        lambda match: escape(values[match[1]]) if match[1] in values else match[0], template
    )


def _send_request(sms: Sms, values: Mapping[str, str]) -> tuple[int, str]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            sms.sms_method,
            fill_template(sms.sms_url, values, _escape_url),
            data=_body(sms, values),
            headers=dict(sms.sms_headers),
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        )
        with answer:
            return answer.status_code, _read_text(answer)


def _read_text(answer: Response) -> str:
    first: bytes = next(answer.iter_content(MOST_BYTES), b"")
    return first.replace(b"\0", b" ").decode("utf-8", "replace")


def _body(sms: Sms, values: Mapping[str, str]) -> bytes | None:
    if not sms.sms_body:
        return None
    kinds = [value for name, value in sms.sms_headers.items() if name.lower() == "content-type"]
    escape = _escape_json if any("json" in kind for kind in kinds) else _escape_url
    return fill_template(sms.sms_body, values, escape).encode()


def _escape_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _escape_url(value: str) -> str:
    return quote(value, safe="")


def _verdict(code: int, reason: str, response_text: str, success: str) -> NotSent | None:
    """Return the error of a response, or None; gateways often refuse with a 200."""
    if 200 <= code < 300:
        return None if re.search(success, response_text) else NoticeRefused(reason)
    if code >= 500:
        return NoticeUncertain(reason)
    if code in _FOR_NOW:
        return NoticeDeferred(reason)
    if code in _OUR_FAULT or code < 400:
        return Unreachable(reason)
    return NoticeRefused(reason)


def _mask_secrets(sms: Sms, response_text: str) -> str:
    # A gateway's response may repeat the request's headers, including their secrets.
    for value in sms.sms_headers.values():
        if len(value) >= SHORTEST_SECRET:
            response_text = response_text.replace(value, "…")
    return response_text


def _trouble(problem: requests.RequestException) -> NotSent:
    # The message is left out: it repeats the URL, which may hold a password.
    error_name = type(problem).__name__
    cause = problem.args[0] if problem.args else None
    never_there = isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    before_sending = (requests.exceptions.SSLError, requests.exceptions.ConnectTimeout, ValueError)
    if never_there or isinstance(problem, before_sending):
        return Unreachable(error_name)
    return NoticeUncertain(error_name)
