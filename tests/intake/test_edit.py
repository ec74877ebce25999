"""Submissions can be changed until drafting starts; concurrent changes are not lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from approvals.policy import Actor
from publisher.database.session import Database
from publisher.drafting import save
from publisher.intake import close, edit, persistence, submit
from publisher.intake.edit import ChangedMeanwhile, DraftingBegun
from publisher.intake.form import HandIn
from publisher.intake.persistence import store_form
from publisher.intake.uploads import KeptFile, UploadedFile
from publisher.media.folder_store import FolderStore
from publisher.models.history import Event
from publisher.models.submission_details import SubmissionChange
from publisher.models.submissions import Priority, Submission, SubmissionKind
from publisher.states import SubmissionState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import DAY, NOON, add_department, verbs_of
from tests.support.forms import form, handed_in, mails, photo

FILES = (UploadedFile("a.jpg", photo(60)), UploadedFile("b.jpg", photo(61), alt_mr="टाकी"))


def change(
    session: Session,
    town: City,
    store: FolderStore,
    submission: Submission,
    new_form: HandIn | None = None,
    *,
    by: Actor | None = None,
    seen_version: int = 1,
    **changed: object,
) -> tuple[str, ...]:
    """Change a submission on the next day, by its current form or by another one."""
    own = persistence.submission_to_form(session.get_one(Submission, submission.id))
    form = replace(new_form or own, **changed)  # type: ignore[arg-type]  # a test's own fields
    return edit.change(
        session,
        actor=by or town.actor("member"),
        now=NOON + DAY / 2,
        submission_id=submission.id,
        seen_edition=seen_version,
        stored_form=store_form(store, form),
    )


def values_before(session: Session, edition: int) -> dict[str, str]:
    """Return the previous values of this edition's changed fields."""
    query = select(SubmissionChange).where(SubmissionChange.edition == edition)
    return {change.field: change.before for change in session.scalars(query)}


@pytest.fixture
def submission(database: Database, town: City) -> Submission:
    with database.transaction() as session:
        return handed_in(session, town, files=FILES)


def test_texts_times_and_event_change_and_the_former_ones_are_kept(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        fields = change(
            session,
            town,
            store,
            submission,
            title="रविवारी पाणीपुरवठा बंद",
            kind=SubmissionKind.EVENT,
            event_on=date(2026, 11, 29),
            event_place=" पर्वती  टाकी ",
            wished_at=NOON + 2 * DAY,
        )
    with database.reading() as session:
        changed = session.get_one(Submission, submission.id)
        assert set(fields) == {"kind", "title", "wished_at", "event_on", "event_place"}
        assert (changed.title, changed.event_place) == ("रविवारी पाणीपुरवठा बंद", "पर्वती टाकी")
        assert (changed.event_on, changed.wished_at) == (date(2026, 11, 29), NOON + 2 * DAY)
        assert (changed.number, changed.edition) == (submission.number, 2)
        assert verbs_of(session, changed) == ["hand_in", "change_submission"]
        event = session.scalars(select(Event).where(Event.verb == "change_submission")).one()
        assert event.details == {"edition": 2, "fields": list(fields)}
        previous = values_before(session, 2)
        assert (previous["title"], previous["kind"]) == ("शनिवारी पाणीपुरवठा बंद", "public_notice")
        assert (previous["wished_at"], previous["event_on"]) == ((NOON + DAY).isoformat(), "")


@pytest.mark.parametrize("who", ["first", "second", "head"])
def test_anybody_of_the_department_changes_it(
    database: Database, town: City, store: FolderStore, submission: Submission, who: str
) -> None:
    with database.transaction() as session:
        by = town.actor(who)
        assert change(session, town, store, submission, by=by, title="दुसरे") == ("title",)


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("clerk", WrongRole),
        ("lead", WrongRole),
        ("auditor", WrongRole),
        ("road_officer", NotFound),
    ],
)
def test_nobody_else_changes_what_a_department_handed_in(
    database: Database,
    town: City,
    store: FolderStore,
    submission: Submission,
    who: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error), database.transaction() as session:
        change(session, town, store, submission, by=town.actor(who), title="दुसरे")


def test_the_cell_mends_what_it_recorded_itself(
    database: Database, town: City, store: FolderStore
) -> None:
    form_fields = form(town, brought_by="दूरध्वनीवरून, किरण")
    with database.transaction() as session:
        recorded = submit.create_submission(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form_fields),
        )
        assert change(
            session, town, store, recorded, by=town.actor("clerk"), inward_number="आवक/१३"
        ) == ("inward_number",)
        assert change(session, town, store, recorded, seen_version=2, title="दुसरे") == ("title",)
        assert recorded.brought_by == "दूरध्वनीवरून, किरण"


def test_a_form_that_changes_nothing_leaves_no_trace(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        assert change(session, town, store, submission, seen_version=99) == ()
        assert session.get_one(Submission, submission.id).edition == 1
        assert verbs_of(session, submission) == ["hand_in"]


def test_files_are_removed_rotated_and_added_and_the_rest_keep_addresses(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        first, second = session.get_one(Submission, submission.id).files
        own = persistence.submission_to_form(session.get_one(Submission, submission.id))
        new = UploadedFile("c.jpg", photo(62))
        assert change(session, town, store, submission, files=(own.files[1], new)) == ("files",)
    with database.transaction() as session:
        files = session.get_one(Submission, submission.id).files
        assert [file.name for file in files] == ["b.jpg", "c.jpg"]
        assert (files[0].id, files[0].position, files[0].alt_mr) == (second.id, 0, "टाकी")
        assert "a.jpg" in values_before(session, 2)["files"]
        own = persistence.submission_to_form(session.get_one(Submission, submission.id))
        turned = tuple(reversed(own.files))
        assert change(session, town, store, submission, seen_version=2, files=turned) == ("files",)
        again = session.get_one(Submission, submission.id).files
        assert [file.name for file in again] == ["c.jpg", "b.jpg"]
        assert again[1].id == second.id != first.id


def test_more_files_than_a_form_takes_may_stay_but_no_further_one_be_added(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    digests = [store.save(bytes([number])) for number in range(10)]
    many = [KeptFile(f"{d[:4]}.pdf", d, "application/pdf", 1) for d in digests]
    with database.transaction() as session:
        persistence.fill_files(session, session.get_one(Submission, submission.id), many)
    with database.transaction() as session:
        assert change(session, town, store, submission, title="Ten papers") == ("title",)
        own = persistence.submission_to_form(session.get_one(Submission, submission.id))
        assert len(own.files) == 10
        assert len(persistence.form_again(session.get_one(Submission, submission.id)).files) == 8
        further = (*own.files[1:], UploadedFile("c.jpg", photo(62)))
        with pytest.raises(Invalid) as caught:
            change(session, town, store, submission, seen_version=2, files=further)
        assert caught.value.codes == [("files", "too_many_files")]
        fewer = own.files[1:]
        assert change(session, town, store, submission, seen_version=2, files=fewer) == ("files",)


def test_a_photos_words_alone_are_a_change_too(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        own = persistence.submission_to_form(session.get_one(Submission, submission.id))
        descriptions = (replace(own.files[0], alt_mr="नळ"), own.files[1])
        assert change(session, town, store, submission, files=descriptions) == ("files",)
        assert session.get_one(Submission, submission.id).files[0].alt_mr == "नळ"


def test_the_second_of_two_is_told_what_the_first_changed(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        stale = persistence.submission_to_form(session.get_one(Submission, submission.id))
        change(session, town, store, submission, title="पहिला बदल", link="https://pmc.example")
    with pytest.raises(ChangedMeanwhile) as caught, database.transaction() as session:
        change(session, town, store, submission, stale, by=town.actor("head"), text_mr="दुसरा बदल")
    assert (caught.value.newest, set(caught.value.fields)) == (2, {"title", "link"})
    with database.transaction() as session:
        assert session.get_one(Submission, submission.id).title == "पहिला बदल"
        fields = change(session, town, store, submission, stale, seen_version=2, text_mr="दुसरा बदल")
        assert set(fields) == {"title", "link", "text_mr"}


def test_a_past_wished_time_may_stay_but_no_new_one_may_be_in_the_past(
    database: Database, town: City, store: FolderStore
) -> None:
    with database.transaction() as session:
        soon = handed_in(session, town, wished_at=NOON + DAY / 4)
        assert change(session, town, store, soon, title="दुसरे") == ("title",)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        change(session, town, store, soon, seen_version=2, wished_at=NOON + DAY / 3)
    assert caught.value.codes == [("wished_at", "past")]


def test_after_drafting_has_begun_it_is_told_so_and_nothing_changes(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        save.start(session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id)
    with pytest.raises(DraftingBegun) as caught, database.transaction() as session:
        change(session, town, store, submission, title="उशीर झाला")
    assert caught.value.values == {"number": submission.number}
    with database.transaction() as session:
        assert session.get_one(Submission, submission.id).title == "शनिवारी पाणीपुरवठा बंद"


def test_what_has_ended_is_not_changed(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        close.decline(
            session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id, reason="जुने"
        )
    with pytest.raises(WrongState), database.transaction() as session:
        change(session, town, store, submission, title="उशीर झाला")


def test_what_is_urgent_says_why_and_what_is_not_keeps_no_reason(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        change(session, town, store, submission, priority=Priority.URGENT, urgent_reason="\u200b")
    assert caught.value.codes == [("urgent_reason", "required")]
    with database.transaction() as session:
        why = "आज रात्री जलवाहिनी फुटली."
        change(session, town, store, submission, priority=Priority.URGENT, urgent_reason=why)
        assert session.get_one(Submission, submission.id).priority is Priority.URGENT
        change(session, town, store, submission, seen_version=2, priority=Priority.NORMAL)
        assert session.get_one(Submission, submission.id).urgent_reason == ""
        assert values_before(session, 3)["urgent_reason"] == "आज रात्री जलवाहिनी फुटली."


def test_wards_are_ward_offices_and_nothing_else(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        ward = add_department(session, "ward-aundh", kind="ward-office")
        assert [ward_office.id for ward_office in persistence.ward_offices(session, now=NOON)] == [
            ward.id
        ]
        change(session, town, store, submission, wards=(ward.id,))
        changed = session.get_one(Submission, submission.id)
        assert [ward.code for ward in changed.wards] == ["ward-aundh"]
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        change(
            session,
            town,
            store,
            submission,
            seen_version=2,
            wards=(ward.id, town.departments["road"]),
        )
    assert caught.value.codes == [("wards", "unknown_ward")]


def test_an_event_ends_after_it_begins_and_begins_somewhen(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"event_until_on": date(2026, 12, 1)}, ("event_on", "first_day_missing")),
        (
            {"event_on": date(2026, 12, 2), "event_until_on": date(2026, 12, 1)},
            ("event_until_on", "before_event"),
        ),
    ]
    for days, code in cases:
        with pytest.raises(Invalid) as caught, database.transaction() as session:
            change(session, town, store, submission, **days)
        assert caught.value.codes == [code]


def test_an_earlier_one_is_used_again_without_its_dates(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.transaction() as session:
        again = persistence.form_again(session.get_one(Submission, submission.id))
        assert (again.title, again.kind) == (submission.title, submission.kind)
        assert (again.wished_at, again.useful_until, again.event_on) == (None, None, None)
        assert (again.outward_number, again.priority) == ("", Priority.NORMAL)
        another = submit.create_submission(
            session,
            actor=town.actor("member"),
            now=NOON + DAY,
            city_code="PMC",
            stored_form=store_form(store, again),
        )
        assert another.number == "PMC/2026/000002"
        assert another.state is SubmissionState.RECEIVED
        assert [file.name for file in another.files] == ["a.jpg", "b.jpg"]
        assert len(mails(session)) == 2


def test_a_file_that_is_no_longer_in_the_store_is_named(
    database: Database, town: City, store: FolderStore, submission: Submission
) -> None:
    with database.reading() as session:
        again = persistence.form_again(session.get_one(Submission, submission.id))
    second = again.files[1]
    assert isinstance(second, KeptFile)
    store.path(second.sha256).unlink()
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        submit.create_submission(
            session,
            actor=town.actor("member"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, again),
        )
    assert caught.value.codes == [("files-1", "picture_missing")]


@pytest.mark.twin
def test_a_change_racing_with_drafting_is_in_the_draft_or_refused(
    database: Database, town: City, store: FolderStore
) -> None:
    for round_ in range(4):
        with database.transaction() as session:
            submission = handed_in(session, town, title=f"पाणी {round_}", form_token="")
        ready = Barrier(2, timeout=30)

        def changing(submission: Submission = submission, ready: Barrier = ready) -> str:
            ready.wait()
            try:
                with database.transaction() as session:
                    change(session, town, store, submission, title="नवे शीर्षक")
            except DraftingBegun:
                return submission.title
            return "नवे शीर्षक"

        def beginning(submission: Submission = submission, ready: Barrier = ready) -> str:
            ready.wait()
            with database.transaction() as session:
                post = save.start(
                    session,
                    actor=town.actor("clerk"),
                    now=NOON + DAY / 2,
                    submission_id=submission.id,
                )
                return post.title

        with ThreadPoolExecutor(2) as pool:
            acts = pool.submit(changing), pool.submit(beginning)
            edited, drafted = (act.result() for act in acts)
        with database.reading() as session:
            stored = session.get_one(Submission, submission.id)
            assert edited == drafted == stored.title
            assert stored.state is SubmissionState.DRAFTED
