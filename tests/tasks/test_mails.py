"""Whose turn it is with mails, as rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.mail.mailbox import quarantine
from publisher.mail.mailbox.preparation import PreparedMail
from publisher.mail.mailbox.quarantine import WAITS
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import UnreadableReason
from publisher.models.mailbox import Quarantine, ReceivedMail
from tests.support.city import City
from tests.support.mailed import intake_of, message, prepared, receive_one
from tests.tasks.open_tasks import open_tasks

STRANGER = "stranger@elsewhere.example"


def wait(town: City) -> int:
    with town.write() as session:
        receive_one(session, town, message(STRANGER))
    with town.read() as session:
        return session.scalars(select(Quarantine.id)).one()


def take_in(session: Session, town: City, waiting_id: int) -> None:
    quarantine.take_in_waiting_mail(
        session,
        prepared(town.store, message(STRANGER)),
        actor=town.actor("clerk"),
        intake=intake_of(town.store),
        now=town.now,
        quarantine_id=waiting_id,
        department_id=town.departments["water"],
    )


def reject(session: Session, town: City, waiting_id: int) -> None:
    actor, word = town.actor("lead"), "आमचे नाही."
    quarantine.reject(session, actor=actor, now=town.now, quarantine_id=waiting_id, word=word)


def delete(session: Session, town: City, waiting_id: int) -> None:
    actor = town.actor("clerk")
    quarantine.delete(session, actor=actor, now=town.now, quarantine_id=waiting_id)


def end_by_itself(session: Session, town: City, _waiting_id: int) -> None:
    town.clock.move(WAITS)
    assert quarantine.end_expired(session, now=town.now, most=5) == 1


@pytest.mark.parametrize("decide", [take_in, reject, delete, end_by_itself])
def test_a_mail_waits_for_the_cell_until_it_is_decided_on(
    town: City, decide: Callable[[Session, City, int], None]
) -> None:
    waiting_id = wait(town)
    assert open_tasks(town, "quarantines") == [("mail_waiting", waiting_id, "cell")]
    with town.write() as session:
        decide(session, town, waiting_id)
    assert open_tasks(town, "quarantines") == []


def test_a_mail_that_cannot_be_read_waits_until_somebody_has_seen_it(town: City) -> None:
    unread = PreparedMail(town.store.save(b"?"), 1, unreadable=UnreadableReason.NO_HEADERS)
    for _time in range(2):  # the same mail again is one
        with town.write() as session:
            receive(session, unread, intake=intake_of(town.store), now=town.now)
    with town.read() as session:
        (mail_id,) = session.scalars(select(ReceivedMail.id).where(quarantine.is_unreadable()))
    assert open_tasks(town, "received_mails") == [("mail_unreadable", mail_id, "cell")]
    with town.write() as session:
        quarantine.mark_seen(session, actor=town.actor("clerk"), now=town.now, mail_id=mail_id)
    assert open_tasks(town, "received_mails") == []
