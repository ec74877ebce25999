"""What somebody meets first in a fresh demo, and what must not puzzle them there."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Role
from demo import script
from demo.seeding.context import get_post
from publisher.delivery.monitoring import overdue
from publisher.inbox.subscriptions import WebhookState, telling
from publisher.models.deliveries import Account
from publisher.models.emergency import Duty
from publisher.models.monitoring import Watch
from publisher.models.people import Appointment, Department
from publisher.now import now
from tests.demo.conftest import City
from tests.inbox.told_town import SETTINGS


def check_a_revision_after_a_return_changes_what_the_officer_asked(
    _city: City, session: Session
) -> None:
    """The officer's first advice in the demo is the one about the water."""
    for notice, words in (("water-cut", "०२०-५५५०-०१२३"), ("road-closed", "दोन्ही दिशांनी")):
        first, second = get_post(
            session, next(story for story in script.city().stories if story.notice == notice)
        ).revisions
        assert words not in " ".join(variant.text for variant in first.variants)
        assert words in " ".join(variant.text for variant in second.variants)
        assert all("  " not in variant.text for variant in first.variants)


def check_the_accounts_are_clean(city: City, session: Session) -> None:
    """As after the checks of every day: none is overdue when the demo begins."""
    began_at = city.progress().began_at
    assert overdue.find_overdue_checks(session, now=began_at) == {}
    looked_at = session.scalars(select(Watch.looked_at)).all()
    assert looked_at
    assert None not in looked_at
    assert session.scalars(select(Watch.id).where(Watch.absent_at.is_not(None))).all() == []


def check_oversight_sees_the_departments_that_report_to_it(_city: City, session: Session) -> None:
    codes = select(Department.code).where(Department.reports_to_id.is_(None))
    assert set(session.scalars(codes)) == {
        "commissioner",
        "amc-general",
        "amc-estate",
        "amc-special",
    }


def check_facebook_is_relied_on_once_the_page_is_subscribed(city: City, _session: Session) -> None:
    """The clock subscribes it within a minute."""
    with city.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.platform == "facebook")).one()
        account.subscribed_at = now()
        session.flush()
        states = telling(session, [account], SETTINGS, now=now())
    assert states == {account.id: WebhookState.TOLD}


def check_no_member_is_on_duty(_city: City, session: Session) -> None:
    """A member of a department would see the emergency pages beside the form to hand in."""
    roles = select(Appointment.role).join(Duty, Duty.person_id == Appointment.person_id)
    assert Role.MEMBER not in set(session.scalars(roles))


FIRST_LOOK = (
    check_a_revision_after_a_return_changes_what_the_officer_asked,
    check_the_accounts_are_clean,
    check_oversight_sees_the_departments_that_report_to_it,
    check_facebook_is_relied_on_once_the_page_is_subscribed,
    check_no_member_is_on_duty,
)
