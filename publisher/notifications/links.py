"""The one file of paths that mails lead to; each is a page of the counter."""

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
    """What waits for the reader."""
    return PATTERNS["today"]


def invitation(token: str) -> str:
    """Where an invited person sets the first password."""
    return PATTERNS["invitation"].format(token=token)


def forgotten_link(token: str) -> str:
    """Where somebody who forgot their password sets another."""
    return PATTERNS["forgotten_link"].format(token=token)


def forgotten_code() -> str:
    """Where somebody who forgot their password types the code that came to their mobile."""
    return PATTERNS["forgotten_code"]


def contact_code() -> str:
    """Where somebody types the code that came to their new address or number."""
    return PATTERNS["contact_code"]


def profile() -> str:
    """Where somebody sees how they are reached."""
    return PATTERNS["profile"]


def submission(submission_id: int) -> str:
    """A submission with its state."""
    return PATTERNS["submission"].format(submission_id=submission_id)


def post(post_id: int) -> str:
    """A post as it stands."""
    return PATTERNS["post"].format(post_id=post_id)


def review(post_id: int) -> str:
    """The page on which a post is approved, returned or rejected."""
    return PATTERNS["review"].format(post_id=post_id)


def comment(comment_id: int) -> str:
    """A citizen's comment, with its thread."""
    return PATTERNS["comment"].format(comment_id=comment_id)


def delivery(delivery_id: int) -> str:
    """A delivery, with what to decide about it."""
    return PATTERNS["delivery"].format(delivery_id=delivery_id)


def found(watch_id: int) -> str:
    """What others did to something of ours on its platform."""
    return PATTERNS["found"].format(watch_id=watch_id)


def accounts() -> str:
    """The city's social media accounts."""
    return PATTERNS["accounts"]


def stop() -> str:
    """Whether everything is stopped, by whom and why."""
    return PATTERNS["stop"]


def decisions() -> str:
    """What waits for a decision, and what a stop or a freeze keeps here."""
    return PATTERNS["decisions"]


def clocks() -> str:
    """Which clocks run, and when none did."""
    return PATTERNS["clocks"]


def department(code: str) -> str:
    """A department with its people and its history."""
    return PATTERNS["department"].format(code=code)


def duty() -> str:
    """The duty roster."""
    return PATTERNS["duty"]


def emergency() -> str:
    """Where whoever is on duty publishes, and takes alerts."""
    return PATTERNS["emergency"]


def emergency_use(use_id: int) -> str:
    """One use of the emergency lane, with what the department says afterwards."""
    return PATTERNS["emergency_use"].format(use_id=use_id)


def emergency_template(template_id: int) -> str:
    """A template, with its approval."""
    return PATTERNS["emergency_template"].format(template_id=template_id)


def secret(code: str) -> str:
    """The code as it stands in a stored notice."""
    return f"{MARK}{code}{MARK}"


def with_base(text: str, base_url: str) -> str:
    """The text as it leaves: the house's address in every link, no marks."""
    return text.replace(BASE, base_url).replace(MARK, "")


def without_secrets(text: str) -> str:
    """The text with every code and the token of every one-use link taken out."""
    return _CODE.sub("…", _SECRET.sub(r"\1…", text))
