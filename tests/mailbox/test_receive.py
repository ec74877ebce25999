from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from threading import Barrier

import pytest
from PIL import Image
from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.mail.mailbox.duplicates import SAME_WITHIN
from publisher.mail.mailbox.preparation import PreparedMail
from publisher.mail.mailbox.quarantine import take_in_waiting_mail
from publisher.mail.mailbox.receive import MOST_A_DAY, receive
from publisher.mail.messages.message import AutomaticKind, MailAddress, MailFile, UnreadableReason
from publisher.models.history import Event
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Department
from publisher.models.submissions import Submission, SubmissionKind
from publisher.states import QuarantineState
from tests.support.city import City
from tests.support.city_people import DAY, NOON
from tests.support.forms import photo
from tests.support.mailed import (
    SERVER,
    TEXT,
    address_of,
    appoint_to,
    intake_of,
    message,
    passed,
    prepared,
    receive_one,
    share_address,
)

SHARED = "water-office@pmc.example"


def test_a_members_mail_is_a_submission_of_the_department_with_a_number(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        mail = receive_one(session, town, message(member))
    with database.reading() as session:
        assert (mail.outcome, mail.reason) == (MailOutcome.SUBMISSION, "")
        submission = session.get_one(Submission, mail.submission_id)
        assert submission.number == "PMC/2026/000001"
        assert submission.department_id == town.departments["water"]
        assert submission.handed_in_by_id == town.actor("member").person_id
        assert submission.handed_in_under_id == town.actor("member").appointment_id
        assert (submission.mail_sender, submission.kind) == (member, SubmissionKind.OTHER)
        assert (submission.title, submission.text_mr) == ("शनिवारी पाणीपुरवठा बंद", TEXT)
        event = session.scalars(select(Event).where(Event.subject == "submissions")).one()
        assert (event.verb, event.actor_kind) == ("hand_in", "mail")


def test_the_address_that_wrote_gets_the_acknowledgement_in_its_thread(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    thread = message(member, references=("earlier@water.example",))
    with database.transaction() as session:
        mail = receive_one(session, town, thread)
    with database.reading() as session:
        notice = session.scalars(select(Notice)).one()
        assert notice.id == mail.notice_id
        assert (notice.kind, notice.address) == ("mail_acknowledgement", member)
        assert notice.in_thread == ["earlier@water.example", "first@water.example"]
        assert "PMC/2026/000001" in notice.subject
        assert "पोच क्रमांक" in notice.body
        assert "Acknowledgement number" in notice.body
        assert notice.path == f"/submissions/{mail.submission_id}"


def test_a_shared_address_hands_in_for_its_department_and_for_nobody(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        share_address(session, town, SHARED)
        mail = receive_one(session, town, message(SHARED))
    with database.reading() as session:
        submission = session.get_one(Submission, mail.submission_id)
        assert submission.department_id == town.departments["water"]
        assert (submission.handed_in_by_id, submission.mail_sender) == (None, SHARED)
        assert session.scalars(select(Notice.address)).all() == [SHARED]


@pytest.mark.parametrize(
    ("sender", "reason"),
    [("stranger@elsewhere.example", "unknown_sender"), ("", "unknown_sender")],
)
def test_mail_of_anybody_else_waits_for_a_person(
    database: Database, town: City, sender: str, reason: str
) -> None:
    with database.transaction() as session:
        mail = receive_one(session, town, message(sender))
        quarantine = session.scalars(select(Quarantine)).one()
        assert (mail.outcome, mail.reason) == (MailOutcome.QUARANTINED, reason)
        assert (quarantine.mail_id, quarantine.state) == (mail.id, QuarantineState.WAITING)
        assert session.scalars(select(Notice)).all() == []
        assert session.scalars(select(Submission)).all() == []


@pytest.mark.parametrize("who", ["clerk", "lead"])
def test_mail_that_the_cell_sends_on_waits_for_its_department(
    database: Database, town: City, who: str
) -> None:
    sender = address_of(town, who)
    with database.transaction() as session:
        mail = receive_one(session, town, message(sender))
        assert (mail.outcome, mail.reason) == (MailOutcome.QUARANTINED, "from_cell")


def test_a_shared_address_counts_once_it_is_confirmed(database: Database, town: City) -> None:
    with database.transaction() as session:
        share_address(session, town, SHARED, confirmed=False)
        assert receive_one(session, town, message(SHARED)).reason == "unconfirmed_address"


def test_the_same_mail_again_is_a_duplicate_whichever_its_message_id(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        first = receive_one(session, town, message(member))
        for message_id in ("first@water.example", "second@water.example", ""):
            again = receive_one(session, town, message(member, message_id=message_id))
            assert again.outcome is MailOutcome.DUPLICATE
            assert again.submission_id == first.submission_id
        assert session.scalar(select(func.count()).select_from(Submission)) == 1
        assert session.scalar(select(func.count()).select_from(Notice)) == 1


def test_a_waiting_mail_is_the_same_one_once_its_sender_is_known(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        first = receive_one(session, town, message(SHARED))
        assert first.outcome is MailOutcome.QUARANTINED
        share_address(session, town, SHARED)
        assert receive_one(session, town, message(SHARED)).outcome is MailOutcome.DUPLICATE
        resent = receive_one(session, town, message(SHARED, size=2_001))
        assert resent.outcome is MailOutcome.SUBMISSION


def test_the_same_message_id_with_other_content_is_a_second_mail(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        for text in ("पहिला मजकूर", "दुसरा मजकूर"):
            mail = receive_one(session, town, message(member, text=text))
            assert mail.outcome is MailOutcome.SUBMISSION
        assert session.scalar(select(func.count()).select_from(Submission)) == 2


@pytest.mark.twin
def test_the_same_content_counts_anew_after_its_time_the_same_mail_never(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        receive_one(session, town, message(member))
        town.clock.move(SAME_WITHIN)
        assert receive_one(session, town, message(member)).outcome is MailOutcome.DUPLICATE
        later = receive_one(session, town, message(member, message_id="later@water.example"))
        assert later.outcome is MailOutcome.SUBMISSION


def test_a_forged_copy_does_not_make_the_senders_own_mail_a_duplicate(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        copy = message(member, size=2_001)
        forged = receive_one(session, town, copy, mail_server="mail.pmc.example")
        assert (forged.outcome, forged.reason) == (MailOutcome.QUARANTINED, "unproven_sender")
        own = receive_one(session, town, message(member))
        assert own.outcome is MailOutcome.SUBMISSION


@pytest.mark.parametrize("kind", sorted({*AutomaticKind} - {AutomaticKind.LIST}))
def test_automatic_mail_is_kept_and_never_answered(
    database: Database, town: City, kind: AutomaticKind
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        for _ in range(2):
            mail = receive_one(session, town, message(member, automatic=kind))
            assert (mail.outcome, mail.reason) == (MailOutcome.IGNORED, kind.value)
        assert session.scalars(select(Notice)).all() == []


@pytest.mark.parametrize(
    ("sender", "reply_to", "outcome"),
    [
        (SHARED, "", MailOutcome.QUARANTINED),
        ("group@lists.example", SHARED, MailOutcome.QUARANTINED),
        ("group@lists.example", "", MailOutcome.IGNORED),
    ],
)
def test_a_known_senders_mail_by_a_list_waits_and_is_never_answered(
    database: Database, town: City, sender: str, reply_to: str, outcome: MailOutcome
) -> None:
    by_list = message(
        sender, automatic=AutomaticKind.LIST, reply_to=(MailAddress(reply_to),) if reply_to else ()
    )
    with database.transaction() as session:
        share_address(session, town, SHARED)
        mail = receive_one(session, town, by_list)
        assert (mail.outcome, mail.reason.endswith("list")) == (outcome, True)
        if mail.quarantine is not None:
            take_in_waiting_mail(
                session,
                prepared(town.store, by_list),
                actor=town.actor("clerk"),
                intake=intake_of(town.store),
                now=NOON,
                quarantine_id=mail.quarantine.id,
                department_id=town.departments["water"],
            )
            assert mail.submission_id is not None
        assert session.scalars(select(Notice)).all() == []


def test_what_a_list_passed_on_of_somebody_in_two_departments_asks_nobody(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        appoint_to(session, town, "member", "road")
        by_list = message(address_of(town, "member"), automatic=AutomaticKind.LIST)
        assert receive_one(session, town, by_list).reason == "via_list"
        unproven = replace(by_list, text="दुसरा मजकूर")
        assert receive_one(session, town, unproven, mail_server=SERVER).reason == "unproven_sender"
        assert session.scalars(select(Notice)).all() == []


def test_our_own_mail_that_comes_back_is_ignored(database: Database, town: City) -> None:
    with database.transaction() as session:
        mail = receive_one(session, town, message("city@pmc.example"))
        assert (mail.outcome, mail.reason) == (MailOutcome.IGNORED, "own_mail")


def test_an_address_gets_five_acknowledgements_a_day(database: Database, town: City) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        for number in range(7):
            mail = receive_one(session, town, message(member, text=f"मजकूर {number}"))
            assert mail.outcome is MailOutcome.SUBMISSION
            assert (mail.notice_id is not None) is (number < 5)
        town.clock.move(DAY)
        assert receive_one(session, town, message(member, text="दुसरा दिवस")).notice_id


@pytest.mark.twin
def test_mails_over_a_senders_daily_quota_wait_for_a_person(database: Database, town: City) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        for number in range(MOST_A_DAY):
            fields = {"sender": member, "content_digest": f"{number:064}", "received_at": NOON}
            session.add(ReceivedMail(size=1, outcome=MailOutcome.SUBMISSION, **fields))
        mail = receive_one(session, town, message(member))
        assert (mail.outcome, mail.reason) == (MailOutcome.QUARANTINED, "too_many_mails")
        assert receive_one(session, town, message("other@x.example")).reason == "unknown_sender"
        town.clock.move(DAY)
        assert receive_one(session, town, message(member, text="दुसरा दिवस")).notice_id


def test_forged_mails_use_up_nobodys_quota_and_stay_unproven(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        for number in range(MOST_A_DAY):
            fields = {"sender": member, "content_digest": f"{number:064}", "received_at": NOON}
            session.add(ReceivedMail(size=1, outcome=MailOutcome.QUARANTINED, **fields))
        forged = receive_one(session, town, message(member), mail_server=SERVER)
        assert forged.reason == "unproven_sender"
        real = message(member, results=passed(member.partition("@")[2]))
        mail = receive_one(session, town, real, mail_server=SERVER)
        assert mail.outcome is MailOutcome.SUBMISSION
        for number in range(MOST_A_DAY):
            fields = {"sender": member, "content_digest": f"x{number:063}", "received_at": NOON}
            session.add(ReceivedMail(size=1, outcome=MailOutcome.SUBMISSION, **fields))
        forged = receive_one(session, town, message(member, text="दुसरा"), mail_server=SERVER)
        assert forged.reason == "unproven_sender", "not just one mail too many of the real sender"


PROGRAMS = (
    MailFile("बिल.pdf.exe", "application/pdf", b"%PDF-1.7 not really"),
    MailFile("बिल.pdf", "application/pdf", b"MZ\x90\0" + bytes(60)),
    MailFile("photo.jpg", "image/jpeg", b"\x7fELF" + bytes(60)),
    MailFile("बिल.PDF.JS ", "application/pdf", b"alert(1)"),
    MailFile("setup.bat.", "text/plain", b"del *"),
    MailFile("फोटो\u202egpj.scr", "image/jpeg", photo()),
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda file: ascii(file.name))
def test_a_program_is_left_out_and_named_and_the_rest_is_taken(
    town: City, program: MailFile
) -> None:
    files = (program, MailFile("a.jpg", "image/jpeg", photo()))
    with town.write() as session:
        mail = receive_one(session, town, message(address_of(town, "member"), files=files))
        assert mail.outcome is MailOutcome.SUBMISSION
        submission = session.get_one(Submission, mail.submission_id)
        assert [file.name for file in submission.files] == ["a.jpg"]
        (note,) = mail.notes
        assert note["code"] == "program"
        body = session.get_one(Notice, mail.notice_id).body
        assert f"स्वीकारलेल्या नाहीत: {note['name']}" in body
        assert f"Not taken, since they are programs: {note['name']}" in body


def test_an_acknowledgement_names_nothing_if_everything_was_taken(town: City) -> None:
    files = (MailFile("a.jpg", "image/jpeg", photo()), MailFile("a.txt", "text/plain", b"a"))
    with town.write() as session:
        mail = receive_one(session, town, message(address_of(town, "member"), files=files))
        body = session.get_one(Notice, mail.notice_id).body
        assert "Not taken" not in body


def test_a_photo_of_a_phone_that_is_called_jpg_is_a_photo(town: City) -> None:
    content = BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 160)).save(content, "HEIF")
    files = (MailFile("IMG_1.JPG", "image/jpeg", content.getvalue()),)
    with town.write() as session:
        mail = receive_one(session, town, message(address_of(town, "member"), files=files))
        submission = session.get_one(Submission, mail.submission_id)
        (file,) = submission.files
        assert (file.mime, file.width, mail.notes) == ("image/heic", 640, [])


def test_photos_over_the_forms_limit_are_attached_and_named(database: Database, town: City) -> None:
    files = tuple(
        MailFile(f"{number}.jpg", "image/jpeg", photo(60 + number)) for number in range(10)
    )
    with database.transaction() as session:
        mail = receive_one(session, town, message(address_of(town, "member"), files=files))
    with database.reading() as session:
        submission = session.get_one(Submission, mail.submission_id)
        assert [file.name for file in submission.files] == [file.name for file in files]
        assert [file.width is not None for file in submission.files] == [True] * 4 + [False] * 6
        assert all(town.store.exists(file.sha256) for file in submission.files)
        assert [note["name"] for note in mail.notes] == [file.name for file in files[4:]]
        assert {note["code"] for note in mail.notes} == {"too_many_pictures"}


def test_what_cannot_be_read_is_kept_until_somebody_has_seen_it(
    database: Database, town: City
) -> None:
    raw = town.store.save(b"")
    unreadable = PreparedMail(raw, 0, unreadable=UnreadableReason.EMPTY)
    intake = intake_of(town.store)
    with database.transaction() as session:
        mail = receive(session, unreadable, intake=intake, now=NOON)
        assert (mail.outcome, mail.reason) == (MailOutcome.REFUSED, "empty")
        assert (mail.raw_sha256, mail.seen_at) == (raw, None)
        again = receive(session, unreadable, intake=intake, now=NOON)
        assert again.outcome is MailOutcome.DUPLICATE


@pytest.mark.both
def test_two_readers_with_the_same_mail_at_once_make_one_submission(
    database: Database, town: City
) -> None:
    member, barrier = address_of(town, "member"), Barrier(4)
    mails = [
        prepared(town.store, message(member, message_id=f"{number % 2}@water.example"))
        for number in range(4)
    ]

    def read(mail: PreparedMail) -> MailOutcome:
        barrier.wait()
        with database.transaction() as session:
            return receive(session, mail, intake=intake_of(town.store), now=NOON).outcome

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(read, mails))
    assert outcomes == [MailOutcome.DUPLICATE] * 3 + [MailOutcome.SUBMISSION]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1
        assert session.scalar(select(func.count()).select_from(ReceivedMail)) == 4


def test_a_department_that_has_closed_gets_no_submission(database: Database, town: City) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        water = session.get_one(Department, town.departments["water"])
        water.until_on = (NOON - timedelta(days=1)).date()
        session.flush()
        assert receive_one(session, town, message(member)).reason == "closed_department"


def test_a_mail_without_subject_or_text_is_taken_in(database: Database, town: City) -> None:
    empty = message(address_of(town, "member"), subject="", text="")
    with database.transaction() as session:
        mail = receive_one(session, town, empty)
        first_line = receive_one(session, town, replace(empty, text="\n\nपहिली ओळ\nदुसरी ओळ"))
    with database.reading() as session:
        submission = session.get_one(Submission, mail.submission_id)
        assert (submission.title, submission.text_mr) == ("(विषय नाही)", "(मजकूर नाही)")
        assert session.get_one(Submission, first_line.submission_id).title == "पहिली ओळ"
