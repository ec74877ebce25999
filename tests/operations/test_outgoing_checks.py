"""`doctor` says whether mails leave: the mail server, the sender, and what waits for how long."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from commands.health_messages import sentence
from publisher.models.notifications import Notice
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.kinds import NoticeKind
from publisher.operations.health_checks import HealthFinding
from publisher.operations.outgoing_checks import check_mail_server, check_waiting
from publisher.settings.environment import Settings, load
from publisher.states import NoticeState
from tests.support.city import City
from tests.support.mail import MailServer
from tests.support.processes import free_port

DEAD = "smtp://cell:hidden@127.0.0.1:1"


def settings(url: str, sender: str = "cell@pmc.example") -> Settings:
    """Return settings with this mail server and sender."""
    return load({"NAGARVANI_SMTP_URL": url, "NAGARVANI_MAIL_FROM": sender})


def waiting(town: City) -> list[HealthFinding]:
    """Return what is said of the messages that wait."""
    return list(check_waiting(town.database, now=town.now))


def test_a_mail_server_that_answers_is_well(mail_server: MailServer) -> None:
    (finding,) = check_mail_server(settings(mail_server.url))
    assert (finding.ok, finding.code) == (True, "mail_server_answers")
    assert mail_server.mails == []


def test_a_dead_mail_server_is_named_without_its_password() -> None:
    (finding,) = check_mail_server(settings(DEAD))
    assert not finding.ok
    assert sentence(finding).startswith("smtp://cell:***@127.0.0.1:1 takes no mail (Connection")


def test_the_sender_that_nobody_has_chosen_is_named(mail_server: MailServer) -> None:
    _, sender = check_mail_server(settings(mail_server.url, ""))
    assert (sender.ok, sender.code) == (False, "sender_default")
    assert "nagarvani@localhost" in sentence(sender)


def test_messages_that_wait_are_counted_with_the_last_answer(town: City) -> None:
    with town.write() as session:
        session.execute(update(Notice).values(state=NoticeState.SENT))
    assert waiting(town) == []
    began_at = town.now
    with town.write() as session:
        for number in range(3):
            session.add(
                Notice(
                    kind=NoticeKind.STOPPED,
                    address="a@pmc.example",
                    language="mr",
                    subject="",
                    body="",
                    mail_id=str(number),
                    state_at=town.now,
                    queued_at=town.now,
                    # What is to be sent later waits for nobody.
                    send_at=town.now + timedelta(hours=number // 2),
                )
            )
    (finding,) = waiting(town)
    assert (finding.ok, finding.values["number"], finding.values["reason"]) == (True, 2, "–")
    refused = f"smtp://127.0.0.1:{free_port()}"
    tick_mail(
        town.database,
        MailOrigin(smtp_url=refused, mail_from="a@b.example", base_url=""),
        now=town.clock,
    )
    town.clock.move(timedelta(minutes=11))
    (finding,) = waiting(town)
    assert (finding.ok, finding.values["number"]) == (False, 2)
    assert finding.values["since"] == f"{began_at:%Y-%m-%d %H:%M} UTC"
    assert "ConnectionRefusedError" in sentence(finding)
