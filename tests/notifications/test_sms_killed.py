"""The sender of SMS is killed at its named points, and another one continues."""

from __future__ import annotations

import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from approvals.policy import Actor, ActorKind
from publisher.database.session import Database
from publisher.models.notifications import Notice
from publisher.models.people import NoticeGroup, Telling
from publisher.notifications import preferences
from publisher.notifications.compose import queue
from publisher.notifications.dispatch import LEASE
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import tick_sms
from publisher.states import NoticeState
from sandbox.server import run_sandbox
from tests.notifications.test_sms import BASE_URL, MAIL, MOBILE, VALUES, gateway
from tests.support.city_people import NOON, add_department, appoint
from tests.support.processes import Starter

pytestmark = pytest.mark.proof

TICK = f"""
import sys
from datetime import datetime
from publisher.database.session import Database
from publisher.notifications.sms import tick_sms
from tests.notifications.test_sms import gateway

at = datetime.fromisoformat({NOON.isoformat()!r})
tick_sms(Database(sys.argv[1]), sms=gateway(sys.argv[2]), base_url={BASE_URL!r}, now=lambda: at)
"""


@pytest.mark.parametrize(("point", "arrived"), [("sms.claimed", 1), ("sms.accepted_unstored", 2)])
def test_a_killed_sender_loses_no_sms(
    sqlite_url: str, tmp_path: Path, start: Starter, point: str, arrived: int
) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        person = appoint(session, add_department(session, "water"), mail=MAIL, mobile=MOBILE).person
        actor = Actor(ActorKind.PERSON, person_id=person.id)
        settings = {NoticeGroup.APPROVALS: Telling.SMS}
        preferences.choose(session, actor=actor, person=person, preferences=settings, now=NOON)
        notice = queue(session, kind=NoticeKind.APPROVED, person=person, values=VALUES, now=NOON)
        assert notice is not None
    with run_sandbox(path=tmp_path / "sandbox") as places:
        address = f"{places.url}/sms"
        killed = start(
            [sys.executable, "-c", TICK, sqlite_url, address],
            environment={"NAGARVANI_CHECKPOINT": point},
        )
        assert killed.popen.wait(60) == -signal.SIGKILL, killed.written_output()
        for at in (NOON + LEASE, NOON + LEASE + timedelta(minutes=1)):
            tick_sms(
                database,
                sms=gateway(address),
                base_url=BASE_URL,
                now=lambda at=at: at,  # type: ignore[misc]  # bound early on purpose
            )
        messages = requests.get(f"{places.url}/sms.json", timeout=5).json()
    with database.reading() as session:
        assert session.get_one(Notice, notice.id).state is NoticeState.SENT
    assert len(messages) == arrived
    database.dispose()
