"""Which mail of ours a reply answers, by what programs write into it."""

from __future__ import annotations

import pytest

from publisher.mail.messages.message import MailMessage
from publisher.mail.messages.read import read_message
from publisher.models.mailbox import MailOutcome
from publisher.models.submissions import Submission
from tests.mailbox.test_replies import NUMBER, acknowledged, notes
from tests.support.city import City
from tests.support.mailed import address_of, receive_one

MARATHI_NUMBER = "PMC/२०२६/०००००१"
BODY = {
    "gmail": "वेळ बदलली.\r\n\r\nOn Sun, Nov 29, 2026 at 9:00 AM Cell <c@pmc.example> wrote:\r\n> जुने",
    "outlook": "वेळ बदलली.\r\n\r\n-----Original Message-----\r\nFrom: Cell <c@pmc.example>\r\n"
    "Sent: Sunday, November 29, 2026 9:00 AM\r\nTo: Officer\r\nSubject: S\r\n\r\nजुने",
}
OURS = "<{id}@pmc.example>"
OTHERS = " ".join(f"<{number}.other@x.example>" for number in range(60))
CHAINS = {
    "Gmail: both, ours last": ("gmail", f"In-Reply-To: {OURS}\r\nReferences: <a@x> {OURS}"),
    "Gmail: a later reply": ("gmail", f"In-Reply-To: <b@x>\r\nReferences: {OURS}\r\n <b@x>"),
    "Outlook: In-Reply-To alone": ("outlook", f"In-Reply-To: {OURS}\r\nThread-Index: AdX1"),
    "Outlook: References alone": ("outlook", f"References: {OURS}\r\nThread-Topic: S"),
    "Outlook: its beginning is cut": ("outlook", f"References: .cut@x>\r\n {OURS}\r\n <b@x>"),
    "a long chain, ours last": ("gmail", f"References: {OTHERS} {OURS}"),
    "another domain than ours": ("gmail", "In-Reply-To: <{id}@relay.example>"),
}
SUBJECTS = [
    f"Re: पोचपावती: {NUMBER} – पाणी",
    f"FW: RE: {NUMBER}",
    f"उत्तर: पोचपावती: {MARATHI_NUMBER} – पाणी",
    f"अग्रे: {MARATHI_NUMBER}",
]


def raw(sender: str, program: str, headers: str, subject: str = "S") -> MailMessage:
    head = f"From: <{sender}>\r\nSubject: {subject}\r\nMessage-ID: <r@x.example>\r\n{headers}\r\n"
    kind = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return read_message(f"{head}{kind}\r\n{BODY[program]}\r\n".encode())


@pytest.mark.parametrize("chain", CHAINS)
def test_a_reply_is_joined_by_its_chain(town: City, chain: str) -> None:
    member = address_of(town, "member")
    with town.write() as session:
        submission, notice = acknowledged(session, town)
        program, headers = CHAINS[chain]
        reply = raw(member, program, headers.replace("{id}", notice.mail_id))
        mail = receive_one(session, town, reply)
        assert (mail.outcome, mail.submission_id) == (MailOutcome.JOINED, submission.id)
        assert [text for _kind, text in notes(session)] == ["वेळ बदलली."]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_without_a_chain_the_number_in_the_subject_counts(town: City, subject: str) -> None:
    member = address_of(town, "member")
    with town.write() as session:
        submission, _notice = acknowledged(session, town)
        mail = receive_one(session, town, raw(member, "outlook", "X-Mailer: Outlook", subject))
        assert (mail.outcome, mail.submission_id) == (MailOutcome.JOINED, submission.id)
        assert len(notes(session)) == 1


def test_a_number_of_nobody_is_a_submission_of_its_own(town: City) -> None:
    with town.write() as session:
        acknowledged(session, town)
        other = raw(address_of(town, "member"), "gmail", "X-A: b", "उत्तर: PMC/२०२६/००९९९९")
        mail = receive_one(session, town, other)
        assert mail.outcome is MailOutcome.SUBMISSION
        submission = session.get_one(Submission, mail.submission_id)
        assert submission.title == "PMC/२०२६/००९९९९"
