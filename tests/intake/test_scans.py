"""Files that wait for the virus scanner are asked about by the clock, and used by nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from sqlalchemy import select, update

from publisher.database.session import Database
from publisher.drafting.prefill import first_draft
from publisher.intake import persistence, scans, submit, uploads
from publisher.intake.form import HandIn
from publisher.intake.persistence import store_form
from publisher.intake.uploads import KeptFile, UploadedFile, UploadRefused
from publisher.media.virus_scanner import Clamd
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.models.submissions import ScanResult, Submission, SubmissionFile, SubmissionKind
from publisher.operations import mail_checks
from tests.support.away_store import AwayStore
from tests.support.city import City
from tests.support.clamd import ScriptedClamd, says, scripted
from tests.support.forms import photo
from tests.support.processes import free_port


@pytest.fixture
def scanner() -> Iterator[ScriptedClamd]:
    with scripted() as server:
        yield server


def hand_in_unscanned(town: City, *widths: int) -> int:
    """Hand in photos of which the scanner did not answer, and return the submission's id."""
    away = Clamd(("127.0.0.1", free_port()))
    files: list[KeptFile] = []
    for width in widths:
        content = photo(width)
        file = uploads.check_upload(UploadedFile(f"{width}.jpg", content))
        kept_file = scans.scan_file(away, file, BytesIO(content), ends_at=away.ends_at())
        assert not kept_file.is_usable
        files.append(kept_file)
    with town.write() as session:
        submission = submit.create_submission(
            session,
            actor=town.actor("member"),
            now=town.now,
            city_code="PMC",
            stored_form=store_form(
                town.store,
                HandIn(
                    department_id=town.departments["water"],
                    kind=SubmissionKind.OTHER,
                    title="Photos",
                    text_en="Photos of the tank.",
                    files=tuple(files),
                ),
            ),
        )
        return submission.id


def tick(town: City, scanner: Clamd) -> int:
    return scans.tick_scans(town.database, town.store, scanner, now=town.clock)


def pictures(town: City, submission_id: int) -> int:
    """Return how many photos the first draft of the submission has."""
    with town.read() as session:
        submission = session.get_one(Submission, submission_id)
        draft = first_draft(submission, session.scalars(select(Account)).all())
        return len(draft.variants[0].pictures)


def results(town: City) -> list[ScanResult | None]:
    with town.read() as session:
        query = select(SubmissionFile.scan).order_by(SubmissionFile.id)
        return list(session.scalars(query))


def test_a_file_with_a_virus_is_refused_and_a_clean_one_is_kept(scanner: ScriptedClamd) -> None:
    file = uploads.check_upload(UploadedFile("a.jpg", photo()))
    client = scanner.client()
    kept_file = scans.scan_file(client, file, BytesIO(b"x"), ends_at=client.ends_at())
    assert (kept_file.scan, kept_file.is_usable) == (ScanResult.CLEAN, True)
    scanner.answer = says("stream: Some.Virus FOUND")
    with pytest.raises(UploadRefused) as caught:
        scans.scan_file(client, file, BytesIO(b"x"), ends_at=client.ends_at())
    assert (caught.value.code, caught.value.values["virus"]) == ("infected", "Some.Virus")


def test_the_clock_asks_later_and_what_is_clean_can_be_used(
    town: City, scanner: ScriptedClamd
) -> None:
    submission_id = hand_in_unscanned(town, 60, 61)
    assert pictures(town, submission_id) == 0
    assert tick(town, scanner.client()) == 2
    assert results(town) == [ScanResult.CLEAN] * 2
    assert tick(town, scanner.client()) == 0
    assert pictures(town, submission_id) == 2
    with town.read() as session:
        assert not session.scalars(select(Event).where(Event.verb == scans.FIND_VIRUS)).all()


def test_a_virus_found_later_is_in_the_history_and_never_used_again(
    town: City, scanner: ScriptedClamd
) -> None:
    submission_id = hand_in_unscanned(town, 60)
    scanner.answer = says("stream: Some.Virus FOUND")
    assert tick(town, scanner.client()) == 1
    with town.read() as session:
        submission = session.get_one(Submission, submission_id)
        (file,) = submission.files
        assert (file.scan, file.scan_note, file.is_usable) == ("infected", "Some.Virus", False)
        event = session.scalars(select(Event).where(Event.verb == scans.FIND_VIRUS)).one()
        assert event.details == {"name": "60.jpg", "virus": "Some.Virus"}
        assert persistence.form_again(submission).files == ()
        assert len(persistence.submission_to_form(submission).files) == 1


def test_a_scanner_that_is_away_is_asked_once_and_the_file_last_next_time(
    database: Database, town: City, scanner: ScriptedClamd
) -> None:
    hand_in_unscanned(town, 60, 61)
    scanner.answer = says("stream: Can't allocate memory ERROR")
    assert tick(town, scanner.client()) == 0
    assert len(scanner.contents) == 1
    (finding,) = mail_checks.check_unscanned(database)
    assert (finding.ok, finding.values["number"]) == (False, 2)
    assert "allocate memory" in str(finding.values["problem"])
    scanner.answer = says("stream: OK")
    assert tick(town, scanner.client()) == 1
    assert results(town) == [ScanResult.UNSCANNED, ScanResult.CLEAN]
    town.clock.move(scans.AGAIN_AFTER)
    assert tick(town, scanner.client()) == 1
    assert mail_checks.check_unscanned(database) == []


def test_files_that_are_too_large_or_gone_do_not_keep_the_others_waiting(
    town: City, scanner: ScriptedClamd
) -> None:
    hand_in_unscanned(town, 60, 61)
    with town.read() as session:
        digest = session.scalars(select(SubmissionFile.sha256)).first()
    town.store.remove(digest or "")
    assert tick(town, scanner.client()) == 1
    assert results(town) == [ScanResult.UNSCANNED, ScanResult.CLEAN]
    scanner.answer = says("INSTREAM size limit exceeded. ERROR")
    with town.write() as session:
        session.execute(update(SubmissionFile).values(scan=ScanResult.UNSCANNED))
    town.clock.move(scans.AGAIN_AFTER)
    assert tick(town, scanner.client()) == 0
    with town.read() as session:
        notes = session.scalars(select(SubmissionFile.scan_note).order_by(SubmissionFile.id)).all()
    assert [note.partition(":")[0] for note in notes] == ["MediumMissing", "TooLargeForScanner"]


def test_files_that_cannot_be_read_wait_and_are_not_missing(
    town: City, scanner: ScriptedClamd
) -> None:
    hand_in_unscanned(town, 60, 61)
    store = AwayStore(town.store.root)
    town = replace(town, store=store)
    store.is_away = True
    assert tick(town, scanner.client()) == 0
    assert store.asked == ["open_file"]
    assert scanner.contents == []
    with town.read() as session:
        notes = session.scalars(select(SubmissionFile.scan_note).order_by(SubmissionFile.id)).all()
    assert [note.partition(":")[0] for note in notes] == ["StoreAway", ""]
    store.is_away = False
    town.clock.move(scans.AGAIN_AFTER)
    assert tick(town, scanner.client()) == 2
    assert results(town) == [ScanResult.CLEAN] * 2


def test_doctor_says_which_scanner_answers(scanner: ScriptedClamd) -> None:
    assert mail_checks.check_scanner("").code == "scanner_unset"
    finding = mail_checks.check_scanner(scanner.url)
    assert (finding.ok, finding.values["version"]) == (True, scanner.version)
    away = mail_checks.check_scanner(f"tcp://127.0.0.1:{free_port()}")
    assert (away.ok, away.code) == (False, "scanner_away")
