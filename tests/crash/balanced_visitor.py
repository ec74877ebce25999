"""A browser behind a balancer that knows no sessions: each request goes to the next web.

A redirect is a request of its own, so that the page after a form comes from another web than the
form's answer. A request that breaks is repeated at the next web, as it was, until one answers.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from tests.crash.clock_installation import TIMEOUT
from tests.journey.http_browser import Fields, Files, LoadedPage, Visitor

AWAY = frozenset({502, 503})
"""The answers of a web that cannot serve just now, as while PostgreSQL starts again."""

STORE_AWAY = ("सर्व्हरवर सध्या फाइल साठविता येत नाहीत", "सध्या फोटो दाखविता येत नाहीत")
"""What the form and the review say, with all that was typed, while the store does not answer."""

PAUSE = 0.1
SIGN_IN_FORM = 'id="sign-in"'


@dataclass
class Journal:
    """What the visitors saw: requests by outcome, and how often a form was sent once more.

    `broken` are requests that a web had taken and never answered, `refused` those that met no web,
    `away` those that were answered by 502 or 503, or that the store was away for.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    repeated_forms: int = 0


class BalancedVisitor(Visitor):
    """A person whose requests go round over all webs; `busy_at` is the web that has a form now."""

    def __init__(self, webs: Sequence[str], journal: Journal) -> None:
        super().__init__(*webs)
        self.webs = tuple(webs)
        # A kept connection would end with its web, and nobody could say whether a request had.
        self.browser.headers["Connection"] = "close"
        self.journal = journal
        self.busy_at = ""
        self.is_signed_in = False
        self._turns = itertools.cycle(webs)
        self._was_repeated = False

    def request(
        self,
        method: str,
        path: str,
        *,
        sent_from: str | None = None,
        fields: Fields | None = None,
        files: Files | None = None,
        follows: bool = True,
    ) -> requests.Response:
        """Send a request to the next web until one answers, and so with each redirect."""
        response = self._until_answered(method, path, sent_from, fields, files)
        if follows and response.is_redirect:
            target = urlsplit(response.headers["Location"])
            query = f"?{target.query}" if target.query else ""
            was_repeated = self._was_repeated
            response = self.request("GET", target.path + query)
            self._was_repeated = was_repeated
        return response

    def _until_answered(
        self,
        method: str,
        path: str,
        sent_from: str | None,
        fields: Fields | None,
        files: Files | None,
    ) -> requests.Response:
        deadline = time.monotonic() + TIMEOUT
        for attempt in itertools.count():
            self.base = next(self._turns)
            self._was_repeated = attempt > 0
            self.busy_at = self.base if method == "POST" else ""
            outcome = "answered"
            try:
                response = super().request(
                    method, path, sent_from=sent_from, fields=fields, files=files, follows=False
                )
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as problem:
                outcome = "refused" if _met_no_web(problem) else "broken"
            else:
                outcome = "away" if _is_away(response) else "answered"
            self.busy_at = ""
            self.journal.outcomes[outcome] += 1
            self.journal.repeated_forms += method == "POST" and outcome in ("broken", "away")
            if outcome == "answered":
                return response
            if time.monotonic() > deadline:
                raise AssertionError(f"no web answered {method} {path} within {TIMEOUT} s")
            time.sleep(PAUSE)
        raise AssertionError("unreachable")

    def _read(self, response: requests.Response, code: int) -> LoadedPage:
        """Return the page; a form that was repeated may be told that it has been stored already."""
        if self.is_signed_in and SIGN_IN_FORM in response.text:
            raise AssertionError(f"signed out at {self.base}")
        if self._was_repeated and response.status_code == 409:
            code = 409
        return super()._read(response, code)

    def sign_in(self, identifier: str, password: str) -> None:
        """Sign in, the only time of this browser's life."""
        page = self.get("/sign-in")
        self.send(page, "#sign-in", {"identifier": identifier, "password": password})
        self.is_signed_in = True

    def through(self, web: str, path: str) -> requests.Response:
        """Open an address at this web, without following a redirect."""
        self.base = web
        return super().request("GET", path, follows=False)


def _is_away(response: requests.Response) -> bool:
    """Return whether the web asks for the same request once more, in a moment."""
    is_refused = response.status_code in (409, 422)
    return response.status_code in AWAY or (
        is_refused and any(sentence in response.text for sentence in STORE_AWAY)
    )


def _met_no_web(problem: requests.RequestException) -> bool:
    reason = getattr(problem.args[0] if problem.args else None, "reason", None)
    return isinstance(reason, NewConnectionError)
