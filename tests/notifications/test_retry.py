"""Failed mails are listed, and a person may send them again unless their link has expired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole, WrongState
from publisher.database.session import Database
from publisher.models.notifications import Channel, Notice
from publisher.models.people import ContactField, Person
from publisher.notifications import links, retry
from publisher.notifications.dispatch import GIVE_UP_AFTER
from publisher.notifications.kinds import HAS_SECRET, NoticeKind
from publisher.notifications.retry import AccessClosed, LinkGone
from publisher.people import contact_verification, invitations, password_reset
from publisher.people.permissions import COMMAND
from publisher.states import NoticeState
from tests.support import city_controls
from tests.support.city import City, city
from tests.support.city_people import MINUTE
from tests.support.tables import each


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[City]:
    database = Database(sqlite_url)
    yield city(database, tmp_path)
    database.dispose()


def send_again(town: City, notice_id: int, who: str = "lead") -> Notice:
    with town.write() as session:
        notice = session.get_one(Notice, notice_id)
        retry.send_again(session, actor=town.actor(who), now=town.now, notice=notice)
        return notice


def failed_mails(town: City, before: int | None = None, most: int = 50) -> list[int]:
    with town.read() as session:
        cursor = None
        if before is not None:
            cursor = (session.get_one(Notice, before).state_at, before)
        return [
            stuck_mail.id for stuck_mail in retry.stuck_mails(session, before=cursor, most=most)
        ]


def test_a_mail_is_queued_again_as_if_it_were_new(town: City) -> None:
    town.in_review()
    failed = city_controls.fail_mail(town)
    town.clock.move(GIVE_UP_AFTER)
    notice = send_again(town, failed)
    assert notice.state is NoticeState.QUEUED
    assert notice.queued_at == notice.send_at == town.now
    assert notice.reason == ""
    assert town.verbs("notices", failed)[-1] == "send_mail_again"
    assert failed_mails(town) == []


def test_only_admin_and_lead_may_ask_for_it(town: City) -> None:
    town.in_review()
    failed = city_controls.fail_mail(town)
    for who in ("clerk", "first", "head", "member", "oversight", "auditor"):
        with pytest.raises(WrongRole):
            send_again(town, failed, who)
    send_again(town, failed, "admin")


def test_what_has_gone_or_waits_is_not_sent_again(town: City) -> None:
    town.in_review()
    with town.read() as session:
        waiting = session.scalars(select(Notice.id)).first()
    assert waiting is not None
    with pytest.raises(WrongState):
        send_again(town, waiting)


def test_a_mail_that_held_a_link_is_not_sent(town: City) -> None:
    with town.write() as session:
        person = session.get_one(Person, town.people["member"])
        invitations.invite(session, actor=COMMAND, person=person, now=town.now)
    failed = city_controls.fail_mail(town, kind=NoticeKind.INVITATION.value)
    with town.write() as session:
        assert not retry.can_go_again(session.get_one(Notice, failed))
    with pytest.raises(LinkGone):
        send_again(town, failed)


@pytest.mark.parametrize("channel", [Channel.MAIL, Channel.SMS])
def test_one_whose_code_was_taken_out_is_not_sent(town: City, channel: Channel) -> None:
    with town.write() as session:
        person = session.get_one(Person, town.people["member"])
        person.mobile = "+919822012345"
        mobile = "98220 12345" if channel is Channel.SMS else ""
        if mobile:
            password_reset.ask(session, identifier=mobile, address="127.0.0.1", now=town.now)
        else:
            contact_verification.ask_change(
                session,
                actor=town.actor("member"),
                person_id=person.id,
                field=ContactField.MAIL,
                contact_text="new@pmc.example",
                now=town.now,
            )
    failed = city_controls.fail_mail(town, channel=channel)
    with town.write() as session:
        notice = session.get_one(Notice, failed)
        notice.body = links.remove_secrets(notice.body)
        assert not retry.can_go_again(notice)
    with pytest.raises(LinkGone):
        send_again(town, failed)


@each("kind", NoticeKind)
def test_no_kind_of_notice_with_a_secret_is_sent_again(kind: NoticeKind) -> None:
    notice = Notice(kind=kind, state=NoticeState.FAILED, body="")
    assert retry.can_go_again(notice) is (kind not in HAS_SECRET)


def test_whoever_was_shut_out_since_gets_nothing_again(town: City) -> None:
    town.in_review()
    failed = city_controls.fail_mail(town)
    with town.write() as session:
        notice = session.get_one(Notice, failed)
        person = notice.person
        assert person is not None
        person.disabled_at = town.now
    with pytest.raises(AccessClosed):
        send_again(town, failed)


def test_it_goes_to_where_its_person_is_reached_now(town: City) -> None:
    town.in_review()
    failed = city_controls.fail_mail(town)
    with town.write() as session:
        person = session.get_one(Notice, failed).person
        assert person is not None
        person.mail = "moved@pmc.example"
    assert send_again(town, failed).address == "moved@pmc.example"


def test_the_latest_come_first_and_pages_follow_each_other(town: City) -> None:
    for _ in range(3):
        town.in_review()
    failed = []
    for number in range(4):
        failed.append(city_controls.fail_mail(town))
        if number % 2:
            town.clock.move(MINUTE)
    expected = failed[::-1]
    assert failed_mails(town) == expected
    assert failed_mails(town, most=1) == expected[:2]
    assert failed_mails(town, before=expected[1]) == expected[2:]
