"""Compose notices: a kind and its values become a text in the reader's language, and a row."""

from __future__ import annotations

import re
import secrets
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from sqlalchemy.orm import Session

from publisher.i18n import dates
from publisher.i18n.languages import LANGUAGES, digits
from publisher.i18n.text_cleaning import strip_leading_handles
from publisher.models.notifications import Channel, Notice
from publisher.models.people import Person
from publisher.notifications import department_copies, links
from publisher.notifications.enclosure import Enclosure, insert_texts
from publisher.notifications.formatting import choose_language, format_values
from publisher.notifications.kinds import ABOUT_TEXTS, ANSWERS, HAS_SECRET, VALUES, NoticeKind
from publisher.notifications.preferences import NoticeRoute, choose_routes

LONGEST_SUBJECT = 78
LONGEST_QUOTATION = 1000
LONGEST_COMMENT = 160
LONGEST_BEGINNING = 40
"""The most characters of a comment that a subject has room for."""
_QUOTATIONS = frozenset({"reason", "comment", "answer"})
_WHOLE = frozenset({"letter_text", "people"})
"""Our own texts of several lines, which are kept as they are."""
_NEW_LINES = re.compile(r" *[\r\n]+ *")
_EMPTY_LINES = re.compile(r"\n{3,}")
_OF_AN_ANSWER = ("mr", "en")
_RULE = "\n" + "– " * 12 + "\n\n"


@dataclass(frozen=True)
class LinkedLine:
    """A line of a list in a mail, with the path of a link of its own below it."""

    text: str
    path: str


class WrongValues(Exception):
    """Values of this kind are missing, or it may not have these values, or no secret link."""


def queue(
    session: Session,
    *,
    kind: NoticeKind,
    person: Person,
    values: Mapping[str, object],
    now: datetime,
    path: str = "",
    to: str = "",
    post_id: int | None = None,
    wait: timedelta = timedelta(0),
    enclosure: Enclosure | None = None,
) -> Notice | None:
    """Queue a notice to a person in the person's language, by the channels that the person chose.

    The department of an officer or head without their own mail address gets a copy at its shared
    addresses: only title, department and deadline. No link or code of a person goes there. Returns
    the first of its rows, or None if there is no address or the person is disabled. Moments have to
    be aware; moments, numbers, roles, persons and departments are formatted here; a list of
    `LinkedLine` becomes lines with links. `path` (from `publisher.notifications.links`) is the
    target of the mail's link, by default Today. `to` is a mail address or mobile number instead of
    the person's own. A notice with a `post_id` is sent after `wait`, with those that then wait
    about the same post. A mail to an approver has an `enclosure`. Raises `WrongValues` if the
    values do not fit the kind.
    """
    if links.sets_password(path) and kind not in HAS_SECRET:
        raise WrongValues(kind, [], ["path"])
    if person.disabled_at is not None:
        return None
    ways = [_notice_route(to)] if to else choose_routes(session, person, kind)
    notices = _make_notices(
        session, kind, person, values, ways, now=now, path=path, enclosure=enclosure
    )
    copies = [] if to else department_copies.plan_copies(session, person, values, now=now)
    for mail, outline in copies:
        kind_of_copy, way = NoticeKind.DEPARTMENT_COPY, _notice_route(mail)
        notices += _make_notices(session, kind_of_copy, person, outline, [way], now=now)
    for notice in notices:
        notice.post_id, notice.send_at = post_id, now + wait
    session.add_all(notices)
    session.flush()
    return notices[0] if notices else None


def queue_answer(
    session: Session,
    *,
    kind: NoticeKind,
    address: str,
    values: Mapping[str, object],
    now: datetime,
    path: str,
    in_thread: Sequence[str],
) -> Notice:
    """Queue an answer to a mail, to the address that wrote it, in Marathi and then in English.

    `in_thread` has the Message-IDs of the thread, the answered one last.
    """
    texts = [
        compose_in_language(language, kind, address, values, now=now, path=path)[:2]
        for language in _OF_AN_ANSWER
    ]
    notice = Notice(
        kind=kind,
        address=address,
        language=_OF_AN_ANSWER[0],
        subject=texts[0][0],
        body=_RULE.join(body for _subject, body in texts),
        path=_strip_token(path),
        in_thread=list(in_thread),
        mail_id=secrets.token_hex(16),
        queued_at=now,
        send_at=now,
        state_at=now,
    )
    session.add(notice)
    session.flush()
    return notice


def _make_notices(
    session: Session,
    kind: NoticeKind,
    person: Person,
    values: Mapping[str, object],
    ways: Iterable[NoticeRoute],
    *,
    now: datetime,
    path: str = "",
    enclosure: Enclosure | None = None,
) -> list[Notice]:
    """Return the rows of a notice, one for each of these ways."""
    if not ways:
        return []
    subject, body, texts = compose(kind, person, values, now=now, path=path)
    body = insert_texts(body, enclosure)
    rows = [format_text_row(texts)] if kind in ABOUT_TEXTS else []
    if links.remove_secrets(body) != body:
        ways = [way for way in ways if department_copies.find_owner(session, way.address) is None]
    return [
        Notice(
            kind=kind,
            channel=way.channel,
            mail_too=way.mail_too,
            variables=texts if rows or way.channel is Channel.SMS else {},
            lines=rows,
            person=person,
            address=way.address,
            language=choose_language(person),
            subject=subject,
            body=body,
            path=enclosure.path if enclosure is not None else _strip_token(path),
            revision_id=enclosure.revision_id if enclosure is not None else None,
            mail_id=secrets.token_hex(16),
            queued_at=now,
            send_at=now,
            state_at=now,
        )
        for way in ways
    ]


def queue_for_each(
    session: Session,
    people: Iterable[Person],
    *,
    kind: NoticeKind,
    values: Mapping[str, object],
    now: datetime,
    path: str,
    post_id: int | None = None,
    wait: timedelta = timedelta(0),
) -> None:
    """Queue a notice to each of these people; see `queue`."""
    for person in people:
        queue(
            session,
            kind=kind,
            person=person,
            values=values,
            now=now,
            path=path,
            post_id=post_id,
            wait=wait,
        )


def _strip_token(path: str) -> str:
    """Return the path as it is stored: empty if it has the token of a one-time link."""
    return path if links.remove_secrets(links.BASE + path) == links.BASE + path else ""


def _notice_route(address: str) -> NoticeRoute:
    return NoticeRoute(Channel.MAIL if "@" in address else Channel.SMS, address)


def compose(
    kind: NoticeKind,
    person: Person,
    values: Mapping[str, object],
    *,
    now: datetime,
    path: str = "",
    languages: Container[str] = LANGUAGES,
) -> tuple[str, str, dict[str, str]]:
    """Return subject and text of a mail, and the values in it; links begin with a placeholder."""
    language = choose_language(person, languages)
    return compose_in_language(language, kind, person, values, now=now, path=path)


def compose_in_language(
    language: str,
    kind: NoticeKind,
    reader: Person | str,
    values: Mapping[str, object],
    *,
    now: datetime,
    path: str = "",
) -> tuple[str, str, dict[str, str]]:
    """Return the same in this language, to a person or to an address."""
    lists = {name: value for name, value in values.items() if isinstance(value, list)}
    plain = {name: value for name, value in values.items() if name not in lists}
    texts = format_values({**plain, "reader": reader}, language, now=now)
    texts = {name: _plain(name, text) for name, text in texts.items()}
    texts |= {name: _format_list(lines) for name, lines in lists.items()}
    name = texts.pop("reader")
    texts = _validate(kind, texts)
    texts["link"] = links.BASE + (path or links.TODAY)
    texts |= _short_moments(plain, language, now=now)
    rows = [format_text_row(texts)] if kind in ABOUT_TEXTS else []
    return *write(kind, language, texts, rows, reader=name), texts


def write(
    kind: str, language: str, texts: dict[str, str], rows: Sequence[str], *, reader: str
) -> tuple[str, str]:
    """Return subject and text of a mail with these texts; its `count` is set from `rows`."""
    if rows:
        texts["count"] = digits(str(len(rows)), language) if len(rows) > 1 else ""
    values = {**texts, "rows": "\n".join(f"– {row}" for row in rows)}
    subject, _, letter = _render(language, kind, values).partition("\n")
    letter = _EMPTY_LINES.sub("\n\n", letter.strip())  # where an optional line is left out
    # The question for the department has no submission yet that a reply could be added to.
    is_read = "yes" if kind in ANSWERS - {NoticeKind.MAIL_DEPARTMENT} else ""
    frame = {"name": reader, "letter": letter, "answer_is_read": is_read}
    body = _render(language, "letter", frame)
    return _cut(" ".join(subject.split()), LONGEST_SUBJECT), body.strip() + "\n"


def reply_note(language: str, fate: str) -> str:
    """Return the sentence on what becomes of a reply to a mail."""
    return _render(language, "reply_note", {"fate": fate}).strip()


def signature(language: str, **sender: str) -> str:
    """Return what follows the Cell's name below a mail: `city`, `phone` and `mail` of the sender.

    Empty values are left out.
    """
    return _render(language, "signature", sender).rstrip()


def format_text_row(texts: Mapping[str, str]) -> str:
    """Return the line of one text of a post: where, in which language, when, and what is wrong."""
    names = ("platform", "language", "account", "due_at", "at", "code", "trouble")
    return "; ".join(filter(None, (texts.get(name, "") for name in names)))


def _short_moments(values: Mapping[str, object], language: str, *, now: datetime) -> dict[str, str]:
    """Return each moment as `due_at_short`, for a subject or SMS that is read on another day."""
    return {
        f"{name}_short": dates.short_date_and_time(value, language, now=now)
        for name, value in values.items()
        if isinstance(value, datetime)
    }


def _plain(name: str, value: str) -> str:
    """Return the value without our marks; shortened, and in one line unless it is a quotation."""
    text = links.remove_marks(value)
    if name == "secret":
        return links.secret(text)
    if name in _WHOLE:
        return text
    if name not in _QUOTATIONS:
        text = _NEW_LINES.sub(" ", text)
    return _cut(text, LONGEST_COMMENT if name == "comment" else LONGEST_QUOTATION)


def _format_list(lines: Iterable[LinkedLine]) -> str:
    return "\n\n".join(f"{_plain('', line.text)}\n{links.BASE}{line.path}" for line in lines)


def _validate(kind: NoticeKind, texts: dict[str, str]) -> dict[str, str]:
    names = VALUES[kind].split()
    required = {name for name in names if not name.endswith("?")}
    allowed = {name.removesuffix("?") for name in names}
    if not required <= texts.keys() <= allowed:
        raise WrongValues(kind, sorted(required - texts.keys()), sorted(texts.keys() - allowed))
    return dict.fromkeys(allowed, "") | texts


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _beginning(text: str) -> str:
    """Return the beginning of a text in one line, for a subject."""
    return _cut(_NEW_LINES.sub(" ", strip_leading_handles(text)), LONGEST_BEGINNING)


@cache
def _templates() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=PackageLoader("publisher.i18n", "templates"),
        undefined=StrictUndefined,
        # Plain text is mailed as it is: there is no markup to escape it for.
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["beginning"] = _beginning
    environment.globals["texts_of_revision"] = links.TEXTS
    environment.globals["signature"] = links.SIGNATURE
    return environment


def _render(language: str, name: str, texts: Mapping[str, str]) -> str:
    paths = [f"{language}/{name}.txt", f"en/{name}.txt"]
    return _templates().select_template(paths).render(texts)
