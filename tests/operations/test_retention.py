"""Rows with a time limit are deleted at its end, but never those of a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select

import publisher.models  # noqa: F401  the tables have to be known
from publisher.auth import known_devices, one_time_links, sessions, throttling
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.auth.session_start import SignedIn
from publisher.database.session import Base
from publisher.intake import uploads
from publisher.intake.uploads import UploadedFile, UploadRefused
from publisher.mail.mailbox.preparation import with_files
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import MailFile
from publisher.media.store import StoreAway
from publisher.models.approvals import RefusalDay, RefusedSignIn, SpotCode
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.departments import RegisterFile, RegisterKind
from publisher.models.history import Event
from publisher.models.people import (
    ContactChange,
    ContactField,
    KnownDevice,
    Link,
    Person,
    SignIn,
    SignInAttempt,
)
from publisher.models.posts import Decision, Post, Revision, Variant
from publisher.models.submission_details import Upload
from publisher.models.submissions import Submission
from publisher.operations import retention
from publisher.operations.retention import LOGS, SPENT, STEP, UNUSED, USED_IN, tick_retention
from publisher.people import contact_verification
from publisher.register import uploads as register_uploads
from publisher.register.sheet import read_sheet
from publisher.review import in_person
from tests.support import scenes
from tests.support.away_store import AwayStore
from tests.support.city import City
from tests.support.city_people import DAY, HOUR
from tests.support.lock_conflicts import run_into_locks
from tests.support.mailed import address_of, intake_of, message
from tests.support.passwords import set_password, signed_in_as

PASSWORD = "सात डोंगर निळी होडी"
RECORD = (Submission, Post, Revision, Variant, Decision, Delivery, ReceiptRow, Event)
SECOND = timedelta(seconds=1)


def tick(town: City, after: timedelta = timedelta(0)) -> int:
    town.clock.move(after)
    return tick_retention(town.database, town.store, now=town.now)


def count(town: City, table: type[Base]) -> int:
    with town.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def give_password(town: City, name: str) -> None:
    with town.write() as session:
        person = session.get_one(Person, town.people[name])
        set_password(session, person, PASSWORD, now=town.now)


def try_sign_in(town: City, name: str, password: str = PASSWORD) -> int:
    """Try to sign in; return the session's id, or 0 if it was refused."""
    with town.write() as session:
        signed_in = signed_in_as(
            session,
            f"{name}@pmc.example",
            password,
            address="198.51.100.7",
            device="a telephone",
            now=town.now,
        )
        return signed_in.sign_in.id if isinstance(signed_in, SignedIn) else 0


@pytest.mark.twin
def test_refused_sign_ins_go_after_180_days_but_the_last_loses_its_address(
    town: City,
) -> None:
    for _try in range(3):
        assert try_sign_in(town, "first", "wrong") == 0
        town.clock.move(HOUR)
    events = count(town, Event)
    tick(town, LOGS - 4 * HOUR)
    assert count(town, RefusedSignIn) == 3
    tick(town, 4 * HOUR)
    with town.read() as session:
        (last,) = session.scalars(select(RefusedSignIn))
        named = select(Event.subject_id).where(Event.subject == "refused_sign_ins")
        assert last.id == max(session.scalars(named))
        assert (last.address, last.device, last.why) == ("", "", "wrong")
    assert count(town, Event) == events


@pytest.mark.twin
def test_first_and_last_ended_sessions_stay_without_address_and_device(
    town: City,
) -> None:
    give_password(town, "first")
    numbers = []
    for _day in range(4):
        numbers.append(try_sign_in(town, "first"))
        town.clock.move(8 * DAY)
    with town.write() as session:
        sessions.end_all(session, person_id=town.people["first"], now=town.now)
    tick(town, LOGS - SECOND)
    assert count(town, SignIn) == 4
    assert tick(town, SECOND) == 2
    with town.read() as session:
        sign_ins = session.scalars(select(SignIn).order_by(SignIn.id)).all()
        assert [sign_in.id for sign_in in sign_ins] == [numbers[0], numbers[-1]]
        assert {(sign_in.address, sign_in.device) for sign_in in sign_ins} == {("", "")}
    again = try_sign_in(town, "first")
    assert again > numbers[-1]
    tick(town)
    with town.read() as session:
        is_newcomer = select(sessions.is_newcomer(town.now - sessions.NEW_FOR)).where(
            SignIn.id == again
        )
        assert session.scalar(is_newcomer) is False
        assert session.get_one(SignIn, again).device == "a telephone"


def test_a_session_that_nobody_ended_goes_180_days_after_it_was_last_seen(town: City) -> None:
    give_password(town, "first")
    for _day in range(3):
        try_sign_in(town, "first")
        town.clock.move(DAY)
    tick(town, LOGS - 3 * DAY)
    assert count(town, SignIn) == 3
    tick(town, 2 * DAY)
    assert count(town, SignIn) == 2


def test_known_devices_go_30_days_after_their_last_use_but_for_one(
    town: City,
) -> None:
    give_password(town, "first")
    for _day in range(3):
        try_sign_in(town, "first")
        town.clock.move(DAY)
    assert tick(town, known_devices.LASTS - 3 * DAY) == 1
    tick(town, 2 * DAY)
    with town.read() as session:
        last = session.scalars(select(KnownDevice)).one()
        assert (last.device, last.address) == ("", "")


def test_numbers_of_refused_sign_ins_go_after_180_days(town: City) -> None:
    with town.write() as session:
        signed_in_as(session, "nobody@pmc.example", now=town.now)
    tick(town, LOGS - DAY)
    assert count(town, RefusalDay) == 1
    tick(town, DAY)
    assert count(town, RefusalDay) == 0


def make_link(town: City, lasts: timedelta) -> None:
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        link_subject = LinkSubject.of(person, LinkPurpose.INVITATION)
        one_time_links.make(session, link_subject, to="", now=town.now, lasts=lasts)


@pytest.mark.twin
def test_links_go_30_days_after_they_ran_out_and_open_ones_stay(town: City) -> None:
    make_link(town, HOUR)
    make_link(town, 300 * DAY)
    tick(town, SPENT)
    assert count(town, Link) == 2
    assert tick(town, HOUR) == 1
    assert count(town, Link) == 1


def test_links_go_30_days_after_they_were_ended(town: City) -> None:
    make_link(town, 300 * DAY)
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        one_time_links.end_for_password(session, person=person, now=town.now)
    assert tick(town, SPENT - SECOND) == 0
    assert tick(town, SECOND) == 1


def test_an_asked_change_of_contact_goes_with_its_code(town: City) -> None:
    with town.write() as session:
        contact_verification.ask_change(
            session,
            actor=town.actor("first"),
            person_id=town.people["first"],
            field=ContactField.MAIL,
            contact_text="new@pmc.example",
            now=town.now,
        )
    tick(town, SPENT)
    assert (count(town, ContactChange), count(town, Link)) == (1, 1)
    tick(town, HOUR)
    assert (count(town, ContactChange), count(town, Link)) == (0, 0)


def test_codes_for_the_spot_go_30_days_after_their_end(town: City) -> None:
    post_id = town.in_review()
    with town.write() as session:
        in_person.make(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            post_id=post_id,
            seen_revision=1,
            secret="s",
        )
    town.approve(post_id)
    events = count(town, Event)
    assert tick(town, SPENT - SECOND) == 0
    assert tick(town, SECOND) == 1
    assert count(town, SpotCode) == 0
    assert count(town, Event) == events


def test_counted_tries_go_once_they_count_no_longer(town: City) -> None:
    try_sign_in(town, "first", "wrong")
    assert count(town, SignInAttempt) == 2
    tick(town, throttling.WINDOW - SECOND)
    assert count(town, SignInAttempt) == 2
    tick(town, SECOND)
    assert count(town, SignInAttempt) == 0


def send_file(town: City, content: bytes, at: datetime | None = None) -> str:
    """Upload a file, as the form does before it is handed in."""
    file = uploads.check_upload(UploadedFile("paper.pdf", b"%PDF-1.7 " + content))
    with town.write() as session:
        uploads.admit(session, actor=town.actor("member"), now=at or town.now, file=file)
    assert file.content is not None
    return town.store.save(file.content)


def test_files_that_were_never_handed_in_go_after_30_days(town: City) -> None:
    unused, used, again = (send_file(town, content) for content in (b"one", b"two", b"three"))
    town.hand_in(files=(UploadedFile("paper.pdf", b"%PDF-1.7 two"),))
    tick(town, UNUSED - SECOND)
    assert town.store.exists(unused)
    send_file(town, b"three")
    tick(town, SECOND)
    assert [town.store.exists(digest) for digest in (unused, used, again)] == [False, True, True]
    with town.read() as session:
        assert set(session.scalars(select(Upload.sha256))) == {again}


def test_a_register_file_goes_a_day_after_it_was_read_carried_out_or_not(town: City) -> None:
    for is_done in (False, True):
        with town.write() as session:
            file = register_uploads.store(
                session,
                actor=town.actor("lead"),
                now=town.now,
                kind=RegisterKind.OFFICERS,
                name="list.csv",
                sheet=read_sheet("विभाग,नाव\ngarden,अनिता जोशी\n".encode()),
            )
            file.done_at = town.now if is_done else None
    assert tick(town, register_uploads.LIFETIME - SECOND) == 0
    assert count(town, RegisterFile) == 2
    assert tick(town, SECOND) == 2
    assert count(town, RegisterFile) == 0


def test_a_file_that_is_gone_already_hinders_nothing(town: City) -> None:
    town.store.remove(send_file(town, b"one"))
    assert tick(town, UNUSED) == 2
    assert count(town, Upload) == 0


@pytest.mark.twin
def test_an_upload_of_a_file_that_is_being_removed_is_tried_again(town: City) -> None:
    store = AwayStore(town.store.root)
    town = replace(town, store=store)
    content = b"one"
    digest = send_file(town, content)
    town.clock.move(UNUSED)
    refusals: list[str] = []

    def upload(name: str) -> None:
        """Upload the same at the worst moment: nothing may wait for a lock, and none may win."""
        if name == "remove":
            with pytest.raises(UploadRefused) as refused:
                send_file(town, content)
            refusals.append(refused.value.code)

    store.before = upload
    assert tick(town) == 2
    assert refusals == ["store_away"]
    assert not store.exists(digest)
    assert send_file(town, content) == digest
    assert store.exists(digest)
    assert tick(town, UNUSED - SECOND) == 0
    assert count(town, Upload) == 1


@pytest.mark.twin
def test_an_upload_that_comes_while_uploads_are_marked_sees_the_mark(town: City) -> None:
    digest = send_file(town, b"one")
    town.clock.move(UNUSED)
    town.store.remove(digest)  # whether it is refused is decided before the file is looked for

    def upload() -> None:
        with pytest.raises(UploadRefused):
            send_file(town, b"one")

    def mark() -> None:
        with town.database.transaction() as session:
            retention.mark_unused(session, is_sqlite=town.database.is_sqlite, now=town.now)

    run_into_locks(
        town, mark, upload, pauses_at=lambda statement: statement.startswith("UPDATE uploads")
    )
    assert tick(town) == 2
    send_file(town, b"one")


@pytest.mark.twin
def test_a_mail_that_brings_an_old_upload_again_keeps_its_file(
    town: City,
) -> None:
    digest = send_file(town, b"one")
    paper = MailFile("paper.pdf", "application/pdf", town.store.open(digest))
    town.clock.move(UNUSED)
    mail = message(address_of(town, "member"), files=(paper,))
    intake, raw = intake_of(town.store), town.store.save(b"as it came")
    ready = with_files(town.database, raw, mail, intake=intake, now=town.now, is_taken_in=True)
    assert tick(town) == 0  # just before the row that names the file
    with town.write() as session:
        receive(session, ready, intake=intake, now=town.now)
    assert [file.sha256 for file in ready.files.files] == [digest]
    assert town.store.exists(digest)
    assert tick(town, UNUSED) > 0
    assert town.store.exists(digest)


@pytest.mark.twin
def test_who_saves_what_is_being_removed_is_told_to_try_again(town: City) -> None:
    store = AwayStore(town.store.root)
    town = replace(town, store=store)
    digest = send_file(town, b"one")
    town.clock.move(UNUSED)
    refusals: list[str] = []

    def save(name: str) -> None:
        if name == "remove":
            with pytest.raises(StoreAway) as refused:
                put_off(town, digest)
            refusals.append(refused.value.reason)

    store.before = save
    assert tick(town) == 2
    assert refusals
    put_off(town, digest)


@pytest.mark.twin
def test_who_saves_while_uploads_are_marked_sees_the_mark(town: City) -> None:
    digest = send_file(town, b"one")
    town.clock.move(UNUSED)

    def save() -> None:
        with pytest.raises(StoreAway):
            put_off(town, digest)

    def mark() -> None:
        with town.database.transaction() as session:
            retention.mark_unused(session, is_sqlite=town.database.is_sqlite, now=town.now)

    run_into_locks(
        town, mark, save, pauses_at=lambda statement: statement.startswith("UPDATE uploads")
    )


def put_off(town: City, digest: str) -> None:
    with town.write() as session:
        uploads.put_off_removal(session, digests=[digest], now=town.now)


def test_files_are_left_for_the_next_tick_while_the_store_is_away(town: City) -> None:
    store = AwayStore(town.store.root)
    town = replace(town, store=store)
    digests = [send_file(town, content) for content in (b"one", b"two")]
    store.is_away = True
    store.asked.clear()
    assert tick(town, UNUSED) == 0
    assert store.asked == ["remove"]  # the second is not asked for: each answer may be long
    assert count(town, Upload) == 2
    store.is_away = False
    town.hand_in(files=(UploadedFile("paper.pdf", b"%PDF-1.7 two"),))
    assert tick(town) == 3
    assert [store.exists(digest) for digest in digests] == [False, True]
    assert count(town, Upload) == 0


def test_a_file_that_is_used_by_the_time_it_is_removed_stays(town: City) -> None:
    store = AwayStore(town.store.root)
    town = replace(town, store=store)
    digests = sorted(send_file(town, content) for content in (b"one", b"two"))
    contents = {hash_of(content): content for content in (b"one", b"two")}

    def use_the_second(name: str) -> None:
        if name == "remove":
            content = b"%PDF-1.7 " + contents[digests[1]]
            town.hand_in(files=(UploadedFile("paper.pdf", content),))

    store.before = use_the_second
    tick(town, UNUSED)
    assert [store.exists(digest) for digest in digests] == [False, True]


def hash_of(content: bytes) -> str:
    return sha256(b"%PDF-1.7 " + content).hexdigest()


def test_every_place_that_names_a_file_is_asked_before_one_is_removed() -> None:
    named = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("sha256") and table.name != Upload.__tablename__
    }
    assert named == {f"{column.class_.__tablename__}.{column.key}" for column in USED_IN}


@pytest.mark.twin
def test_more_than_one_step_goes_step_by_step(town: City) -> None:
    with town.write() as session:
        session.add_all(SignInAttempt(key=f"who:{at}", at=town.now) for at in range(STEP + 5))
    assert tick(town, HOUR) == STEP
    assert tick(town) == 5


@pytest.mark.twin
@pytest.mark.parametrize("years", [1, 40])
def test_nothing_that_belongs_to_a_record_is_ever_erased(town: City, years: int) -> None:
    for happens in (scenes.approved_once_more, scenes.live, scenes.declined, scenes.answered):
        happens(town)
    before = {table: count(town, table) for table in RECORD}
    assert all(before.values())
    for _tick in range(3):
        tick(town, years * 365 * DAY)
    assert {table: count(town, table) for table in RECORD} == before
