"""Writes slots, freezes, stops, failed mails and OAuth flows into the city, for their pages."""

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
from publisher.platforms.oauth.types import StartedFlow
from publisher.scheduling import slots
from publisher.states import NoticeState
from tests.support.city import City


def set_slot_and_quiet_time(city: City, minute: int = 0) -> tuple[int, int]:
    """Set a slot on Mondays for X and a quiet time for all accounts; return their ids."""
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


def add_freeze(
    city: City, *, department: str = "garden", days: int = 10, ahead: int = 30, on: str = ""
) -> int:
    """Freeze a department's posts from `ahead` days on, and return the freeze's id."""
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
    """Stop all publishing, and return the stop's id."""
    with city.write() as session:
        stop_row = stop.stop_all(session, actor=city.actor(by), now=city.now, reason=reason)
        session.flush()
        return stop_row.id


def fail_mail(city: City, reason: str = "550 no such mailbox", **columns: str) -> int:
    """Let the first queued mail with these columns be refused, and return its id."""
    with city.write() as session:
        query = select(Notice).where(Notice.state == NoticeState.QUEUED).filter_by(**columns)
        notice = session.scalars(query.order_by(Notice.id)).first()
        assert notice is not None, "no mail is queued"
        moves = {NoticeState.SENDING: "send_mail", NoticeState.FAILED: "mail_failed"}
        for state, verb in moves.items():
            transitions.apply(session, notice, state, actor=CLOCK, now=city.now, verb=verb)
        notice.reason = reason
        return notice.id


def start_oauth_elsewhere(city: City, state: str, platform: str = "x") -> int:
    """Start an OAuth flow in another session of the admin, and return the flow's id."""
    with city.write() as session:
        other_sign_in = SignIn(
            token_digest=state,
            person_id=city.people["admin"],
            appointment_id=city.appointments["admin"],
            signed_in_at=city.now,
            proved_at=city.now,
            seen_at=city.now,
        )
        session.add(other_sign_in)
        session.flush()
        return oauth_flow.start_oauth(
            session,
            actor=city.actor("admin"),
            now=city.now,
            platform=platform,
            begun=StartedFlow("https://platform.example/allow", state),
            sign_in_id=other_sign_in.id,
            vault=Vault("a key that nobody needs", ()),
        ).id
