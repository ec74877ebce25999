from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from publisher.auth.contact_details import BadPerson
from publisher.database.session import Database
from publisher.mail.mailbox import quarantine
from publisher.mail.mailbox.preparation import PreparedMail
from publisher.mail.mailbox.quarantine import take_in_waiting_mail
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import (
    AutomaticKind,
    MailAddress,
    MailMessage,
    UnreadableReason,
)
from publisher.models.departments import DepartmentAddress
from publisher.models.history import Event
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.submissions import Submission
from publisher.operations.retention import RAW_MAILS, tick_retention
from publisher.people import shared_addresses
from publisher.people.confirmation import MayNotConfirm
from publisher.states import QuarantineState
from publisher.validation import Invalid
from tests.support.away_store import AwayStore
from tests.support.city import City
from tests.support.city_people import DAY, MINUTE
from tests.support.mailed import (
    SERVER,
    address_of,
    appoint_to,
    intake_of,
    message,
    prepared,
    receive_one,
)

STRANGER = "stranger@elsewhere.example"


def wait(session: Session, town: City, sender: str = STRANGER, **changed: object) -> Quarantine:
    """Receive a mail that waits."""
    mail_server = str(changed.pop("mail_server", ""))
    receive_one(session, town, message(sender, **changed), mail_server=mail_server)
    return session.scalars(select(Quarantine).order_by(Quarantine.id.desc()).limit(1)).one()


def take(
    session: Session, town: City, waiting: Quarantine, *, by: str = "clerk", **changed: object
) -> Submission:
    """Take the waiting mail in for the water department."""
    sender = waiting.mail.sender
    fields: dict[str, object] = {
        "actor": town.actor(by),
        "intake": intake_of(town.store),
        "now": town.now,
        "quarantine_id": waiting.id,
        "department_id": town.departments["water"],
    }
    mail = changed.pop("mail", message(sender))
    assert isinstance(mail, MailMessage)
    call: dict[str, Any] = {**fields, **changed}
    return take_in_waiting_mail(session, prepared(town.store, mail), **call)


def test_the_cell_takes_a_mail_in_for_a_department(database: Database, town: City) -> None:
    with database.transaction() as session:
        waiting = wait(session, town)
        submission = take(session, town, waiting)
        assert (submission.mail_sender, submission.handed_in_by_id) == (STRANGER, None)
        assert submission.department_id == town.departments["water"]
        assert waiting.mail.submission_id == submission.id
        assert waiting.state is QuarantineState.TAKEN_IN
        assert waiting.decided_by_id == town.actor("clerk").person_id
        assert session.scalars(select(Notice.address)).all() == [STRANGER]
        with pytest.raises(WrongState):
            take(session, town, waiting)


def test_a_mail_whose_sender_is_not_proven_is_not_answered(database: Database, town: City) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        receive_one(session, town, message(member), mail_server="mail.pmc.example")
        waiting = session.scalars(select(Quarantine)).one()
        submission = take(session, town, waiting)
        assert submission.handed_in_by_id is None
        assert session.scalars(select(Notice)).all() == []


def test_what_the_cell_sent_on_names_whose_mail_it_was(database: Database, town: City) -> None:
    sent_on = message(
        address_of(town, "clerk"), forwarded_from=MailAddress("ward@pmc.example", "सुनील")
    )
    with database.transaction() as session:
        receive_one(session, town, sent_on)
        waiting = session.scalars(select(Quarantine)).one()
        submission = take(session, town, waiting, mail=sent_on)
        assert submission.brought_by == "सुनील, ward@pmc.example"


@pytest.mark.parametrize("who", ["clerk", "lead"])
def test_its_address_is_remembered_and_waits_for_its_confirmation(
    database: Database, town: City, who: str
) -> None:
    with database.transaction() as session:
        take(session, town, wait(session, town), by=who, remembers=True)
        address = session.scalars(select(DepartmentAddress)).one()
        assert (address.mail, address.confirmed_at) == (STRANGER, None)
        assert address.recorded_by_id == town.people[who]
        again = receive_one(session, town, message(STRANGER, text="दुसरा मजकूर"))
        assert again.reason == "unconfirmed_address"
        by: dict[str, Any] = {"actor": town.actor(who), "now": town.now}
        where: dict[str, Any] = {"department_id": address.department_id, "address_id": address.id}
        with pytest.raises(WrongRole if who == "clerk" else MayNotConfirm):
            shared_addresses.confirm(session, **by, **where)
        by["actor"] = town.actor("head")
        shared_addresses.confirm(session, **by, **where)
        third = receive_one(session, town, message(STRANGER, text="तिसरा मजकूर"))
        assert third.outcome is MailOutcome.SUBMISSION


def test_the_cell_remembers_no_address_of_a_person(database: Database, town: City) -> None:
    with database.transaction() as session:
        waiting = wait(session, town, address_of(town, "lead"))
        with pytest.raises(BadPerson), session.begin_nested():
            take(session, town, waiting, remembers=True)
        assert session.scalars(select(DepartmentAddress)).all() == []
        session.refresh(waiting)
        assert waiting.state is QuarantineState.WAITING


def test_the_cell_records_no_address_but_that_of_a_mail(database: Database, town: City) -> None:
    with database.transaction() as session, pytest.raises(WrongRole):
        shared_addresses.add(
            session,
            actor=town.actor("clerk"),
            department_id=town.departments["water"],
            mail_text=STRANGER,
            now=town.now,
        )


def test_a_mail_is_not_ours_with_a_word_or_is_deleted(database: Database, town: City) -> None:
    with database.transaction() as session:
        by: dict[str, Any] = {"actor": town.actor("clerk"), "now": town.now}
        first, second = wait(session, town), wait(session, town, text="दुसरा")
        with pytest.raises(Invalid):
            quarantine.reject(session, **by, quarantine_id=first.id, word=" ")
        quarantine.reject(session, **by, quarantine_id=first.id, word="जाहिरात")
        assert (first.state, first.word) == (QuarantineState.NOT_OURS, "जाहिरात")
        quarantine.delete(session, **by, quarantine_id=second.id)
        assert (second.state, second.mail.text) == (QuarantineState.DELETED, "")
        assert session.scalars(quarantine.waiting()).all() == []
        verbs = select(Event.verb).where(Event.subject == "quarantines").order_by(Event.id)
        assert session.scalars(verbs).all() == ["wait", "wait", "not_ours", "delete"]


@pytest.mark.parametrize("who", ["member", "first", "head", "admin", "auditor"])
def test_nobody_but_the_cell_decides_on_them(database: Database, town: City, who: str) -> None:
    with database.transaction() as session:
        waiting = wait(session, town)
        by: dict[str, Any] = {"actor": town.actor(who), "now": town.now}
        with pytest.raises(WrongRole):
            quarantine.delete(session, **by, quarantine_id=waiting.id)
        with pytest.raises(WrongRole):
            take(session, town, waiting, by=who)


@pytest.mark.twin
def test_a_waiting_mail_is_never_lost_before_its_day_and_ends_on_it(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        waiting = wait(session, town)
        raw = waiting.mail.raw_sha256 or ""
    end = town.now + quarantine.WAITS
    tick_retention(database, town.store, now=end - MINUTE)
    assert town.store.exists(raw)
    tick_retention(database, town.store, now=end)
    with database.reading() as session:
        ended = session.scalars(select(Quarantine)).one()
        assert (ended.state, ended.decided_by_id) == (QuarantineState.DELETED, None)
        assert ended.mail.raw_sha256 is None
    assert not town.store.exists(raw)


def test_a_known_senders_mail_waits_until_somebody_decides(database: Database, town: City) -> None:
    with database.transaction() as session:
        stranger = wait(session, town)
        forged = wait(session, town, sender=address_of(town, "member"), mail_server=SERVER)
        known = [
            wait(session, town, sender=address_of(town, "clerk")),
            wait(
                session,
                town,
                sender=address_of(town, "member"),
                text="यादीतून",
                automatic=AutomaticKind.LIST,
            ),
        ]
        appoint_to(session, town, "first", "road")
        known.append(wait(session, town, sender=address_of(town, "first")))
        assert [row.mail.reason for row in known] == [
            *("from_cell", "via_list", "several_departments")
        ]
        assert quarantine.quarantine_end(stranger) == quarantine.quarantine_end(forged)
        assert {quarantine.quarantine_end(row) for row in known} == {None}
        waiting_ids, known_ids = {stranger.id, forged.id}, [row.id for row in known]
    tick_retention(database, town.store, now=town.now + 400 * DAY)
    with database.reading() as session:
        rows = session.scalars(select(Quarantine)).all()
        ended = {row.id for row in rows if row.state is QuarantineState.DELETED}
        assert ended == waiting_ids
        left = session.scalars(quarantine.waiting()).all()
        assert [row.id for row in left] == known_ids
        assert all(row.mail.text and town.store.exists(row.mail.raw_sha256 or "") for row in left)


@pytest.mark.twin
def test_raw_mails_that_were_read_end_after_ninety_days(database: Database, town: City) -> None:
    unread = PreparedMail(town.store.save(b"?"), 1, unreadable=UnreadableReason.NO_HEADERS)
    with database.transaction() as session:
        mail = receive_one(session, town, message(address_of(town, "member")))
        receive(session, unread, intake=intake_of(town.store), now=town.now)
        raw, submission_id = mail.raw_sha256 or "", mail.submission_id
    tick_retention(database, town.store, now=town.now + RAW_MAILS - timedelta(minutes=1))
    assert town.store.exists(raw)
    away = AwayStore(town.store.root)
    away.is_away = True
    tick_retention(database, away, now=town.now + RAW_MAILS)
    with database.reading() as session:  # what stays is named, or nobody would remove it later
        assert raw in session.scalars(select(ReceivedMail.raw_sha256)).all()
    tick_retention(database, town.store, now=town.now + RAW_MAILS)
    assert not town.store.exists(raw)
    assert town.store.exists(unread.raw_sha256)
    with database.transaction() as session:
        assert session.get_one(Submission, submission_id).text_mr
        (refused,) = session.scalars(quarantine.unreadable()).all()
        quarantine.mark_seen(session, actor=town.actor("clerk"), now=town.now, mail_id=refused.id)
    tick_retention(database, town.store, now=town.now + RAW_MAILS)
    assert not town.store.exists(unread.raw_sha256)
    with database.reading() as session:
        assert session.scalars(select(ReceivedMail.raw_sha256)).all() == [None, None]
