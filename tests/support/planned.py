"""Set times, freezes, a stop, a mail that did not go, a way begun elsewhere, for their pages."""

from __future__ import annotations

from datetime import time, timedelta

from sqlalchemy import select

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery.accounts import oauth_flow
from publisher.delivery.accounts.credentials import Vault
from publisher.delivery.controls import stop
from publisher.delivery.controls.freeze import FreezeForm
from publisher.delivery.controls.freeze import freeze as controls_freeze
from publisher.models.notifications import Notice
from publisher.models.people import SignIn
from publisher.platforms.oauth.flow import StartedFlow
from publisher.scheduling import slots
from publisher.states import NoticeState
from tests.support.city import City


def set_times(city: City, minute: int = 0) -> tuple[int, int]:
    """A good time on Mondays for X, and a quiet time for all; gives their ids."""
    with city.write() as session:
        clerk, now = city.actor("clerk"), city.now
        (slot,) = slots.set_slots(
            session,
            actor=clerk,
            now=now,
            account_id=city.accounts["x"],
            weekdays=[0],
            time_of_day=time(9, minute),
        )
        quiet = slots.set_quiet_time(
            session,
            actor=clerk,
            now=now,
            account_id=None,
            weekday=None,
            begins=time(22),
            ends=time(7),
        )
        return slot.id, quiet.id


def freeze(
    city: City, *, department: str = "garden", days: int = 10, ahead: int = 30, on: str = ""
) -> int:
    """A freeze of a department's posts, a month ahead; gives its id."""
    begins = city.now + timedelta(days=ahead)
    form = FreezeForm(
        from_at=begins,
        until_at=begins + timedelta(days=days),
        reason="महानगरपालिका निवडणूक २०२६: आचारसंहिता",
        department_id=city.departments[department],
        account_id=city.accounts[on] if on else None,
    )
    with city.write() as session:
        freeze_id = controls_freeze(session, actor=city.actor("lead"), now=city.now, form=form)
        session.flush()
        return freeze_id.id


def stop_all(city: City, *, by: str = "lead", reason: str = "चुकीची पोस्ट प्रसिद्ध झाली.") -> int:
    """Everything is stopped; gives the stop's id."""
    with city.write() as session:
        stop_row = stop.stop_all(session, actor=city.actor(by), now=city.now, reason=reason)
        session.flush()
        return stop_row.id


def fail_mail(city: City, reason: str = "550 no such mailbox", **about: str) -> int:
    """Let a queued mail, the first or the first of a kind, be refused; gives its id."""
    with city.write() as session:
        query = select(Notice).where(Notice.state == NoticeState.QUEUED).filter_by(**about)
        notice = session.scalars(query.order_by(Notice.id)).first()
        assert notice is not None, "no mail is queued"
        moves = {NoticeState.SENDING: "send_mail", NoticeState.FAILED: "mail_failed"}
        for state, verb in moves.items():
            transitions.apply(session, notice, state, actor=CLOCK, now=city.now, verb=verb)
        notice.reason = reason
        return notice.id


def begin_walk(city: City, state: str) -> int:
    """A way to a platform that the admin has begun in a session somewhere else; gives its id."""
    with city.write() as session:
        elsewhere = SignIn(
            token_digest=state,
            person_id=city.people["admin"],
            appointment_id=city.appointments["admin"],
            signed_in_at=city.now,
            proved_at=city.now,
            seen_at=city.now,
        )
        session.add(elsewhere)
        session.flush()
        return oauth_flow.start_oauth(
            session,
            actor=city.actor("admin"),
            now=city.now,
            platform="x",
            begun=StartedFlow("https://platform.example/allow", state),
            sign_in_id=elsewhere.id,
            vault=Vault("a key that nobody needs", ()),
        ).id
