"""Mails to the cell in the tests' city, as if they had been read."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.mail.mailbox import mail_files
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import (
    AuthenticationResult,
    MailAddress,
    MailFile,
    MailMessage,
    UnreadableReason,
)
from publisher.media.store import MediaStore
from publisher.models.comments import Comment
from publisher.models.departments import DepartmentAddress
from publisher.models.mailbox import Quarantine, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.notifications import links
from publisher.notifications.kinds import NoticeKind
from publisher.states import AppointmentState
from publisher.tasks import messages
from tests.support.city import City
from tests.support.city_people import DAY, NOON

SERVER = "mail.pmc.example"
TEXT = "शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील."
_PLAIN = MailMessage(
    size=2_000,
    message_id="first@water.example",
    in_reply_to=(),
    references=(),
    sender=MailAddress("nobody@elsewhere.example", "कोणी"),
    reply_to=(),
    subject="शनिवारी पाणीपुरवठा बंद",
    sent_at=NOON,
    text=TEXT,
    forwarded_from=None,
    files=(),
    notes=(),
    automatic=None,
    results=(),
)


def address_of(town: City, name: str) -> str:
    """Return the mail address of somebody of the city."""
    with town.read() as session:
        return session.get_one(Person, town.actor(name).person_id).mail or ""


def message(sender: str, **changed: object) -> MailMessage:
    """Return a mail from this address about the water, with what the test changes."""
    fields = {"sender": MailAddress(sender), **changed}
    return replace(_PLAIN, **fields)  # type: ignore[arg-type]  # a test's own fields


def passed(domain: str) -> tuple[AuthenticationResult, ...]:
    """Return the results of our own server for a sender of this domain."""
    return (AuthenticationResult(SERVER, "dmarc", "pass", domain),)


def intake_of(store: MediaStore, *, mail_server: str = "") -> MailIntake:
    """Return what mails are taken in with; without a server, senders are not checked."""
    return MailIntake(store, "PMC", "Nagarvani <city@pmc.example>", mail_server)


def prepared(
    store: MediaStore, mail: MailMessage, *, raw: bytes = b"", is_taken_in: bool = True
) -> PreparedMail:
    """Store the raw mail and the files, as is done before the transaction."""
    content = raw or repr(mail).encode()
    digest = store.save(content)
    files = mail_files.choose_files(mail.files)
    if is_taken_in:
        files = mail_files.store_files(store, files)
    return PreparedMail(digest, mail.size, mail, files=files)


def receive_one(
    session: Session, town: City, mail: MailMessage, *, mail_server: str = ""
) -> ReceivedMail:
    """Receive this mail now."""
    intake = intake_of(town.store, mail_server=mail_server)
    return receive(session, prepared(town.store, mail), intake=intake, now=town.now)


def share_address(
    session: Session, town: City, mail: str, *, department: str = "water", confirmed: bool = True
) -> DepartmentAddress:
    """Record a department's shared address."""
    address = DepartmentAddress(
        department_id=town.departments[department],
        mail=mail,
        recorded_at=NOON,
        confirmed_at=NOON if confirmed else None,
    )
    session.add(address)
    session.flush()
    return address


def reply_to_comment(
    town: City, comment_id: int, text: str, *, by: str = "first", files: tuple[MailFile, ...] = ()
) -> ReceivedMail:
    """Let somebody answer the mail that told the officer of a comment."""
    with town.write() as session:
        comment = session.get_one(Comment, comment_id)
        officer = session.get_one(Person, town.people[by])
        messages.queue_comment(session, officer, comment, now=town.now)
        of_comment = select(Notice.mail_id).where(
            Notice.kind == NoticeKind.COMMENT_ROUTED, Notice.path == links.comment(comment_id)
        )
        answered = f"{session.scalars(of_comment).first()}@pmc.example"
        mail = message(
            address_of(town, by),
            in_reply_to=(answered,),
            text=text,
            files=files,
            message_id=f"{comment_id}.{by}@x.example",
        )
        return receive_one(session, town, mail)


def appoint_to(session: Session, town: City, name: str, department: str) -> Appointment:
    """Let somebody of the city be a member of one more department."""
    appointment = Appointment(
        person_id=town.people[name],
        role=Role.MEMBER,
        department_id=town.departments[department],
        from_at=town.now - DAY,
        state=AppointmentState.ACTIVE,
        state_at=town.now - DAY,
    )
    session.add(appointment)
    session.flush()
    return appointment


def ask_department(
    session: Session, town: City, name: str = "member", *, also: str = "road", **changed: object
) -> tuple[str, ReceivedMail]:
    """Receive a mail of somebody who gets `also` as a department, which is asked for.

    Returns the token of the link, and the mail.
    """
    if also:
        appoint_to(session, town, name, also)
    mail = receive_one(session, town, message(address_of(town, name), **changed))
    notice = session.get_one(Notice, mail.notice_id)
    token = notice.body.partition("/mail/department/")[2].split()[0]
    return token, mail


def add_waiting(town: City, name: str) -> dict[str, int]:
    """Let one mail of a stranger wait and another be unreadable, and return their ids."""
    unread = PreparedMail(town.store.save(name.encode()), 5, unreadable=UnreadableReason.NO_HEADERS)
    with town.write() as session:
        mail = receive_one(session, town, message(f"stranger-{name}@elsewhere.example"))
        refused = receive(session, unread, intake=intake_of(town.store), now=town.now)
        waiting = session.scalars(select(Quarantine).where(Quarantine.mail_id == mail.id)).one()
        return {"quarantine_id": waiting.id, "mail_id": refused.id}
