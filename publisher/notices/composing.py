"""Composing mails: a kind and its values become a text in the reader's language, and a row."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from sqlalchemy.orm import Session

from publisher.models.notices import Notice
from publisher.models.people import Person
from publisher.notices import paths
from publisher.notices.wording import in_words, language_of

LONGEST_SUBJECT = 200
LONGEST_QUOTATION = 1000
_QUOTATIONS = frozenset({"reason", "comment", "answer"})
_NEW_LINES = re.compile(r" *[\r\n]+ *")


class NoticeKind(StrEnum):
    """What a mail is about; each kind has a template in every language."""

    INVITATION = "invitation"
    ACKNOWLEDGEMENT = "acknowledgement"
    SUBMISSION_DECLINED = "submission_declined"
    SUBMISSION_RETURNED = "submission_returned"
    REVIEW_ASKED = "review_asked"
    REVIEW_BLOCKED = "review_blocked"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    ANSWER_WAITS = "answer_waits"
    COMMENT_ROUTED = "comment_routed"
    ACCOUNT_PAUSED = "account_paused"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_MISSED = "delivery_missed"
    DELIVERY_HELD = "delivery_held"


# What each kind says; what ends in "?" may be left out. `department` may come as one row, or as
# `department_mr` and `department_en`; a person as the row.
_WANTED: Mapping[NoticeKind, str] = {
    NoticeKind.INVITATION: "role department expires_at by?",
    NoticeKind.ACKNOWLEDGEMENT: "number title department received_at wished_at?",
    NoticeKind.SUBMISSION_DECLINED: "number title reason by?",
    NoticeKind.SUBMISSION_RETURNED: "number title reason by?",
    NoticeKind.REVIEW_ASKED: "title revision department by? due_at? standing_in?",
    NoticeKind.REVIEW_BLOCKED: "title department revision? why?",
    NoticeKind.APPROVED: "title revision department by?",
    NoticeKind.RETURNED: "title revision department reason by?",
    NoticeKind.REJECTED: "title revision department reason by?",
    NoticeKind.APPROVAL_WITHDRAWN: "title revision department reason by?",
    NoticeKind.ANSWER_WAITS: "answer comment department by? due_at?",
    NoticeKind.COMMENT_ROUTED: "comment author department due_at platform? title? by? reason?",
    NoticeKind.ACCOUNT_PAUSED: "account platform? handle? reason?",
    NoticeKind.DELIVERY_FAILED: "title account due_at platform? code?",
    NoticeKind.DELIVERY_MISSED: "title account due_at platform? code?",
    NoticeKind.DELIVERY_HELD: "title account due_at platform? code?",
}


class WrongValues(Exception):
    """A mail of this kind needs values that are missing, or knows nothing of these."""


def queue(
    session: Session,
    *,
    kind: NoticeKind,
    person: Person,
    values: Mapping[str, object],
    now: datetime,
    path: str = "",
) -> Notice | None:
    """Queue a mail to a person in the person's language; None where there is no address, or the
    person is disabled.

    Moments are aware; they, numbers, roles, persons and departments are put into words here.
    `path` (from `publisher.notices.paths`) is where the mail's link leads, by default to Today.
    Raises `WrongValues` where the values do not fit the kind.
    """
    if not person.mail or person.disabled_at is not None:
        return None
    subject, body = compose(kind, person, values, now=now, path=path)
    notice = Notice(
        kind=kind,
        person=person,
        address=person.mail,
        language=language_of(person),
        subject=subject,
        body=body,
        mail_id=secrets.token_hex(16),
        queued_at=now,
        send_at=now,
        state_at=now,
    )
    session.add(notice)
    session.flush()
    return notice


def compose(
    kind: NoticeKind,
    person: Person,
    values: Mapping[str, object],
    *,
    now: datetime,
    path: str = "",
) -> tuple[str, str]:
    """Subject and text of a mail; its links begin with the mark that stands for our address."""
    language = language_of(person)
    said = in_words(values, language, now=now)
    said = _checked(kind, {name: _plain(name, text) for name, text in said.items()})
    said["link"] = paths.BASE + (path or paths.today())
    subject, _, letter = _render(language, kind, said).partition("\n")
    name = _plain("name", in_words({"name": person}, language, now=now)["name"])
    body = _render(language, "letter", {"name": name, "letter": letter.strip()})
    return _shortened(" ".join(subject.split())), body.strip() + "\n"


def _plain(name: str, value: str) -> str:
    """Without our mark for links, in one line unless it is a quotation; a long one is cut."""
    text = value.replace(paths.BASE, "")
    if name not in _QUOTATIONS:
        text = _NEW_LINES.sub(" ", text)
    return text if len(text) <= LONGEST_QUOTATION else text[: LONGEST_QUOTATION - 1] + "…"


def _checked(kind: NoticeKind, said: dict[str, str]) -> dict[str, str]:
    wanted = _WANTED[kind].split()
    needed = {name for name in wanted if not name.endswith("?")}
    known = {name.removesuffix("?") for name in wanted}
    if not needed <= said.keys() <= known:
        raise WrongValues(kind, sorted(needed - said.keys()), sorted(said.keys() - known))
    return dict.fromkeys(known, "") | said


def _shortened(subject: str) -> str:
    if len(subject) <= LONGEST_SUBJECT:
        return subject
    return subject[: LONGEST_SUBJECT - 1].rstrip() + "…"


@cache
def _templates() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=PackageLoader("publisher.words", "templates"),
        undefined=StrictUndefined,
        # Plain text is mailed as it is: there is no markup to escape it for.
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(language: str, name: str, said: Mapping[str, str]) -> str:
    return _templates().get_template(f"{language}/{name}.txt").render(said)
