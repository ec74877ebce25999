"""The sender of mails is killed at its named points, and another one continues."""

from __future__ import annotations

import signal
import sys
from datetime import timedelta

import pytest

from publisher.database.session import Database
from publisher.models.notifications import Notice
from publisher.notifications.compose import queue
from publisher.notifications.dispatch import LEASE
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.kinds import NoticeKind
from publisher.states import NoticeState
from tests.support.city_people import NOON, add_department, appoint
from tests.support.mail import MailServer
from tests.support.processes import Starter

pytestmark = [pytest.mark.both, pytest.mark.proof]

TICK = f"""
import sys
from datetime import datetime
from publisher.database.session import Database
from publisher.notifications.email import MailOrigin, tick_mail

at = datetime.fromisoformat({NOON.isoformat()!r})
sender = MailOrigin(sys.argv[2], "cell@pmc.example", "https://nagarvani.example")
tick_mail(Database(sys.argv[1]), sender, now=lambda: at)
"""


@pytest.mark.parametrize(("point", "arrived"), [("mail.claimed", 1), ("mail.accepted_unstored", 2)])
def test_a_killed_sender_loses_no_mail_and_keeps_message_ids(
    database: Database,
    database_url: str,
    mail_server: MailServer,
    start: Starter,
    point: str,
    arrived: int,
) -> None:
    with database.transaction() as session:
        person = appoint(session, add_department(session, "water"), mail="first@pmc.example").person
        values = {"title": "पाणीपुरवठा बंद", "revision": 3, "department_mr": "पाणीपुरवठा विभाग"}
        notice = queue(session, kind=NoticeKind.APPROVED, person=person, values=values, now=NOON)
        assert notice is not None
    killed = start(
        [sys.executable, "-c", TICK, database_url, mail_server.url],
        environment={"NAGARVANI_CHECKPOINT": point},
    )
    assert killed.popen.wait(60) == -signal.SIGKILL, killed.written_output()
    for at in (NOON + LEASE, NOON + LEASE + timedelta(minutes=1)):
        sender = MailOrigin(mail_server.url, "cell@pmc.example", "https://nagarvani.example")
        tick_mail(database, sender, now=lambda at=at: at)  # type: ignore[misc]  # bound early on purpose
    with database.transaction() as session:
        assert session.get_one(Notice, notice.id).state is NoticeState.SENT
    assert len(mail_server.mails) == arrived
    assert len({mail.content["Message-ID"] for mail in mail_server.mails}) == 1
