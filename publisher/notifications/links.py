"""Paths of the pages that mails link to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: Stands in a stored mail where the sender puts the house's address: a private-use character.
BASE: Final = "\ue000"

#: Stands in a stored notice on both sides of a code that is to be forgotten once it has gone.
MARK: Final = "\ue001"

#: Every pattern, by the name of its function below.
PATTERNS: Final[Mapping[str, str]] = {
    "today": "/",
    "invitation": "/invitation/{token}",
    "forgotten_link": "/forgotten/link/{token}",
    "forgotten_code": "/forgotten/code",
    "contact_code": "/profile/code",
    "profile": "/profile",
    "submission": "/submissions/{submission_id}",
    "post": "/posts/{post_id}",
    "review": "/posts/{post_id}/review",
    "comment": "/comments/{comment_id}",
    "delivery": "/deliveries/{delivery_id}",
    "accounts": "/accounts",
    "duty": "/duty",
    "emergency": "/emergency",
    "emergency_use": "/emergency/uses/{use_id}",
    "emergency_template": "/emergency/templates/{template_id}",
    "found": "/found/{watch_id}",
    "stop": "/stop",
    "decisions": "/decisions",
    "clocks": "/clocks",
    "department": "/departments/{code}",
}

_SECRET = re.compile(rf"({BASE}/(?:invitation|forgotten/link)/)[\w-]+")
_CODE = re.compile(rf"{MARK}[^{MARK}]*{MARK}")


def today() -> str:
    """Return the path of the reader's open work."""
    return PATTERNS["today"]


def invitation(token: str) -> str:
    """Return the path where an invited person sets the first password."""
    return PATTERNS["invitation"].format(token=token)


def forgotten_link(token: str) -> str:
    """Return the path where a forgotten password is reset by link."""
    return PATTERNS["forgotten_link"].format(token=token)


def forgotten_code() -> str:
    """Return the path where a forgotten password is reset by the code sent by SMS."""
    return PATTERNS["forgotten_code"]


def contact_code() -> str:
    """Return the path where the code for a new address or number is entered."""
    return PATTERNS["contact_code"]


def profile() -> str:
    """Return the path of the reader's own contact details."""
    return PATTERNS["profile"]


def submission(submission_id: int) -> str:
    """Return the path of a submission."""
    return PATTERNS["submission"].format(submission_id=submission_id)


def post(post_id: int) -> str:
    """Return the path of a post."""
    return PATTERNS["post"].format(post_id=post_id)


def review(post_id: int) -> str:
    """Return the path where a post is approved, returned or rejected."""
    return PATTERNS["review"].format(post_id=post_id)


def comment(comment_id: int) -> str:
    """Return the path of a citizen's comment and its thread."""
    return PATTERNS["comment"].format(comment_id=comment_id)


def delivery(delivery_id: int) -> str:
    """Return the path of a delivery and its decisions."""
    return PATTERNS["delivery"].format(delivery_id=delivery_id)


def found(watch_id: int) -> str:
    """Return the path of a change by others to a post of ours on its platform."""
    return PATTERNS["found"].format(watch_id=watch_id)


def accounts() -> str:
    """Return the path of the city's social media accounts."""
    return PATTERNS["accounts"]


def stop() -> str:
    """Return the path of the emergency stop."""
    return PATTERNS["stop"]


def decisions() -> str:
    """Return the path of pending decisions, and of deliveries held by a stop or a freeze."""
    return PATTERNS["decisions"]


def clocks() -> str:
    """Return the path of the clocks' status and gaps."""
    return PATTERNS["clocks"]


def department(code: str) -> str:
    """Return the path of a department, its people and its history."""
    return PATTERNS["department"].format(code=code)


def duty() -> str:
    """Return the path of the duty roster."""
    return PATTERNS["duty"]


def emergency() -> str:
    """Return the path where the person on duty publishes, and takes alerts."""
    return PATTERNS["emergency"]


def emergency_use(use_id: int) -> str:
    """Return the path of a use of the emergency lane, and the department's later decision."""
    return PATTERNS["emergency_use"].format(use_id=use_id)


def emergency_template(template_id: int) -> str:
    """Return the path of a template and its approval."""
    return PATTERNS["emergency_template"].format(template_id=template_id)


def secret(code: str) -> str:
    """Return a one-time code with the marks of a stored notice."""
    return f"{MARK}{code}{MARK}"


def with_base(text: str, base_url: str) -> str:
    """Return the text as it is sent: with our base URL in every link, and without marks."""
    return text.replace(BASE, base_url).replace(MARK, "")


def without_secrets(text: str) -> str:
    """Return the text without every code and the token of every one-time link."""
    return _CODE.sub("…", _SECRET.sub(r"\1…", text))
