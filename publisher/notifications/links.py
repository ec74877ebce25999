"""Paths of the pages that mails link to."""

from __future__ import annotations

import re
from typing import Final

#: Marks in a stored mail where the sender inserts the house's address: a private-use character.
BASE: Final = "\ue000"

#: Encloses, in a stored notice, a code that is removed once the notice is sent.
MARK: Final = "\ue001"

#: Encloses the texts of a revision in a stored notice.
TEXTS: Final = "\ue002"

#: Marks in a stored mail where the sender inserts the corporation and where to ask.
SIGNATURE: Final = "\ue003"

#: The personal link of a revision, after its token was taken out of a stored notice.
REMOVED_APPROVAL: Final = f"{BASE}/approve/…"

TODAY: Final = "/"
FORGOTTEN_CODE: Final = "/forgotten/code"
CONTACT_CODE: Final = "/profile/code"
PROFILE: Final = "/profile"
OWN_CONTACTS: Final = "/profile/contacts"
SESSIONS: Final = "/sessions"
SECOND_FACTOR: Final = "/profile/second-factor"
SIGN_IN_CODE: Final = "/sign-in/code"
APPOINTMENTS_WAITING: Final = "/people/waiting"
ACCOUNTS: Final = "/accounts"
STOP: Final = "/stop"
DECISIONS: Final = "/decisions"
CLOCKS: Final = "/clocks"
DUTY: Final = "/duty"
AWAY: Final = "/away"
EMERGENCY: Final = "/emergency"
INBOX: Final = "/comments"

_PATHS: Final = (
    "/(?:invitation|forgotten/link|wrong|office|officer|name-officers|approve|mail/department)/"
)
_SECRET = re.compile(rf"({BASE}{_PATHS})[\w-]+")
_QUOTED = re.compile(rf"({_PATHS})[\w-]{{43}}(?![\w-])")
_SETS_PASSWORD = re.compile(r"/(?:invitation|forgotten/link)/[\w-]+")
_SUBJECT = re.compile(r"/(submissions|posts|comments)/([0-9]{1,18})(?:/.*)?")
_CODE = re.compile(rf"{MARK}[^{MARK}]*{MARK}")
_WITHOUT_MARKS: Final = dict.fromkeys(map(ord, (BASE, MARK, TEXTS, SIGNATURE)))


def invitation(token: str) -> str:
    """Return the path where an invited person sets the first password."""
    return f"/invitation/{token}"


def password_reset(token: str) -> str:
    """Return the path where a forgotten password is reset by link."""
    return f"/forgotten/link/{token}"


def person(person_id: int) -> str:
    """Return the path of a person's page, which the staff open."""
    return f"/people/{person_id}"


def transfer_list(list_id: int) -> str:
    """Return the path of a list of people who move to other offices."""
    return f"/transfers/{list_id}"


def factor_loss(person_id: int) -> str:
    """Return the path of the page on which two people end a lost second factor."""
    return f"/people/{person_id}/second-factor"


def wrong(token: str) -> str:
    """Return the path where the reader says that a confirmed appointment is wrong."""
    return f"/wrong/{token}"


def office(token: str) -> str:
    """Return the path where a confirmed head takes up the office with a code."""
    return f"/office/{token}"


def officer(token: str) -> str:
    """Return the path where a head without a password confirms an officer."""
    return f"/officer/{token}"


def name_officers(token: str) -> str:
    """Return the path where a head names the officers of the department."""
    return f"/name-officers/{token}"


def mail_department(token: str) -> str:
    """Return the path where the sender of a mail says which department it is for."""
    return f"/mail/department/{token}"


def approve(token: str) -> str:
    """Return the path where an approver decides about a revision by a personal link."""
    return f"/approve/{token}"


def call(call_id: int) -> str:
    """Return the path of a call to name officers: its departments and their letters."""
    return f"/calls/{call_id}"


def submission(submission_id: int) -> str:
    """Return the path of a submission."""
    return f"/submissions/{submission_id}"


def post(post_id: int) -> str:
    """Return the path of a post."""
    return f"/posts/{post_id}"


def review(post_id: int) -> str:
    """Return the path where a post is approved, returned or rejected."""
    return f"/posts/{post_id}/review"


def comment(comment_id: int) -> str:
    """Return the path of a citizen's comment and its thread."""
    return f"/comments/{comment_id}"


def delivery(delivery_id: int) -> str:
    """Return the path of a delivery and its decisions."""
    return f"/deliveries/{delivery_id}"


def external_change(watch_id: int) -> str:
    """Return the path of a change that others made to a post of ours on its platform."""
    return f"/found/{watch_id}"


def department(code: str) -> str:
    """Return the path of a department, its people and its history."""
    return f"/departments/{code}"


def emergency_use(use_id: int) -> str:
    """Return the path of a use of the emergency lane, and the department's later decision."""
    return f"/emergency/uses/{use_id}"


def emergency_template(template_id: int) -> str:
    """Return the path of a template and its approval."""
    return f"/emergency/templates/{template_id}"


def parse_subject(path: str) -> tuple[str, int] | None:
    """Return the kind and id of the submission, post or comment that the path is about."""
    match = _SUBJECT.fullmatch(path)
    return (match.group(1), int(match.group(2))) if match is not None else None


def sets_password(path: str) -> bool:
    """Return True if the path holds the token of a one-time link that sets a password."""
    return _SETS_PASSWORD.match(path) is not None


def secret(code: str) -> str:
    """Return a one-time code with the marks of a stored notice."""
    return f"{MARK}{code}{MARK}"


def remove_marks(text: str) -> str:
    """Return somebody's text without our marks, which it must not imitate."""
    return text.translate(_WITHOUT_MARKS)


def add_base_url(text: str, base_url: str) -> str:
    """Return the text as it is sent: with our base URL in every link, and without marks."""
    return text.replace(BASE, base_url).translate(_WITHOUT_MARKS)


def remove_quoted_tokens(text: str) -> str:
    """Return somebody's text without the tokens of one-time links quoted from our mails."""
    return _QUOTED.sub(r"\1…", text)


def remove_secrets(text: str) -> str:
    """Return the text without any code or token of a one-time link."""
    return _CODE.sub("…", _SECRET.sub(r"\1…", text))
