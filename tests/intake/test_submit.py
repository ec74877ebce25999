from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import BytesIO
from threading import Barrier

import pytest
from PIL import Image
from sqlalchemy import func, select

from approvals.errors import WrongRole
from publisher.database.session import Database
from publisher.intake import submit
from publisher.intake.persistence import store_form
from publisher.intake.uploads import UploadedFile
from publisher.media.folder_store import FolderStore
from publisher.models.notifications import Notice
from publisher.models.people import Department, Person
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import DAY, NOON, verbs_of
from tests.support.forms import form, handed_in, mails, photo

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def errors_of(
    database: Database, town: City, store: FolderStore, **changed: object
) -> list[tuple[str, str]]:
    """Return field and code of each error of this form."""
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        handed_in(session, town, **changed)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0
    return caught.value.codes


def test_a_member_hands_in_and_gets_a_number_at_once_and_by_mail(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        handed = handed_in(session, town)
    with database.reading() as session:
        submission = session.get_one(Submission, handed.id)
        assert submission.number == "PMC/2026/000001"
        assert submission.state is SubmissionState.RECEIVED
        assert (submission.received_at, submission.wished_at) == (NOON, NOON + DAY)
        assert submission.outward_number == "पापु/३०७"
        assert submission.handed_in_under_id == town.actor("member").appointment_id
        assert verbs_of(session, submission) == ["hand_in"]
        assert mails(session) == [("acknowledgement", town.actor("member").person_id)]
        assert "PMC/2026/000001" in session.scalars(select(Notice.body)).one()


@pytest.mark.parametrize("who", ["first", "head"])
def test_officers_and_heads_hand_in_for_their_own_department(
    database: Database, town: City, store: FolderStore, who: str
) -> None:
    actor = town.actor(who)
    with database.transaction() as session:
        submit.create_submission(
            session,
            actor=actor,
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form(town)),
        )
        assert mails(session) == [("acknowledgement", actor.person_id)]


@pytest.mark.parametrize("who", ["road_officer", "admin", "auditor"])
def test_nobody_else_hands_in_for_it(
    database: Database, town: City, store: FolderStore, who: str
) -> None:
    with pytest.raises(WrongRole), database.transaction() as session:
        submit.create_submission(
            session,
            actor=town.actor(who),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form(town)),
        )


def test_the_cell_submits_for_a_department_and_tells_its_first_officer(
    database: Database, town: City, store: FolderStore
) -> None:
    form_fields = form(town, inward_number="आवक/१२", brought_by="दूरध्वनीवरून, किरण")
    with database.transaction() as session:
        submission = submit.create_submission(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form_fields),
        )
        assert (submission.inward_number, submission.brought_by) == (
            "आवक/१२",
            "दूरध्वनीवरून, किरण",
        )
        assert submission.handed_in_by_id == town.actor("clerk").person_id
        assert mails(session) == [("acknowledgement", town.actor("first").person_id)]


def test_the_cell_has_to_say_who_brought_it(
    database: Database, town: City, store: FolderStore
) -> None:
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        submit.create_submission(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form(town)),
        )
    assert caught.value.codes == [("brought_by", "required")]


def test_a_department_cannot_write_into_the_cells_own_fields(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town, inward_number="१", brought_by="x" * 999)
        assert (submission.inward_number, submission.brought_by) == ("", "")


def test_a_department_without_anybody_in_office_is_recorded_all_the_same(
    database: Database, town: City, store: FolderStore
) -> None:
    form_fields = form(
        town, department_id=town.departments["information-technology"], brought_by="स्वतः"
    )
    with database.transaction() as session:
        submit.create_submission(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form_fields),
        )
        assert mails(session) == []


def test_the_same_form_twice_is_one_submission_even_after_its_wished_time(
    database: Database, town: City, store: FolderStore
) -> None:
    with database.transaction() as session:
        first = handed_in(session, town, form_token="a1")
    late = form(town, form_token="a1")
    with database.transaction() as session:
        again = submit.create_submission(
            session,
            actor=town.actor("member"),
            now=NOON + 2 * DAY,
            city_code="PMC",
            stored_form=store_form(store, late),
        )
        assert again.id == first.id
        assert len(mails(session)) == 1
    with database.transaction() as session:
        another = handed_in(session, town, form_token="b2", title="दुसरी सूचना")
        assert another.number == "PMC/2026/000002"


def test_the_same_content_from_a_new_page_is_one_submission_for_an_hour(
    database: Database, town: City, store: FolderStore
) -> None:
    """The response was lost, and the browser fills the form in again."""
    with database.transaction() as session:
        first = handed_in(session, town, form_token="a1")
        assert handed_in(session, town, form_token="b2").id == first.id
        assert len(mails(session)) == 1
    with database.transaction() as session:
        changed = handed_in(session, town, form_token="c3", text_mr="वेळ बदलली आहे.")
        assert changed.id != first.id
    later = form(town, form_token="d4", wished_at=NOON + 3 * DAY)
    with database.transaction() as session:
        hour_later = NOON + timedelta(hours=2)
        other = submit.create_submission(
            session,
            actor=town.actor("member"),
            now=hour_later,
            city_code="PMC",
            stored_form=store_form(store, later),
        )
        assert other.id not in (first.id, changed.id)


@pytest.mark.both
def test_a_form_sent_twice_at_once_is_one_submission_with_one_number(
    database: Database, town: City
) -> None:
    together = Barrier(4)

    def send(_: int) -> int:
        together.wait(10)
        with database.transaction() as session:
            return handed_in(session, town, form_token="twice").id

    with ThreadPoolExecutor(4) as senders:
        results_by_sender = set(senders.map(send, range(4)))
    assert len(results_by_sender) == 1
    with database.transaction() as session:
        assert len(mails(session)) == 1
        assert handed_in(session, town).number == "PMC/2026/000002"


def test_a_form_of_another_department_shows_nothing_of_what_it_became(
    database: Database, town: City, store: FolderStore
) -> None:
    with database.transaction() as session:
        handed_in(session, town, form_token="a1")
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        submit.create_submission(
            session,
            actor=town.actor("road_officer"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(
                store, form(town, department_id=town.departments["road"], form_token="a1")
            ),
        )
    assert caught.value.codes == [("form_token", "used")]


def test_every_problem_is_told_at_once(database: Database, town: City, store: FolderStore) -> None:
    codes = errors_of(
        database,
        town,
        store,
        kind=None,
        title=" ",
        text_mr="",
        text_en="a\0b",
        text_hi="क" * 20_001,
        link="pmc gov in",
        wished_at=NOON - DAY,
        useful_until=NOON - 2 * DAY,
        outward_number="९" * 81,
        files=(UploadedFile("a.jpg", SVG, alt_mr="\u202e"),),
        form_token="no blanks",
    )
    assert sorted(codes) == sorted(
        [
            ("kind", "required"),
            ("title", "required"),
            ("text_en", "control_character"),
            ("text_hi", "too_long"),
            ("link", "not_a_link"),
            ("outward_number", "too_long"),
            ("wished_at", "past"),
            ("useful_until", "past"),
            ("useful_until", "before_wished"),
            ("files-0-alt_mr", "bidirectional_override"),
            ("files-0", "unsupported_type"),
            ("form_token", "unreadable"),
        ]
    )


def test_one_text_in_any_language_is_enough_and_none_is_not(
    database: Database, town: City, store: FolderStore
) -> None:
    assert errors_of(database, town, store, text_mr=" ", text_en="", text_hi="\n") == [
        ("text_mr", "no_text")
    ]
    with database.transaction() as session:
        handed_in(session, town, text_mr="", text_en="", text_hi="पानी बंद रहेगा।")


def test_useful_until_before_the_wished_time_is_refused(
    database: Database, town: City, store: FolderStore
) -> None:
    wished, until = NOON + 2 * DAY, NOON + DAY
    assert errors_of(database, town, store, wished_at=wished, useful_until=until) == [
        ("useful_until", "before_wished")
    ]


def test_the_minute_that_passed_while_typing_is_forgiven_and_no_more(
    database: Database, town: City, store: FolderStore
) -> None:
    late = NOON - timedelta(seconds=61)
    assert errors_of(database, town, store, wished_at=late) == [("wished_at", "past")]
    with database.transaction() as session:
        handed_in(session, town, wished_at=NOON - timedelta(seconds=59))


def test_a_closed_department_and_one_that_never_was_are_refused(
    database: Database, town: City, store: FolderStore
) -> None:
    with database.transaction() as session:
        session.get_one(Department, town.departments["water"]).until_on = date(2026, 11, 24)
    assert errors_of(database, town, store) == [("department_id", "closed")]
    form_fields = form(town, department_id=99_999, brought_by="किरण")
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        submit.create_submission(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form_fields),
        )
    assert caught.value.codes == [("department_id", "unknown_department")]


def test_a_photo_keeps_its_pixels_and_its_size_as_seen_upright(
    database: Database, town: City, store: FolderStore
) -> None:
    content = photo(60, 40, turned=True)
    upload = UploadedFile("C:\\photos\\IMG_1.jpg", content, alt_mr=" जलवाहिनी ", alt_en="A main")
    with database.transaction() as session:
        submission = handed_in(session, town, files=(upload,))
        (file_rows,) = session.get_one(Submission, submission.id).files
        stored = store.open(file_rows.sha256)
        assert (file_rows.width, file_rows.height, file_rows.size) == (40, 60, len(stored))
        assert (file_rows.name, file_rows.mime) == ("IMG_1.jpg", "image/jpeg")
        assert (file_rows.alt_mr, file_rows.alt_en) == ("जलवाहिनी", "A main")
        pictures = [Image.open(BytesIO(each)) for each in (stored, content)]
        assert pictures[0].tobytes() == pictures[1].tobytes()


def test_videos_and_documents_are_kept_as_they_are(database: Database, town: City) -> None:
    uploads = (
        UploadedFile("v.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42"),
        UploadedFile("p.pdf", b"%PDF-1.7\n"),
    )
    with database.transaction() as session:
        submission = handed_in(session, town, files=uploads)
        file_rows = session.get_one(Submission, submission.id).files
        assert [(file.mime, file.width) for file in file_rows] == [
            ("video/mp4", None),
            ("application/pdf", None),
        ]


def _large() -> bytes:
    return photo() + bytes(20_000_000)


def _huge() -> bytes:
    out = BytesIO()
    Image.new("1", (7_000, 6_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("photo.jpg", b"MZ\x90\0" + bytes(60), "unsupported_type"),
        ("photo\u202egpj.exe", photo(), "name_and_content_differ"),
        ("photo.png", photo(), "name_and_content_differ"),
        ("drawing.svg", SVG, "unsupported_type"),
        ("photo.jpg", photo(400, 300)[:900], "truncated"),
        ("photo.jpg", b"", "empty"),
        ("photo.jpg", _large, "too_many_bytes"),
        ("huge.png", _huge, "too_many_pixels"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named_and_nothing_is_kept(
    database: Database,
    town: City,
    store: FolderStore,
    name: str,
    content: bytes | Callable[[], bytes],
    code: str,
) -> None:
    bad = UploadedFile(name, content if isinstance(content, bytes) else content())
    files = (UploadedFile("good.jpg", photo()), bad)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        handed_in(session, town, files=files)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("files-1", code)
    assert problem.values["name"] == name.replace("\u202e", "_")
    assert not store.root.exists()


def test_five_pictures_are_one_too_many(database: Database, town: City, store: FolderStore) -> None:
    five = tuple(UploadedFile(f"{number}.jpg", photo(60 + number)) for number in range(5))
    assert errors_of(database, town, store, files=five) == [("files", "too_many_pictures")]
    nine = tuple(
        UploadedFile(f"{number}.pdf", b"%PDF-1." + bytes([48 + number])) for number in range(9)
    )
    assert errors_of(database, town, store, files=nine) == [("files", "too_many_files")]


def test_who_left_office_since_is_told_no_more_but_the_first_officer_is(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town)
        contact = submit.contact(session, submission, now=NOON)
        assert contact
        assert contact.id == town.actor("member").person_id
        session.get_one(Person, town.actor("member").person_id).disabled_at = NOON
        contact = submit.contact(session, submission, now=NOON)
        assert contact
        assert contact.id == town.actor("first").person_id
