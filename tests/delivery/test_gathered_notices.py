"""Several texts of one post that fail together are told in one mail; what is urgent never waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from publisher.delivery.notify import NEAR_DEADLINE
from publisher.emergency.alerts import tick_alerts
from publisher.models.comments import Comment
from publisher.models.notifications import Notice
from publisher.models.people import NoticeGroup, Person, Telling
from publisher.models.posts import Language
from publisher.notifications import preferences
from publisher.notifications.bundle import GATHERED_FOR
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.sms import tick_sms
from publisher.platforms.base.protocol import OutcomeUnknown, RefusalCode, Refused
from publisher.settings.sms import Sms, SmsTemplate
from sandbox.server import run_sandbox
from tests.support import emergency_steps
from tests.support.city import PACE, City
from tests.support.city_people import HOUR, MINUTE
from tests.support.emergency_steps import NO_SMS
from tests.support.mail import Mail, MailServer

pytestmark = pytest.mark.twin

LEAD = "lead@pmc.example"
BASE_URL = "https://nagarvani.example"
SECOND = timedelta(seconds=1)
REGISTERED = Sms(
    sms_url="",
    sms_method="POST",
    sms_headers={"Content-Type": "application/json", "X-Key": "a-very-secret-key"},
    sms_body='{"to": "{to}", "sender": "{sender}", "template_id": "{template_id}", '
    '"text": "{text}", "entity": "{entity_id}", "id": "{id}"}',
    sms_success='"type": ?"success"',
    sms_sender="PMCNGV",
    sms_entity_id="1101000000000000009",
    sms_templates={
        "delivery_failed": SmsTemplate(
            "1107000000000000001",
            "निर्णय द्यावा, {#var#} मजकूर ({#var#}): {#var#}",
            ("count", "platform", "link"),
        )
    },
)


def send(town: City, server: MailServer, after: timedelta = timedelta(0)) -> int:
    """Move the clock, and send the mails that are due."""
    town.clock.move(after)
    return tick_mail(
        town.database,
        MailOrigin(smtp_url=server.url, mail_from="cell@pmc.example", base_url=BASE_URL),
        now=town.clock,
    )


def refuse(town: City, *, on: str = "x", times: int = 1) -> None:
    for _ in range(times):
        town.platform(on).fail_next(Refused(RefusalCode.DUPLICATE, "said before"))


def two_platforms_two_languages(town: City) -> int:
    """Let all four texts of a post be refused within a minute, and return the post's id."""
    post_id = town.start(town.hand_in())
    town.save(post_id, languages=(Language.MARATHI, Language.ENGLISH))
    town.send(post_id)
    town.approve(post_id)
    town.schedule(post_id, timedelta(0))
    refuse(town, times=2)
    refuse(town, on="facebook", times=2)
    for _ in range(4):
        town.tick_dispatch(15 * SECOND)
    return post_id


def lines(mail: Mail) -> list[str]:
    return mail.text.replace("\r\n", "\n").split("\n")


def of_kind(town: City, kind: str) -> list[Notice]:
    with town.read() as session:
        query = select(Notice).join(Person).where(Notice.kind == kind, Person.mail == LEAD)
        return list(session.scalars(query.order_by(Notice.id)))


def test_the_failed_texts_of_a_post_are_told_in_one_mail(
    town: City, mail_server: MailServer
) -> None:
    post_id = two_platforms_two_languages(town)
    assert len(of_kind(town, "delivery_failed")) == 4
    send(town, mail_server)
    assert not [mail for mail in mail_server.to(LEAD) if "होऊ शकले नाही" in mail.subject]

    send(town, mail_server, GATHERED_FOR)
    (mail,) = [mail for mail in mail_server.to(LEAD) if "होऊ शकले नाही" in mail.subject]
    assert mail.subject.startswith("प्रसिद्ध होऊ शकले नाही – निर्णय द्यावा (४ मजकूर): शनिवारी")
    rows = [line for line in lines(mail) if line.startswith("– ") and ";" in line]
    assert [row.split("; ")[:2] for row in rows] == [
        ["– एक्स (X)", "मराठी"],
        ["– एक्स (X)", "इंग्रजी"],
        ["– फेसबुक", "मराठी"],
        ["– फेसबुक", "इंग्रजी"],
    ]
    assert all("नुकताच प्रसिद्ध" in row for row in rows)
    assert mail.text.count("शनिवारी पाणीपुरवठा बंद") == 1
    assert "मजकूर: ४" in lines(mail)
    assert f"{BASE_URL}/posts/{post_id}" in lines(mail)
    (notice,) = of_kind(town, "delivery_failed")
    assert len(notice.lines) == 4
    assert send(town, mail_server, HOUR) == 0


def test_one_text_alone_leads_to_its_own_page(town: City, mail_server: MailServer) -> None:
    refuse(town)
    (delivery_id,) = town.due()
    town.tick_dispatch()
    send(town, mail_server, GATHERED_FOR)
    mail = mail_server.to(LEAD)[-1]
    assert mail.subject.startswith("प्रसिद्ध होऊ शकले नाही – निर्णय द्यावा: शनिवारी")
    assert "मजकूर:" not in mail.text
    assert f"{BASE_URL}/deliveries/{delivery_id}" in lines(mail)


def test_two_posts_stay_two_mails(town: City, mail_server: MailServer) -> None:
    refuse(town, times=2)
    town.due()
    town.due()
    town.tick_dispatch()
    town.tick_dispatch(SECOND)
    send(town, mail_server, GATHERED_FOR)
    assert len([mail for mail in mail_server.to(LEAD) if "होऊ शकले नाही" in mail.subject]) == 2


def test_a_text_that_fails_after_the_mail_has_gone_gets_a_mail_of_its_own(
    town: City, mail_server: MailServer
) -> None:
    refuse(town)
    town.due(on=("x", "facebook"))
    town.platform("facebook").fail_next(OutcomeUnknown("no answer"))
    town.tick_dispatch()
    town.tick_dispatch(SECOND)
    send(town, mail_server, GATHERED_FOR)
    for _ in PACE.looks:
        town.tick_reconcile(16 * MINUTE)
    send(town, mail_server, GATHERED_FOR)
    subjects = [mail.subject for mail in mail_server.to(LEAD)]
    assert [("होऊ शकले नाही" in subject, "झाले का" in subject) for subject in subjects[-2:]] == [
        (True, False),
        (False, True),
    ]


def test_an_emergency_waits_for_nothing_and_is_still_told_once(
    town: City, mail_server: MailServer
) -> None:
    refuse(town, times=2)
    refuse(town, on="facebook", times=2)
    emergency_steps.publish_new(town)
    for _ in range(4):
        town.tick_dispatch()
    assert tick_alerts(town.database, sms=NO_SMS, now=town.clock) > 1
    send(town, mail_server)
    (called,) = [mail for mail in mail_server.to("clerk@pmc.example") if "अडला" in mail.subject]
    assert "मजकूर)" in called.subject
    (failed,) = [mail for mail in mail_server.to(LEAD) if "होऊ शकले नाही" in mail.subject]
    assert "मजकूर)" in failed.subject


def test_an_answer_that_is_due_within_hours_waits_for_nothing(
    town: City, mail_server: MailServer
) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    with town.read() as session:
        due_at = session.get_one(Comment, comment_id).due_at
    assert due_at is not None
    town.clock.move(due_at - town.now - NEAR_DEADLINE + HOUR)
    refuse(town)
    town.answer(comment_id)
    town.tick_dispatch()
    send(town, mail_server)
    assert [mail for mail in mail_server.to(LEAD) if "होऊ शकले नाही" in mail.subject]


def test_an_sms_about_several_texts_is_one_as_well(town: City, tmp_path: Path) -> None:
    with town.write() as session:
        lead = session.get_one(Person, town.people["lead"])
        lead.mobile = "+919822012345"
        chosen = {NoticeGroup.DEADLINES: Telling.SMS}
        preferences.choose(
            session, actor=town.actor("lead"), person=lead, preferences=chosen, now=town.now
        )
    post_id = two_platforms_two_languages(town)
    town.clock.move(GATHERED_FOR)
    with run_sandbox(path=tmp_path / "sandbox") as sandbox:
        sms = replace(REGISTERED, sms_url=f"{sandbox.url}/sms")
        assert tick_sms(town.database, sms=sms, base_url=BASE_URL, now=town.clock) == 1
        (message,) = requests.get(f"{sandbox.url}/sms.json", timeout=5).json()
    text = "निर्णय द्यावा, ४ मजकूर (एक्स (X), फेसबुक): "
    assert message["text"] == f"{text}{BASE_URL}/posts/{post_id}"
