from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.mail.messages.read import read_message
from publisher.models.notifications import Notice
from publisher.models.people import Person
from publisher.notifications import links
from publisher.notifications.compose import queue
from publisher.notifications.dispatch import GIVE_UP_AFTER, LEASE
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.kinds import NoticeKind
from publisher.people.invitations import invite
from publisher.people.permissions import COMMAND
from publisher.states import NoticeState
from tests.notifications.scripted_smtp import DROP, certificate, scripted_server
from tests.support.city_people import NOON, add_department, appoint, verbs
from tests.support.mail import MailServer
from tests.support.processes import free_port

BASE_URL = "https://nagarvani.example"
MINUTE = timedelta(minutes=1)
VALUES = {"title": "पाणीपुरवठा बंद", "revision": 3, "department_mr": "पाणीपुरवठा विभाग"}


@dataclass
class MailSetup:
    """A database, a settable clock, and the tick that sends mails."""

    database: Database
    now: datetime = NOON
    ids: list[int] = field(default_factory=list)

    def person(self) -> Person:
        with self.database.transaction() as session:
            water = add_department(session, "water")
            return appoint(session, water, mail="first@pmc.example").person

    def write(self, count: int = 1) -> list[int]:
        person = self.person()
        with self.database.transaction() as session:
            for number in range(count):
                notice = queue(
                    session,
                    kind=NoticeKind.APPROVED,
                    person=session.get_one(Person, person.id),
                    values=VALUES,
                    now=self.now + timedelta(seconds=number),
                    path=links.post(7),
                )
                assert notice is not None
                self.ids.append(notice.id)
        self.now += timedelta(seconds=count)
        return self.ids

    def tick(
        self,
        url: str,
        *,
        limit: int = 50,
        context: ssl.SSLContext | None = None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> int:
        return tick_mail(
            self.database,
            MailOrigin(
                smtp_url=url, mail_from="सोशल मिडिया कक्ष <cell@pmc.example>", base_url=BASE_URL
            ),
            now=lambda: self.now,
            limit=limit,
            context=context,
            is_stopping=is_stopping,
        )

    def notice(self, number: int = 0) -> Notice:
        with self.database.transaction() as session:
            return session.get_one(Notice, self.ids[number])

    def verbs(self, number: int = 0) -> list[str]:
        with self.database.transaction() as session:
            return verbs(session, "notices", self.ids[number])


@pytest.fixture
def mail_setup(on_sqlite: Database) -> MailSetup:
    return MailSetup(on_sqlite)


def test_a_queued_mail_arrives_whole_and_is_sent_once(
    database: Database, mail_server: MailServer
) -> None:
    post = MailSetup(database)
    post.write()
    assert post.tick(mail_server.url) == 1
    assert post.tick(mail_server.url) == 0
    (mail,) = mail_server.mails
    notice = post.notice()
    assert mail.recipients == ("first@pmc.example",)
    assert mail.sender == "cell@pmc.example"
    assert mail.subject == "मान्यता मिळाली – वेळ निश्चित करावी: पाणीपुरवठा बंद"
    text = mail.text.replace("\r\n", "\n")
    assert "पोस्ट: पाणीपुरवठा बंद\nआवृत्ती क्र.\u00a0३\nविभाग: पाणीपुरवठा विभाग\n" in text
    assert f"\n{BASE_URL}/posts/7\n" in text
    assert links.BASE not in mail.text
    assert mail.content["Message-ID"] == f"<{notice.mail_id}@pmc.example>"
    assert mail.content["Auto-Submitted"] == "auto-generated"
    assert mail.content["Content-Language"] == "mr"
    assert mail.content["From"].addresses[0].display_name == "सोशल मिडिया कक्ष"
    assert mail.content["Content-Transfer-Encoding"] == "base64"
    assert (notice.state, notice.sent_at, notice.tries) == (NoticeState.SENT, post.now, 1)
    assert post.verbs() == ["send_mail", "mail_sent"]


def test_mails_leave_in_the_order_of_queueing_up_to_the_limit(
    mail_setup: MailSetup, mail_server: MailServer
) -> None:
    ids = mail_setup.write(3)
    assert mail_setup.tick(mail_server.url, limit=2) == 2
    assert [mail_setup.notice(number).state for number in range(3)] == [
        NoticeState.SENT,
        NoticeState.SENT,
        NoticeState.QUEUED,
    ]
    assert mail_setup.tick(mail_server.url) == 1
    assert len(mail_server.mails) == len(ids)


def test_a_clock_that_is_to_stop_ends_after_the_mail_in_hand(
    mail_setup: MailSetup, mail_server: MailServer
) -> None:
    mail_setup.write(3)
    assert mail_setup.tick(mail_server.url, is_stopping=lambda: len(mail_server.mails) == 1) == 1
    assert [mail_setup.notice(number).state for number in range(3)] == ["sent", "queued", "queued"]


def test_a_mail_is_not_sent_before_its_time(mail_setup: MailSetup, mail_server: MailServer) -> None:
    mail_setup.write()
    mail_setup.now -= 2 * MINUTE
    assert mail_setup.tick(mail_server.url) == 0
    assert mail_server.mails == []


def test_once_sent_a_mail_rests_without_its_one_use_link(
    mail_setup: MailSetup, mail_server: MailServer
) -> None:
    person = mail_setup.person()
    with mail_setup.database.transaction() as session:
        person_row = session.get_one(Person, person.id)
        mail_setup.ids.append(invite(session, actor=COMMAND, person=person_row, now=NOON).id)
    token = mail_setup.notice().body.partition("/invitation/")[2].split()[0]
    assert mail_setup.tick(mail_server.url) == 1
    assert f"{BASE_URL}/invitation/{token}" in mail_server.mails[0].text
    assert token not in mail_setup.notice().body
    assert "/invitation/…" in mail_setup.notice().body


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "TEXT"])
def test_a_permanent_refusal_keeps_the_servers_reason_but_not_the_link(
    mail_setup: MailSetup, verb: str
) -> None:
    person = mail_setup.person()
    with mail_setup.database.transaction() as session:
        person_row = session.get_one(Person, person.id)
        mail_setup.ids.append(invite(session, actor=COMMAND, person=person_row, now=NOON).id)
    with scripted_server({verb: "550 5.1.1 no such mailbox"}) as server:
        assert mail_setup.tick(server.url()) == 0
        mail_setup.now += timedelta(days=1)
        assert mail_setup.tick(server.url()) == 0
    notice = mail_setup.notice()
    assert (notice.state, notice.reason) == (NoticeState.FAILED, "550 5.1.1 no such mailbox")
    assert "/invitation/…" in notice.body
    assert mail_setup.verbs() == ["send_mail", "mail_failed"]


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "TEXT"])
def test_a_refusal_for_now_waits_longer_each_time_and_then_arrives(
    mail_setup: MailSetup, verb: str
) -> None:
    mail_setup.write()
    with scripted_server({verb: "451 4.7.1 come back later"}) as server:
        for minutes in (1, 2, 5, 15, 30, 60, 60):
            assert mail_setup.tick(server.url()) == 0
            notice = mail_setup.notice()
            assert (notice.state, notice.reason) == (
                NoticeState.QUEUED,
                "451 4.7.1 come back later",
            )
            assert notice.send_at == mail_setup.now + minutes * MINUTE
            mail_setup.now += minutes * MINUTE - timedelta(seconds=1)
            assert mail_setup.tick(server.url()) == 0
            assert mail_setup.notice().tries == notice.tries
            mail_setup.now += timedelta(seconds=1)
        server.replies[verb] = "354 go on" if verb == "DATA" else "250 taken"
        assert mail_setup.tick(server.url()) == 1
    assert (mail_setup.notice().state, mail_setup.notice().reason) == (NoticeState.SENT, "")


def test_a_mail_that_nobody_takes_for_five_days_has_failed(mail_setup: MailSetup) -> None:
    mail_setup.write()
    mail_setup.now += GIVE_UP_AFTER
    with scripted_server({"RCPT": "451 full"}) as server:
        mail_setup.tick(server.url())
    assert (mail_setup.notice().state, mail_setup.notice().reason) == (
        NoticeState.FAILED,
        "451 full",
    )


def test_an_unreachable_server_delays_one_mail_and_no_others(
    mail_setup: MailSetup, mail_server: MailServer
) -> None:
    mail_setup.write(3)
    assert mail_setup.tick(f"smtp://127.0.0.1:{free_port()}") == 0
    assert [mail_setup.notice(number).tries for number in range(3)] == [1, 0, 0]
    assert "ConnectionRefusedError" in mail_setup.notice().reason
    mail_setup.now += MINUTE
    assert mail_setup.tick(mail_server.url) == 3


@pytest.mark.parametrize("verb", ["HELLO", "EHLO", "MAIL"])
def test_a_server_that_will_not_talk_to_us_fails_no_mail(mail_setup: MailSetup, verb: str) -> None:
    mail_setup.write(2)
    with scripted_server({verb: "554 not you", "HELO": "554 not you"}) as server:
        assert mail_setup.tick(server.url()) == 0
    assert [mail_setup.notice(number).state for number in range(2)] == [NoticeState.QUEUED] * 2
    assert mail_setup.notice().reason.startswith("554 not you")


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_a_connection_lost_before_the_text_is_only_tried_later(
    mail_setup: MailSetup, verb: str
) -> None:
    mail_setup.write()
    with scripted_server({verb: DROP}) as server:
        mail_setup.tick(server.url())
        assert mail_setup.verbs() == ["send_mail", "mail_later"]
        server.replies[verb] = "250 fine"
        mail_setup.now += MINUTE
        assert mail_setup.tick(server.url()) == 1


def test_a_mail_lost_in_transit_is_resent_under_the_same_message_id(mail_setup: MailSetup) -> None:
    mail_setup.write()
    with scripted_server({"TEXT": DROP}) as server:
        assert mail_setup.tick(server.url()) == 0
        assert mail_setup.verbs() == ["send_mail", "mail_unconfirmed", "mail_again"]
        assert mail_setup.notice().state is NoticeState.QUEUED
        server.replies["TEXT"] = "250 taken"
        mail_setup.now += MINUTE
        assert mail_setup.tick(server.url()) == 1
        heard = [message_from_bytes(text, policy=policy.default) for text in server.texts]
    assert len({mail["Message-ID"] for mail in heard}) == 1
    assert len(heard) == 2
    assert mail_setup.notice().state is NoticeState.SENT


def test_a_mail_lost_twice_stays_unconfirmed_for_a_person_to_see(mail_setup: MailSetup) -> None:
    mail_setup.write()
    with scripted_server({"TEXT": DROP}) as server:
        for _ in range(4):
            mail_setup.tick(server.url())
            mail_setup.now += timedelta(hours=2)
        assert len(server.texts) == 2
    notice = mail_setup.notice()
    assert notice.state is NoticeState.UNCONFIRMED
    assert notice.reason.startswith("SMTPServerDisconnected")
    assert mail_setup.verbs()[-1] == "mail_unconfirmed"


def test_a_server_that_hangs_up_after_taking_the_mail_has_taken_it(mail_setup: MailSetup) -> None:
    mail_setup.write()
    with scripted_server({"QUIT": DROP}) as server:
        assert mail_setup.tick(server.url()) == 1
    assert mail_setup.notice().state is NoticeState.SENT


class ProcessDied(BaseException):
    """Stands for the end of the process."""


@pytest.mark.twin
def test_a_claim_whose_lease_has_ended_is_unconfirmed_and_sent_once_more(
    database: Database, mail_server: MailServer
) -> None:
    post = MailSetup(database)
    post.write()
    calls = iter([post.now] * 3)

    def dying() -> datetime:
        try:
            return next(calls)
        except StopIteration:
            raise ProcessDied from None

    with pytest.raises(ProcessDied):
        tick_mail(
            database,
            MailOrigin(smtp_url=mail_server.url, mail_from="cell@pmc.example", base_url=BASE_URL),
            now=dying,
        )
    assert post.notice().state is NoticeState.SENDING
    post.now += LEASE - timedelta(seconds=1)
    assert post.tick(mail_server.url) == 0
    assert post.notice().state is NoticeState.SENDING
    post.now += timedelta(seconds=1)
    post.tick(mail_server.url)
    assert post.verbs() == ["send_mail", "mail_unconfirmed", "mail_again"]
    post.now += MINUTE
    assert post.tick(mail_server.url) == 1
    assert post.notice().state is NoticeState.SENT


@pytest.mark.twin
def test_a_sender_that_wakes_after_its_lease_leaves_the_new_try_alone(
    database: Database, mail_server: MailServer
) -> None:
    """The first sender is blocked while it sends the mail; a second one takes over."""
    post = MailSetup(database)
    post.write()
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        go_on.wait(20)

    with scripted_server() as slow:
        slow.before_greeting = wait
        first = threading.Thread(target=post.tick, args=(slow.url(),))
        first.start()
        assert reached.wait(10)
        post.now += LEASE
        post.tick(mail_server.url)
        post.now += MINUTE
        assert post.tick(mail_server.url) == 1
        sent = post.notice()
        go_on.set()
        first.join(20)
    after = post.notice()
    assert (after.state, after.sent_at, after.tries) == (sent.state, sent.sent_at, sent.tries)
    assert after.state is NoticeState.SENT


@pytest.mark.twin
def test_a_late_acceptance_settles_a_mail_that_was_queued_again(database: Database) -> None:
    post = MailSetup(database)
    post.write()
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        go_on.wait(20)

    with scripted_server() as slow:
        slow.before_greeting = wait
        first = threading.Thread(target=post.tick, args=(slow.url(),))
        first.start()
        assert reached.wait(10)
        post.now += LEASE
        post.tick("smtp://127.0.0.1:1")  # only settles: the mail is due a minute later
        assert post.notice().state is NoticeState.QUEUED
        go_on.set()
        first.join(20)
    assert post.notice().state is NoticeState.SENT
    post.now += MINUTE
    assert post.tick("smtp://127.0.0.1:1") == 0


def test_long_names_of_a_thread_arrive_whole_and_unencoded(
    mail_setup: MailSetup, mail_server: MailServer
) -> None:
    """A name of a mail is longer than a line, and a program that finds it encoded has no thread."""
    names = [f"{letter * 230}.{number}@water.example" for number, letter in enumerate("abcdefgh")]
    mail_setup.write()
    with mail_setup.database.transaction() as session:
        session.get_one(Notice, mail_setup.ids[0]).in_thread = names
    assert mail_setup.tick(mail_server.url) == 1
    (mail,) = mail_server.mails
    raw = mail.raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode("ascii")
    headers = dict(line.split(": ", 1) for line in raw.split("\r\n"))
    assert headers["In-Reply-To"] == f"<{names[-1]}>"
    assert headers["References"].split() == [f"<{name}>" for name in names]
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998  # RFC 5322, 2.1.1
    again = read_message(mail.raw)
    assert (again.in_reply_to, again.references) == ((names[-1],), tuple(names))


@pytest.mark.both
def test_several_clocks_send_each_mail_once(database: Database, mail_server: MailServer) -> None:
    post = MailSetup(database)
    post.write(8)
    clocks = [threading.Thread(target=post.tick, args=(mail_server.url,)) for _ in range(3)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join(60)
    ids = [mail.content["Message-ID"] for mail in mail_server.mails]
    assert len(ids) == len(set(ids)) == 8
    assert {post.notice(number).state for number in range(8)} == {NoticeState.SENT}


def test_no_transaction_is_open_while_the_server_is_talked_to(mail_setup: MailSetup) -> None:
    mail_setup.write()
    written = []
    with scripted_server() as server:

        def write() -> None:
            with (
                mail_setup.database.transaction() as session
            ):  # SQLite: it waits for any other writer
                session.get_one(Notice, mail_setup.ids[0]).reason = "written meanwhile"
            written.append(True)

        server.before_greeting = write
        assert mail_setup.tick(server.url()) == 1
    assert written == [True]


def test_starttls_is_used_where_a_password_goes_with_it(
    mail_setup: MailSetup, tmp_path: Path
) -> None:
    mail_setup.write()
    ours, trusting = certificate(tmp_path)
    says = {"EHLO": "250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS", "STARTTLS": "220 go on"}
    with scripted_server(says, context=ours) as server:
        assert mail_setup.tick(server.url(login="cell:p%40ss@"), context=trusting) == 1
    verbs_heard = [line.split()[0].upper() for line in server.commands]
    assert verbs_heard[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_smtps_is_secret_from_the_first_byte(mail_setup: MailSetup, tmp_path: Path) -> None:
    mail_setup.write()
    ours, trusting = certificate(tmp_path)
    with scripted_server(context=ours, is_smtps=True) as server:
        assert mail_setup.tick(server.url("smtps"), context=trusting) == 1
    assert server.texts


def test_a_certificate_that_is_not_trusted_gets_no_mail_and_no_password(
    mail_setup: MailSetup, tmp_path: Path
) -> None:
    mail_setup.write()
    ours, _ = certificate(tmp_path)
    says = {"EHLO": "250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS", "STARTTLS": "220 go on"}
    with scripted_server(says, context=ours) as server:
        assert mail_setup.tick(server.url(login="cell:secret@")) == 0
    assert not any(line.upper().startswith(("AUTH", "MAIL")) for line in server.commands)
    assert "SSLCertVerificationError" in mail_setup.notice().reason


def test_a_password_goes_over_no_line_without_tls(mail_setup: MailSetup) -> None:
    mail_setup.write()
    with scripted_server({"EHLO": "250-here\r\n250 AUTH PLAIN"}) as server:
        assert mail_setup.tick(server.url(login="cell:secret@")) == 0
    assert [line.split()[0].upper() for line in server.commands] == ["EHLO"]
    assert "no TLS" in mail_setup.notice().reason
    assert "secret" not in mail_setup.notice().reason


def test_a_refused_password_fails_no_mail(mail_setup: MailSetup, tmp_path: Path) -> None:
    mail_setup.write()
    ours, trusting = certificate(tmp_path)
    says = {
        "EHLO": "250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS",
        "STARTTLS": "220 go on",
        "AUTH": "535 5.7.8 wrong",
    }
    with scripted_server(says, context=ours) as server:
        assert mail_setup.tick(server.url(login="cell:secret@"), context=trusting) == 0
    assert mail_setup.notice().state is NoticeState.QUEUED
    assert mail_setup.notice().reason == "535 5.7.8 wrong"
