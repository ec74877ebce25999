"""A visitor's letter is taken in as a mail, and the sandbox says what became of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from demo import people
from demo.letters import LetterReader
from demo.mails import correspondents, load_addresses
from demo.seeding.sandbox_client import SandboxClient
from publisher.database.session import Database
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.submissions import Submission
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.now import now
from publisher.settings.environment import load
from tests.demo.conftest import City
from tests.support.processes import free_port

BASE = "http://127.0.0.1:5000"
KIRAN = people.people_by_key()["kiran-wabale"].mail
LETTER = {"sender": KIRAN, "subject": "पाणी बंद", "text": "गुरुवारी पाणी बंद."}


def write(city: City, **fields: str) -> None:
    """Write a letter on the page."""
    files = [("files", ("a.txt", b"a", "text/plain"))]
    sent = requests.post(
        f"{city.sandbox.url}/letterbox/write", data=fields, files=files, timeout=10
    )
    sent.raise_for_status()


@pytest.mark.ci
def test_letters_become_submissions_answers_and_waiting_mails(city: City) -> None:
    settings, client = city.settings, SandboxClient(city.sandbox.url)
    with LetterReader(city.database, client, settings, now) as letters:
        write(city, **LETTER)
        assert letters.read_new() == 1
        send_answers(city)
        write(city, **{**LETTER, "answer": "1", "text": "वेळ सकाळी ९ पर्यंत."})
        write(city, **{**LETTER, "forged": "on", "text": "खोटा मजकूर"})
        write(city, **LETTER)
        assert (letters.read_new(), letters.read_new()) == (3, 0)
    with city.database.reading() as session:
        submission = session.scalars(select(Submission)).one()
        waiting = session.scalars(select(Quarantine)).one()
        outcomes = session.scalars(select(ReceivedMail.outcome).order_by(ReceivedMail.id)).all()
        reasons = session.scalars(select(ReceivedMail.reason).order_by(ReceivedMail.id)).all()
        own, kept = f"/submissions/{submission.id}", f"/quarantine/{waiting.id}"
    assert outcomes == [
        MailOutcome.SUBMISSION,
        MailOutcome.JOINED,
        MailOutcome.QUARANTINED,
        MailOutcome.DUPLICATE,
    ]
    assert reasons[2] == "unproven_sender"
    pages = [
        requests.get(f"{city.sandbox.url}/letterbox/written/{number}", timeout=10).text
        for number in range(1, 5)
    ]
    for page, path in zip(pages, (own, own, kept, own), strict=True):
        assert f'href="{settings.base_url}{path}"' in page


def send_answers(city: City) -> None:
    """Let the acknowledgement come to the letterbox, as its only mail."""
    sent = tick_mail(
        city.database,
        MailOrigin(smtp_url=city.settings.smtp_url, mail_from="city@pmc.example", base_url=BASE),
        now=now,
        only="mail_acknowledgement",
    )
    assert sent == 1


def test_a_letter_waits_while_the_sandbox_does_not_answer(
    on_sqlite: Database, tmp_path: Path
) -> None:
    settings = load({}, folder=tmp_path)
    gone = SandboxClient(f"http://127.0.0.1:{free_port()}")
    assert LetterReader(on_sqlite, gone, settings, now).read_new() == 0


def test_people_and_shared_addresses_of_the_city_may_write() -> None:
    cell, *others = correspondents("cell@pmc.example")
    assert (cell["address"], cell["office"]) == ("cell@pmc.example", "")
    addresses = {row["address"] for row in others}
    assert {KIRAN, *(address.mail for address in load_addresses())} <= addresses
    assert people.people_by_key()["ramesh-dhamale"].mail not in addresses
    assert all(row["office"] for row in others)
