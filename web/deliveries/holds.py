"""Stops and freezes as the page of a delivery shows them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from publisher.models.deliveries import Delivery
from publisher.scheduling import holds
from publisher.scheduling.holds import Hold
from publisher.states import UNSENT
from web.core.context import ctx
from web.messages.reasons import delivery_reason, freeze_words


def hold_sentence(session: Session, delivery: Delivery) -> str:
    """Return what holds an unsent delivery (a stop, a time, a freeze, its account), or ""."""
    if delivery.state not in UNSENT:
        return ""
    now = ctx.now()
    facts = holds.facts_of(delivery)
    hold = holds.active_holds(session, now=now).holds(facts) if delivery.due_at <= now else None
    if hold in (Hold.STOPPED, Hold.WRONG_TIME):
        return delivery_reason(delivery.state, {"code": hold})
    freezes = holds.freezes_ahead(session, now=now)
    freeze = holds.freeze_at(freezes, facts, max(delivery.due_at, now))
    if freeze is not None:
        return freeze_words(freeze)
    return delivery_reason(delivery.state, {"code": f"account_{delivery.account.state}"})
