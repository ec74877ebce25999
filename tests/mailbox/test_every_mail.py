"""Every mail of the samples: by SMTP into a real Dovecot, read, and acknowledged by SMTP.

The table every_mail.txt says what becomes of each, in the order of the circular's own list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.database.session import Database
from publisher.intake import questions
from publisher.mail.mailbox.imap import imap_server
from publisher.mail.mailbox.reader import MailboxReading, tick_mailbox
from publisher.models.mailbox import Quarantine, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Department
from publisher.models.submission_details import SubmissionNote
from publisher.models.submissions import Submission
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.people.appointments import record_person
from publisher.people.permissions import COMMAND
from publisher.states import SubmissionState
from tests.support import dovecot, mail_exchange
from tests.support.city import City
from tests.support.city import city as build_city
from tests.support.city_people import NOON
from tests.support.dovecot import Dovecot
from tests.support.mail import Mail, MailServer
from tests.support.mail_exchange import CELL, HOST, PRESS, send
from tests.support.mail_samples.all_samples import EXPECTED
from tests.support.mail_samples.builder import SENDER
from tests.support.mail_samples.heavy import heavy_mails
from tests.support.mailed import address_of, intake_of, share_address

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing()),
]
TABLE = Path(__file__).with_name("every_mail.txt")
BASE = "https://city.example"
FORGER = "forger@elsewhere.example"


@dataclass(frozen=True)
class Sent:
    """A mail with its envelope."""

    raw: bytes
    sender: str
    to: tuple[str, ...] = (CELL,)


@dataclass
class Post:
    """The city with its mail server and its mailboxes; `names` are those of the mails in order."""

    town: City
    mailboxes: Dovecot
    server: MailServer
    names: list[str] = field(default_factory=list)

    def bring(self, mails: dict[str, Sent]) -> None:
        """Send the mails, read both mailboxes, and send what answers them."""
        for name, mail in mails.items():
            send(self.server, mail.raw, sender=mail.sender, to=mail.to)
            self.names.append(name)
        self.read()

    def read(self, folder: str = "") -> None:
        """Read a mailbox to its end, and send what answers its mails."""
        intake = intake_of(self.town.store, mail_server=HOST)
        address = imap_server(self.mailboxes.url + folder)
        reading = MailboxReading(self.town.database, address, intake, lambda: NOON)
        tick_mailbox(reading, waits=False)
        while self._send_answers():
            pass

    def _send_answers(self) -> int:
        return tick_mail(
            self.town.database,
            MailOrigin(
                smtp_url=self.server.url, mail_from="Nagarvani <city@pmc.example>", base_url=BASE
            ),
            now=lambda: NOON,
        )

    def answer_to(self, name: str) -> Mail:
        """Return our answer to a mail, as its sender got it."""
        with self.town.read() as session:
            notice = received(session)[self.names.index(name)].notice
            assert notice is not None, name
            prefix = f"<{notice.mail_id}@"
        (answer,) = (
            mail for mail in self.server.mails if mail.content["Message-ID"].startswith(prefix)
        )
        return answer


@pytest.fixture
def town(on_sqlite: Database, tmp_path: Path) -> City:
    """Build a city on SQLite alone: what a mail becomes depends on no database."""
    return build_city(on_sqlite, tmp_path)


@pytest.fixture
def post(town: City) -> Iterator[Post]:
    """Run the mail server and the mailboxes of a city whose offices are registered."""
    with dovecot.serving() as mailboxes, mail_exchange.serving(mailboxes) as server:
        with town.write() as session:
            offices = {*EXPECTED, *heavy_mails(), "first", "once", "twofold"} - {"newsletter"}
            for name in sorted(offices):
                share_address(session, town, office(name))
            share_address(session, town, office("unconfirmed"), confirmed=False)
            share_address(session, town, office("closed"), department="garden")
            garden = session.get_one(Department, town.departments["garden"])
            garden.until_on = (NOON - timedelta(days=1)).date()
            for department in ("road", "health"):
                record_person(
                    session,
                    actor=COMMAND,
                    now=NOON,
                    name_mr="दोन विभागांचे",
                    mail=office("both"),
                    role=Role.MEMBER,
                    department_id=town.departments[department],
                )
        yield Post(town, mailboxes, server)


def office(name: str) -> str:
    """Return the address of the office that sends this mail: each has one of its own."""
    return f"{name.replace('_', '-')}@pune.example"


def samples() -> dict[str, Sent]:
    """Return the mails of many programs, and the heavy ones."""
    raw_mails = {name: sample.raw for name, sample in EXPECTED.items()} | heavy_mails()
    return {
        name: Sent(
            raw.replace(SENDER.encode(), office(name).encode()),
            "" if raw.startswith(b"Return-Path: <>") else office(name),
        )
        for name, raw in raw_mails.items()
    }


def typed(sender: str, text: str, *further: str, subject: str = "सूचना", envelope: str = "") -> Sent:
    """Return a mail as a phone writes it; without `further` its Message-ID is of its text."""
    rows = (
        f"From: <{sender}>",
        "To: cell@pmc.example",
        f"Subject: {subject}",
        "Date: Mon, 12 Oct 2026 10:15:00 +0530",
        *(further or (f"Message-ID: <{len(text)}.{sender}>",)),
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        text,
    )
    return Sent("".join(f"{row}\r\n" for row in rows).encode(), envelope or sender)


def by_sender(town: City) -> dict[str, Sent]:
    """Return mails that differ by who sends them, and how often."""
    member = address_of(town, "member")
    once = typed(office("once"), "एकच सूचना.")
    six = {f"mail_{number}_of_a_day": f"सूचना {number}" for number in range(1, 7)}
    both = typed(office("twofold"), "दोन पेट्यांची सूचना.")
    return {
        **{
            f"of_the_{who}": typed(address_of(town, who), f"{who}: पाणी बंद.")
            for who in ("member", "first", "head", "clerk")
        },
        "of_two_departments": typed(office("both"), "दोन विभागांची सूचना."),
        "of_an_unconfirmed_address": typed(office("unconfirmed"), "सूचना."),
        "of_a_closed_department": typed(office("closed"), "बाग बंद."),
        "of_a_stranger": typed("stranger@elsewhere.example", "नमस्कार."),
        "spoofed": typed(member, "खोटी सूचना.", envelope=FORGER),
        **{name: typed(office("first"), text, "X-N: 1") for name, text in six.items()},
        "once": once,
        "once_again": once,
        "once_by_another_id": typed(
            office("once"), "एकच सूचना.", "Message-ID: <other@pune.example>"
        ),
        "same_id_other_text": replace(once, raw=once.raw.replace("एकच".encode(), "दुसरी".encode())),
        "in_two_mailboxes": replace(both, to=(CELL, PRESS)),
    }


def test_every_mail_becomes_what_the_table_says(post: Post) -> None:
    post.bring({**samples(), **by_sender(post.town)})
    post.mailboxes.deliver(b"This is no mail.\r\n")
    post.names.append("no_mail")
    post.read()
    post.names.append("in_the_second_mailbox")
    post.read("/Press")
    assert_read_and_answered(post)
    replies, expect = replies_to_ours(post)
    post.bring(replies)
    lines = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    assert table_of(post) == {line.partition(" | ")[0]: line for line in lines}
    expect()
    before = counts(post)
    post.mailboxes.renumber()
    post.read()
    assert counts(post) == before, "a mailbox with new UIDs is read again, and nothing is twice"


def counts(post: Post) -> tuple[int, ...]:
    """Return how many submissions, notes, waiting mails and answers there are."""
    with post.town.read() as session:
        tables = (Submission, SubmissionNote, Quarantine, Notice)
        rows = [session.scalar(select(func.count()).select_from(table)) for table in tables]
    return (*(count or 0 for count in rows), len(post.server.mails))


def assert_read_and_answered(post: Post) -> None:
    """Compare texts, and the answers that the senders have got, with the mails."""
    with post.town.read() as session:
        mails = dict(zip(post.names, received(session), strict=True))
        for name, sample in EXPECTED.items():
            if sample.text is not None:
                assert (name, mails[name].text) == (name, sample.text)
            names = [file["name"] for file in mails[name].files]
            assert (name, names) == (name, [file_name for file_name, _mime in sample.files or ()])
        answered = {name: mail for name, mail in mails.items() if mail.notice_id}
        for name, mail in answered.items():
            answer = post.answer_to(name)
            assert answer.recipients == (mail.sender,)
            assert answer.content["Auto-Submitted"] == "auto-replied"
            if mail.submission_id is None:
                assert f"{BASE}/mail/department/" in answer.text
            else:
                assert f"{BASE}/submissions/{mail.submission_id}" in answer.text
                assert "पोच" in answer.text
                assert "received" in answer.text.lower()
            if 0 < len(mail.message_id) <= 250:
                assert answer.content["In-Reply-To"] == f"<{mail.message_id}>"
        assert len(answered) == len(post.server.mails)


def replies_to_ours(post: Post) -> tuple[dict[str, Sent], Callable[[], None]]:
    """Return mails that answer mails of ours, and a check of what they did."""
    town = post.town
    post_id = town.in_review("water")
    with town.write() as session:
        mails = dict(zip(post.names, received(session), strict=True))
        asked_id = mails["of_the_member"].submission_id or 0
        number = (
            mails["gmail_android"].submission.number if mails["gmail_android"].submission else ""
        )
        questions.return_submission(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            submission_id=asked_id,
            question="कोणता भाग?",
        )
    post.read()
    officer = address_of(town, "first")
    review = next(
        mail
        for mail in post.server.mails
        if mail.recipients == (officer,) and "/approve/" in mail.text
    )

    def thread(mail: Mail) -> str:
        return f"In-Reply-To: {mail.content['Message-ID']}"

    first = post.answer_to("gmail_web")
    web, member = office("gmail_web"), address_of(town, "member")
    replies = {
        "reply_to_the_acknowledgement": typed(web, "वेळ बदलली आहे.", thread(first)),
        "reply_by_the_number": typed(
            office("gmail_android"), "आणखी एक.", "X-N: 1", subject=f"Re: {number}"
        ),
        "reply_of_a_stranger": typed("stranger@elsewhere.example", "मीही.", thread(first)),
        "reply_of_another_department": typed(address_of(town, "road_member"), "मत.", thread(first)),
        "automatic_reply": typed(web, "रजेवर.", thread(first), "Auto-Submitted: auto-replied"),
        "answer_to_a_question": typed(member, "पूर्व भाग.", thread(post.answer_to("of_the_member"))),
        "reply_to_a_review": typed(officer, "मान्य आहे.", thread(review)),
        "second_reply_to_a_review": typed(officer, "मान्यता देतो.", thread(review)),
    }

    def expect() -> None:
        with town.read() as session:
            submission = session.get_one(Submission, asked_id)
            assert submission.state is SubmissionState.RECEIVED
        assert f"{BASE}/posts/{post_id}/review" in post.answer_to("reply_to_a_review").text

    return replies, expect


def received(session: Session) -> list[ReceivedMail]:
    """Return the mails in the order in which they were read."""
    return list(session.scalars(select(ReceivedMail).order_by(ReceivedMail.id)))


def table_of(post: Post) -> dict[str, str]:
    """Return a line for each mail."""
    with post.town.read() as session:
        mails = dict(zip(post.names, received(session), strict=True))
        # The first mail of a submission is the one that it was made of.
        origins = {mail.submission_id: name for name, mail in reversed(mails.items())}
        return {name: line_of(name, mail, origins) for name, mail in mails.items()}


def line_of(name: str, mail: ReceivedMail, origins: dict[int | None, str]) -> str:
    """Return what became of a mail: outcome, department, files, notes, and what it led to."""
    kinds = [file["kind"] for file in mail.files]
    files = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    notes = ", ".join(dict.fromkeys(note["code"] for note in mail.notes))
    led_to = []
    if mail.submission_id and origins[mail.submission_id] != name:
        led_to.append(f"of {origins[mail.submission_id]}")
    if mail.notice_id:
        led_to.append("answered")
    outcome = mail.outcome.value + (f": {mail.reason}" if mail.reason else "")
    code = mail.department.code if mail.department else "-"
    return " | ".join([name, outcome, code, files or "-", notes or "-", ", ".join(led_to) or "-"])
