"""Reminder letters on paper, and all of a call as one PDF and one ZIP, made by the clock."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from publisher.database.session import Database
from publisher.models.nominations import CallAddressee, NominationCall, ReminderLetter
from publisher.models.people import Person
from publisher.models.saved_views import Export, ExportFile
from publisher.nominations.letter_text import read_letter_text
from publisher.papers import letter_exports
from publisher.papers.letter_exports import NoLetters, tick_letter_exports
from publisher.papers.reminder_letters import letters_pdf
from publisher.reports.export import tick_exports
from publisher.settings.environment import Settings, load
from publisher.validation import NotFound
from tests.nominations.steps import Calls, city_to_call
from tests.papers import reading
from tests.support.city_people import DAY

NUMBERS = [f"PMC/SP/2026/000{number}" for number in range(1, 4)]


@pytest.fixture
def calls(on_sqlite: Database) -> Calls:
    return city_to_call(on_sqlite)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    texts = {"OUTWARD_NUMBER": "मनपा/मातं/", "SIGNATORY": "उपआयुक्त"}
    environment = {f"NAGARVANI_{name}": text for name, text in texts.items()}
    return load(environment, folder=tmp_path)


def stored_letters(calls: Calls) -> list[ReminderLetter]:
    department = joinedload(ReminderLetter.addressee).joinedload(CallAddressee.department)
    with calls.city.read() as session:
        query = select(ReminderLetter).options(department).order_by(ReminderLetter.id)
        return list(session.scalars(query))


def start(calls: Calls, call_id: int, by: str = "lead") -> int:
    with calls.city.write() as session:
        call = session.get_one(NominationCall, call_id)
        export = letter_exports.start(
            session, actor=calls.city.actor(by), now=calls.city.now, call=call
        )
        session.flush()
        return export.id


def fetch(content: Callable[..., bytes], calls: Calls, export_id: int, by: str = "lead") -> bytes:
    """Return a file of an export, as this person gets it."""
    with calls.city.read() as session:
        actor, now = calls.city.actor(by), calls.city.now
        return content(session, actor=actor, now=now, export_id=export_id)


def export_of(calls: Calls, export_id: int) -> Export:
    with calls.city.read() as session:
        return session.get_one(Export, export_id)


def test_a_letter_is_printed_with_number_day_address_and_its_own_signatory(
    calls: Calls, settings: Settings
) -> None:
    calls.head()
    calls.write_letters(calls.open("garden"))
    letters = stored_letters(calls)
    (page,) = reading.texts(letters_pdf(letters, settings=settings, now=calls.city.now))
    assert page.startswith(
        f"पुणे महानगरपालिका जावक क्र.: {NUMBERS[0]} दिनांक: २५ नोव्हेंबर २०२६ स्मरणपत्र प्रति, मा. चारुता"
    )
    for part in read_letter_text(letters[0]).parts:
        assert " ".join(part.split()) in page
    assert "अतिरिक्त महापालिका आयुक्त" in page
    assert "उपआयुक्त" not in page


def test_a_letter_is_printed_again_as_it_was(calls: Calls, settings: Settings) -> None:
    calls.head()
    calls.write_letters(calls.open("garden"))
    before = letters_pdf(stored_letters(calls), settings=settings, now=calls.city.now)
    with calls.city.write() as session:
        session.scalars(select(Person).where(Person.name_mr == "चारुता")).one().name_mr = "दुसरे"
    calls.wait(30)
    after = letters_pdf(stored_letters(calls), settings=settings, now=calls.city.now)
    assert reading.texts(after) == reading.texts(before)


def test_all_letters_are_made_in_steps_as_one_pdf_and_one_zip(
    calls: Calls, settings: Settings
) -> None:
    call_id = calls.open("garden", "road", "health")
    calls.write_letters(call_id)
    export_id = start(calls, call_id)
    progress = []
    while tick_letter_exports(calls.city.database, settings, now=calls.city.now, step=2):
        export = export_of(calls, export_id)
        progress.append((export.done, export.total, export.finished_at is not None))
    assert progress == [(2, 3, False), (3, 3, False), (3, 3, True)]
    pages = reading.texts(fetch(letter_exports.whole_pdf, calls, export_id))
    archive = zipfile.ZipFile(BytesIO(fetch(letter_exports.zip_of_letters, calls, export_id)))
    codes = [letter.addressee.department.code for letter in stored_letters(calls)]
    assert [number in page for number, page in zip(NUMBERS, pages, strict=True)] == [True] * 3
    names = [f"PMC-SP-2026-000{number}-{code}.pdf" for number, code in enumerate(codes, 1)]
    assert archive.namelist() == names
    assert [reading.texts(archive.read(name)) for name in names] == [[page] for page in pages]


def test_what_is_written_meanwhile_is_left_out(calls: Calls, settings: Settings) -> None:
    calls.report_to("garden", "health")
    call_id = calls.open("garden")
    calls.write_letters(call_id)
    export_id = start(calls, call_id)
    calls.wait(7)
    calls.write_letters(call_id)
    calls.wait(-7)
    while tick_letter_exports(calls.city.database, settings, now=calls.city.now):
        pass
    with calls.city.read() as session:
        names = session.scalars(select(ExportFile.name).where(ExportFile.export_id == export_id))
        assert list(names) == ["PMC-SP-2026-0001-garden.pdf", "letters.pdf"]


def test_the_files_are_the_requesters_alone_once_made_and_for_a_day(
    calls: Calls, settings: Settings
) -> None:
    call_id = calls.open("garden")
    with pytest.raises(NoLetters):
        start(calls, call_id)
    calls.write_letters(call_id)
    export_id = start(calls, call_id)
    with pytest.raises(NotFound):
        fetch(letter_exports.whole_pdf, calls, export_id)
    while tick_letter_exports(calls.city.database, settings, now=calls.city.now):
        pass
    assert fetch(letter_exports.whole_pdf, calls, export_id).startswith(b"%PDF")
    with pytest.raises(NotFound):
        fetch(letter_exports.whole_pdf, calls, export_id, by="admin")
    calls.city.clock.move(DAY)
    tick_exports(calls.city.database, now=calls.city.now)
    with calls.city.read() as session:
        assert session.scalars(select(ExportFile)).all() == []


@pytest.mark.parametrize("why", ["script", "letterhead", "appointment"])
def test_files_that_cannot_be_made_or_are_nobodys_any_more_are_given_up(
    calls: Calls, settings: Settings, why: str
) -> None:
    calls.head(name="محمد علی" if why == "script" else "चारुता")
    call_id = calls.open("garden")
    calls.write_letters(call_id)
    export_id = start(calls, call_id)
    if why == "letterhead":
        papers = replace(settings.papers, letterhead=Path(__file__))
        settings = replace(settings, papers=papers)
    if why == "appointment":
        calls.city.end("lead")
    assert tick_letter_exports(calls.city.database, settings, now=calls.city.now) == 0
    assert export_of(calls, export_id).failed_at == calls.city.now
    assert tick_letter_exports(calls.city.database, settings, now=calls.city.now) == 0
