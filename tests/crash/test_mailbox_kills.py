"""The reader of the mailbox is killed at its named points, and another one continues."""

from __future__ import annotations

import signal
import sys

import pytest
from sqlalchemy import select

from publisher.database.session import Database
from publisher.mail.mailbox.imap import imap_server
from publisher.mail.mailbox.reader import LEASE, MailboxReading, tick_mailbox
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.submissions import Submission
from tests.crash import points
from tests.support import dovecot
from tests.support.city import City
from tests.support.city_people import NOON
from tests.support.mailed import address_of, intake_of
from tests.support.processes import Starter

pytestmark = [
    pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing()),
]
TICK = f"""
import sys
from datetime import datetime
from pathlib import Path
from publisher.database.session import Database
from publisher.mail.mailbox.imap import imap_server
from publisher.mail.mailbox.preparation import MailIntake
from publisher.mail.mailbox.reader import MailboxReading, tick_mailbox
from publisher.media.folder_store import FolderStore

at = datetime.fromisoformat({NOON.isoformat()!r})
intake = MailIntake(FolderStore(Path(sys.argv[2])), "PMC", "city@pmc.example", "")
server = imap_server(sys.argv[3])
tick_mailbox(MailboxReading(Database(sys.argv[1]), server, intake, lambda: at), waits=False)
"""


@pytest.mark.parametrize("point", points.TAKING_IN)
def test_a_killed_reader_loses_no_mail_and_takes_none_in_twice(
    town: City, database: Database, database_url: str, start: Starter, point: str
) -> None:
    with dovecot.serving() as server:
        for number in ("first", "second"):
            server.deliver(_mail(town, number))
        killed = start(
            [sys.executable, "-c", TICK, database_url, str(town.store.root), server.url],
            environment={"NAGARVANI_CHECKPOINT": point},
        )
        assert killed.popen.wait(60) == -signal.SIGKILL, killed.written_output()
        later = MailboxReading(
            database, imap_server(server.url), intake_of(town.store), lambda: NOON + LEASE
        )
        tick_mailbox(later, waits=False)
        assert len(server.flags()) == 2
    with database.reading() as session:
        outcomes = session.scalars(select(ReceivedMail.outcome)).all()
        assert outcomes == [MailOutcome.SUBMISSION, MailOutcome.SUBMISSION]
        assert sorted(session.scalars(select(Submission.title))) == ["first", "second"]
        assert len(session.scalars(select(Notice)).all()) == 2


def _mail(town: City, subject: str) -> bytes:
    return (
        f"From: <{address_of(town, 'member')}>\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject}@phone.example>\r\n\r\nWater stops: {subject}.\r\n"
    ).encode()
