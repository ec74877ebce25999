"""Handing one SMS to the city's gateway: it is accepted, or an error says what that means."""

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
"""Seconds to connect, and for each wait while reading: the whole of it fits into a lease."""

MOST_BYTES: Final = 64 * 1024
SHORTEST_SECRET: Final = 8
_PLACE = re.compile(r"\{(\w+)\}")
_OUR_FAULT = frozenset({401, 403, 404, 405, 407})
_FOR_NOW = frozenset({408, 425, 429})


def hand_over(sms: Sms, values: Mapping[str, str]) -> None:
    """Ask the gateway to send one SMS; `values` fill the places of address and body.

    Returns once the gateway says that it has it, else raises a `NotSent`.
    """
    try:
        code, said = _asked(sms, values)
    except requests.RequestException as problem:
        raise _trouble(problem) from problem
    found = _verdict(code, f"{code} {_masked(sms, ' '.join(said.split()))}", said, sms.sms_success)
    if found is not None:
        raise found


def filled(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    """The template with every place that is known; any other braces stay as they are."""
    return _PLACE.sub(
        lambda place: escape(values[place[1]]) if place[1] in values else place[0], template
    )


def _asked(sms: Sms, values: Mapping[str, str]) -> tuple[int, str]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            sms.sms_method,
            filled(sms.sms_url, values, _in_address),
            data=_body(sms, values),
            headers=dict(sms.sms_headers),
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        )
        with answer:
            return answer.status_code, _said(answer)


def _said(answer: Response) -> str:
    first: bytes = next(answer.iter_content(MOST_BYTES), b"")
    return first.replace(b"\0", b" ").decode("utf-8", "replace")


def _body(sms: Sms, values: Mapping[str, str]) -> bytes | None:
    if not sms.sms_body:
        return None
    kinds = [value for name, value in sms.sms_headers.items() if name.lower() == "content-type"]
    escape = _in_json if any("json" in kind for kind in kinds) else _in_address
    return filled(sms.sms_body, values, escape).encode()


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _in_address(value: str) -> str:
    return quote(value, safe="")


def _verdict(code: int, reason: str, said: str, success: str) -> NotSent | None:
    """What an answer means; gateways often refuse with a 200, hence the test for success."""
    if 200 <= code < 300:
        return None if re.search(success, said) else NoticeRefused(reason)
    if code >= 500:
        return NoticeUncertain(reason)
    if code in _FOR_NOW:
        return NoticeDeferred(reason)
    if code in _OUR_FAULT or code < 400:
        return Unreachable(reason)
    return NoticeRefused(reason)


def _masked(sms: Sms, said: str) -> str:
    """A gateway's answer may repeat what it was asked with."""
    for value in sms.sms_headers.values():
        if len(value) >= SHORTEST_SECRET:
            said = said.replace(value, "…")
    return said


def _trouble(problem: requests.RequestException) -> NotSent:
    """Its words are left out: they repeat the address, which may hold a password."""
    why = type(problem).__name__
    cause = problem.args[0] if problem.args else None
    never_there = isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    before = (requests.exceptions.SSLError, requests.exceptions.ConnectTimeout, ValueError)
    if never_there or isinstance(problem, before):
        return Unreachable(why)
    return NoticeUncertain(why)
