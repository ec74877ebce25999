"""Codes that an unknown device needs at sign-in, after many failures of the account or address.

The page that asks for the code is shown whether the password was right or not, and whether the
account exists or not; the code is sent only if it was right. So nobody has to be refused.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from publisher.auth import one_time_links, throttling
from publisher.auth.one_time_links import LinkPurpose, LinkSpent, LinkSubject
from publisher.models.people import Person
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.links import SIGN_IN_CODE

CODE_LASTS: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class CodeRequest:
    """A sign-in that waits for a code, which is accepted from `not_before` (aware UTC) on.

    `browser` is a random text that only this browser gets; the code is worth nothing without it.
    """

    browser: str
    not_before: datetime


def ask(*, wait: timedelta, now: datetime) -> CodeRequest:
    """Return a sign-in that waits for a code; nothing is stored or sent."""
    return CodeRequest(secrets.token_urlsafe(16), now + wait)


def send(
    session: Session, *, person: Person, code_request: CodeRequest, now: datetime, to: str = ""
) -> None:
    """Send the code by mail, or by SMS without a mail address; at most five in the window.

    With `to` it goes to this address or number and nowhere else.
    """
    key = throttling.key_of_identifier(f"sign-in codes of {person.id}")
    if throttling.next_attempt_at(session, [key], now=now) is not None:
        return
    throttling.store_failure(session, [key], now=now)
    to = to or person.mail or person.mobile or ""
    code = one_time_links.make_code(
        session,
        LinkSubject.of(person, LinkPurpose.SIGN_IN),
        to=to,
        now=now,
        lasts=CODE_LASTS,
        browser=code_request.browser,
    )
    compose.queue(
        session,
        kind=NoticeKind.SIGN_IN_CODE,
        person=person,
        values={"secret": code, "expires_at": now + CODE_LASTS},
        now=now,
        path=SIGN_IN_CODE,
        to=to,
    )


def next_try_at(session: Session, code_request: CodeRequest, *, now: datetime) -> datetime | None:
    """Return when this browser may type a code again after five wrong ones; None if now."""
    return throttling.next_attempt_at(session, [_throttle_key(code_request)], now=now)


def _throttle_key(code_request: CodeRequest) -> str:
    # Not by the account: otherwise a stranger's wrong codes would keep its owner out.
    return throttling.key_of_identifier(f"sign-in code {code_request.browser}")


def use(
    session: Session, *, person: Person | None, code_request: CodeRequest, code: str, now: datetime
) -> Person | None:
    """Use up the code and return its person; count a wrong code and return None."""
    link = None
    if person is not None:
        link = one_time_links.find_code(
            session,
            code=code,
            purpose=LinkPurpose.SIGN_IN,
            person_id=person.id,
            now=now,
            browser=code_request.browser,
        )
    try:
        if link is not None:
            one_time_links.use(session, link=link, now=now)
            return person
    except LinkSpent:  # by another request at this moment
        pass
    throttling.store_failure(session, [_throttle_key(code_request)], now=now)
    return None
