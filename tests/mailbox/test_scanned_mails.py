"""Files of mails pass the virus scanner, or are left out, or wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from publisher.mail.mailbox import quarantine
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail, with_files
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import MailFile, MailMessage
from publisher.media.virus_scanner import Clamd
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.submissions import ScanResult, Submission
from tests.support.city import City
from tests.support.clamd import VIRUS, ScriptedClamd, finds, scripted
from tests.support.mailed import address_of, intake_of, message
from tests.support.processes import free_port

FILES = (
    MailFile("clean.pdf", "application/pdf", b"%PDF-1.7 clean"),
    MailFile("bad.zip", "application/zip", b"PK\x03\x04 virus"),
)
NOTE = {"code": "infected", "name": "bad.zip", "virus": VIRUS}


@pytest.fixture
def scanner() -> Iterator[ScriptedClamd]:
    with scripted() as server:
        server.answer = finds(b"virus")
        yield server


def intake_with(town: City, clamd: Clamd) -> MailIntake:
    return replace(intake_of(town.store), clamd=clamd)


def prepared(town: City, mail: MailMessage, intake: MailIntake) -> PreparedMail:
    digest = town.store.save(repr(mail).encode())
    return with_files(town.database, digest, mail, intake=intake, now=town.now, is_taken_in=True)


def received(town: City, mail: MailMessage, clamd: Clamd) -> ReceivedMail:
    intake = intake_with(town, clamd)
    ready = prepared(town, mail, intake)
    with town.write() as session:
        return receive(session, ready, intake=intake, now=town.now)


def test_clean_files_of_a_mail_are_taken_as_ever(town: City, scanner: ScriptedClamd) -> None:
    mail = message(address_of(town, "member"), files=FILES[:1])
    outcome = received(town, mail, scanner.client())
    assert (outcome.outcome, outcome.notes) == (MailOutcome.SUBMISSION, [])
    with town.read() as session:
        (file,) = session.get_one(Submission, outcome.submission_id).files
        assert (file.name, file.scan) == ("clean.pdf", ScanResult.CLEAN)


def test_a_mail_with_a_virus_waits_and_is_taken_in_without_it(
    town: City, scanner: ScriptedClamd
) -> None:
    mail = message(address_of(town, "member"), files=FILES)
    outcome = received(town, mail, scanner.client())
    assert (outcome.outcome, outcome.reason) == (MailOutcome.QUARANTINED, "infected")
    assert outcome.notes == [NOTE]
    assert [file["name"] for file in outcome.files] == ["clean.pdf"]
    assert town.store.exists(outcome.raw_sha256 or ""), "nothing is lost"
    intake = intake_with(town, scanner.client())
    ready = prepared(town, mail, intake)
    with town.write() as session:
        waiting = session.scalars(select(Quarantine)).one()
        submission = quarantine.take_in_waiting_mail(
            session,
            ready,
            actor=town.actor("clerk"),
            intake=intake,
            now=town.now,
            quarantine_id=waiting.id,
            department_id=town.departments["water"],
        )
        assert [file.name for file in submission.files] == ["clean.pdf"]
        assert submission.handed_in_by_id == town.actor("member").person_id
        assert waiting.mail.notes == [NOTE]


def test_without_the_scanner_the_submission_is_made_and_its_files_wait(town: City) -> None:
    away = Clamd(("127.0.0.1", free_port()))
    outcome = received(town, message(address_of(town, "member"), files=FILES), away)
    assert outcome.outcome is MailOutcome.SUBMISSION
    with town.read() as session:
        files = session.get_one(Submission, outcome.submission_id).files
        assert [file.scan for file in files] == [ScanResult.UNSCANNED] * 2


def test_a_virus_that_is_known_only_later_is_noted_at_the_taking_in(
    town: City, scanner: ScriptedClamd
) -> None:
    scanner.answer = finds(b"nothing of this kind")
    mail = message("stranger@elsewhere.example", files=FILES)
    assert received(town, mail, scanner.client()).notes == []
    scanner.answer = finds(b"virus")
    intake = intake_with(town, scanner.client())
    ready = prepared(town, mail, intake)
    with town.write() as session:
        waiting = session.scalars(select(Quarantine)).one()
        quarantine.take_in_waiting_mail(
            session,
            ready,
            actor=town.actor("clerk"),
            intake=intake,
            now=town.now,
            quarantine_id=waiting.id,
            department_id=town.departments["water"],
        )
        assert waiting.mail.notes == [NOTE]
