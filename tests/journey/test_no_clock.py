"""The admins are mailed if no clock runs, even if nobody opens a page."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.delivery import dispatch
from publisher.now import now
from tests.journey.installation import SECRET
from tests.support.city import city
from tests.support.mail import MailServer
from tests.support.processes import Starter, free_port

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(180)]


def test_the_web_server_mails_that_no_clock_runs_without_any_request(
    database: Database, start: Starter, mail_server: MailServer, tmp_path: Path
) -> None:
    city(database, tmp_path)
    with database.transaction() as session:
        dispatch.record_heartbeat(session, "gone-7", now=now() - timedelta(minutes=10))
    environment = {
        "NAGARVANI_DATABASE_URL": database.url,
        "NAGARVANI_MEDIA_DIR": str(tmp_path / "media"),
        "NAGARVANI_SECRET_KEY": SECRET,
        "NAGARVANI_SMTP_URL": mail_server.url,
    }
    port = str(free_port())
    web = start.nagarvani("web", "--port", port, "--workers", "2", environment=environment)
    mail_server.wait_for(1, within=75)
    time.sleep(5)  # the other process looks at about the same time
    assert [mail.recipients for mail in mail_server.mails] == [("admin@pmc.example",)]
    assert "/clocks" in mail_server.mails[0].text
    assert web.is_running()
    assert web.stop(within=20) == 0, web.written_output()
