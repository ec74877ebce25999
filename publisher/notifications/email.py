"""The tick that sends e-mails."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr

from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.i18n.languages import DEFAULT_LANGUAGE, digits
from publisher.media.store import MediaStore
from publisher.models.notifications import Channel, Notice
from publisher.notifications import compose, department_copies, dispatch, links, review_mail
from publisher.notifications.dispatch import NoticeRefused
from publisher.notifications.kinds import ANSWERS, HAS_SECRET, REPLY_FATES, NoticeKind, ReplyFate
from publisher.notifications.review_mail import ReviewParts
from publisher.notifications.smtp import MailServer, mail_server, send_letter
from publisher.settings.environment import Settings


@dataclass(frozen=True)
class Signature:
    """Who writes: the corporation in Marathi and English, and where to ask; empty if not set."""

    city_mr: str = ""
    city_en: str = ""
    phone: str = ""
    mail: str = ""

    def city_name(self, language: str) -> str:
        """Return the name of the corporation."""
        return self.city_en if language == "en" else self.city_mr

    def render(self, language: str) -> str:
        """Return what follows the Cell's name below a mail."""
        city, phone = self.city_name(language), digits(self.phone, language)
        return compose.signature(language, city=city, phone=phone, mail=self.mail)


@dataclass(frozen=True)
class MailOrigin:
    """The server and address that mails are sent from, and what they say about the sender.

    Links begin with `base_url`. `reply_to` is the address of the mailbox that is read, or empty.
    """

    smtp_url: str
    mail_from: str
    base_url: str
    reply_to: str = ""
    signature: Signature = Signature()

    @classmethod
    def from_settings(cls, settings: Settings) -> MailOrigin:
        """Return the sender of this city."""
        city, desk = settings.city, settings.help_desk
        signature = Signature(city.name_mr, city.name_en, desk.phone, desk.mail)
        smtp_url, mail_from = settings.smtp_url, settings.mail_from
        return cls(smtp_url, mail_from, settings.base_url, settings.reply_to, signature)


def tick_mail(
    database: Database,
    sender: MailOrigin,
    *,
    now: Callable[[], datetime],
    limit: int = 50,
    store: MediaStore | None = None,
    context: ssl.SSLContext | None = None,
    only: str = "",
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send up to `limit` due mails; return the number that the server accepted.

    The tick ends early, and leaves the rest untouched, if the server is unreachable or once
    `is_stopping`. With `only`, just the mails of this kind are sent. Pictures of posts are read
    from the `store`.
    """
    carrier = _ByMail(database, mail_server(sender.smtp_url, context), sender, now, store)
    return dispatch.tick(
        database, carrier, now=now, limit=limit, only=only, is_stopping=is_stopping
    )


def send_test(sender: MailOrigin, address: str, *, now: datetime) -> str:
    """Send a mail that asks for nothing, and return the server's answer. Raises a `NotSent`."""
    kind, language = "mail_test", DEFAULT_LANGUAGE
    subject, body = compose.write(kind, language, {}, (), reader=address)
    notice = Notice(kind=kind, address=address, language=language, subject=subject, body=body)
    notice.mail_id = secrets.token_hex(16)
    return send_letter(mail_server(sender.smtp_url), letter(notice, sender, now=now))


@dataclass(frozen=True)
class _ByMail:
    """Sends mails by the mail server."""

    database: Database
    server: MailServer
    sender: MailOrigin
    now: Callable[[], datetime]
    store: MediaStore | None
    channel: Channel = Channel.MAIL

    def hand_over(self, notice: Notice) -> None:
        """Send a mail; return once it is accepted. Raises a `NotSent`."""
        if self._is_for_nobody(notice):
            raise NoticeRefused("its address is a department's now")
        parts = review_mail.load_parts(self.database, self.store, notice)
        send_letter(self.server, letter(notice, self.sender, now=self.now(), review_parts=parts))

    def _is_for_nobody(self, notice: Notice) -> bool:
        """Return True if a person's mail would go to an address that is now a department's."""
        is_for_the_address = notice.kind == NoticeKind.DEPARTMENT_COPY or notice.kind in ANSWERS
        if is_for_the_address and notice.kind not in HAS_SECRET:
            return False
        with self.database.reading() as session:
            return department_copies.find_owner(session, notice.address) is not None

    def give_up_on(self, session: Session, notice: Notice, *, now: datetime) -> bool:
        """Return False: a mail has no other channel."""
        return False


def letter(
    notice: Notice, sender: MailOrigin, *, now: datetime, review_parts: ReviewParts | None = None
) -> EmailMessage:
    """Return the mail of a notice; a mail to an approver has `review_parts`.

    A sender's address without a name gets the name in the signature.
    """
    message = EmailMessage(policy=WIRE)
    _set_sender(message, sender.mail_from, sender.signature.city_name(notice.language))
    message["To"] = notice.address
    if sender.reply_to:
        message["Reply-To"] = sender.reply_to
    # Python's own folding drops a space between two encoded words, so the header comes folded.
    message.set_raw("Subject", Header(notice.subject, "utf-8", header_name="Subject").encode())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id_of(notice, mail_from=sender.mail_from)
    if notice.in_thread:
        # Folded here as well: Python would write a name of more than a line as an encoded word.
        names = [f"<{name}>" for name in notice.in_thread]
        message.set_raw("In-Reply-To", names[-1])
        message.set_raw("References", "\r\n ".join(names))
    message["Auto-Submitted"] = "auto-replied" if notice.kind in ANSWERS else "auto-generated"
    body = notice.body.replace(links.SIGNATURE, sender.signature.render(notice.language))
    text = body = add_reply_note(body, notice, is_read=bool(sender.reply_to))
    if review_parts is not None:
        text = review_mail.plain_body(body, review_parts, notice.language)
    text = links.add_base_url(text, sender.base_url)
    message.set_content(text, charset="utf-8", cte="base64")  # any server takes it as it is
    if review_parts is not None:
        review_mail.add_html(message, notice, body, review_parts, sender.base_url)
    message["Content-Language"] = notice.language
    return message


def _set_sender(message: EmailMessage, mail_from: str, city: str) -> None:
    name, address = parseaddr(mail_from)
    if name or not city:
        message["From"] = mail_from
    else:
        # Folded like the subject.
        encoded = Header(city, "utf-8", header_name="From").encode()
        message.set_raw("From", f"{encoded} <{address}>")


def add_reply_note(body: str, notice: Notice, *, is_read: bool) -> str:
    """Return a mail's text, saying what becomes of a reply; `is_read` if a mailbox is read.

    Answers to mails say it themselves, in each of their languages.
    """
    if notice.kind in ANSWERS:
        return body
    fate = REPLY_FATES.get(notice.kind, ReplyFate.REACHES_CELL) if is_read else ReplyFate.UNREAD
    return f"{body.rstrip()} {compose.reply_note(notice.language, fate)}\n"


def message_id_of(notice: Notice, *, mail_from: str) -> str:
    """Return the Message-ID of a notice's mail, which is the same for each try."""
    domain = parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"
    return f"<{notice.mail_id}@{domain}>"
