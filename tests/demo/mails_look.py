"""What became of the mails that came before the demo begins."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.departments import DepartmentAddress
from publisher.models.mailbox import ReceivedMail
from publisher.models.submissions import Submission
from tests.demo.conftest import City

OUTCOMES = {
    "tank-cleaning": ("submission", ""),
    "arrears-camp": ("submission", ""),
    "arrears-camp-time": ("joined", ""),
    "away": ("ignored", "auto_reply"),
    "other-department": ("quarantined", "unjoined_reply"),
    "society": ("quarantined", "unknown_sender"),
    "forged": ("quarantined", "unproven_sender"),
    "footpath": ("submission", ""),
    "unconfirmed": ("quarantined", "unconfirmed_address"),
    "two-departments": ("quarantined", "several_departments"),
    "sent-on": ("quarantined", "from_cell"),
    "": ("refused", "no_headers"),
}


def check_mails_became_what_the_demo_shows_them_for(_city: City, session: Session) -> None:
    mails = session.scalars(select(ReceivedMail)).all()
    assert len(mails) == len(OUTCOMES)
    outcomes = {
        mail.message_id.partition("@")[0]: (mail.outcome.value, mail.reason) for mail in mails
    }
    assert outcomes == OUTCOMES
    by_mail = select(Submission).where(Submission.mail_sender != "").order_by(Submission.id)
    assert [len(row.files) for row in session.scalars(by_mail)] == [1, 0, 1]


def check_one_shared_address_waits_for_a_second_person(_city: City, session: Session) -> None:
    query = select(DepartmentAddress.confirmed_at).order_by(DepartmentAddress.id)
    assert [at is None for at in session.scalars(query)] == [False, True]


MAILS_LOOK = (
    check_mails_became_what_the_demo_shows_them_for,
    check_one_shared_address_waits_for_a_second_person,
)
