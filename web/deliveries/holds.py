"""Stops and freezes as the pages of a delivery and its schedule show them."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, Variant
from publisher.scheduling import holds, slots
from publisher.scheduling.holds import Facts, Hold
from publisher.states import UNSENT
from web.core.context import ctx
from web.messages.reasons import delivery_reason, freeze_words

SHOWN_FREE, MOST_FREE = 3, 60
"""How many free slots are shown, and how many are read: some lie in a freeze."""


def hold_sentence(session: Session, delivery: Delivery) -> str:
    """Return what holds an unsent delivery, a stop, a freeze or its account; else empty."""
    if delivery.state not in UNSENT:
        return ""
    now = ctx.now()
    facts = holds.facts_of(delivery)
    hold = holds.active_holds(session, now=now).holds(facts) if delivery.due_at <= now else None
    if hold is Hold.STOPPED:
        return delivery_reason(delivery.state, {"code": hold})
    freezes = holds.freezes_ahead(session, now=now)
    freeze = holds.freeze_at(freezes, facts, max(delivery.due_at, now))
    if freeze is not None:
        return freeze_words(freeze)
    return delivery_reason(delivery.state, {"code": f"account_{delivery.account.state}"})


def freeze_sentences(session: Session, variant: Variant, due_at: datetime) -> list[str]:
    """Return a sentence if the time lies in a freeze that concerns this variant, else none."""
    freezes = holds.freezes_ahead(session, now=ctx.now())
    freeze = holds.freeze_at(freezes, _facts(variant), due_at)
    return [freeze_words(freeze)] if freeze is not None else []


def advice(
    session: Session, post: Post, variant: Variant, delivery: Delivery | None
) -> dict[str, object]:
    """Return the variant's freezes, the freeze its due time lies in, and the next free slots."""
    now, facts = ctx.now(), _facts(variant)
    freezes = holds.touching(holds.freezes_ahead(session, now=now), facts)
    wished_at = slots.earliest_wish(post)
    times = slots.next_slots(session, variant=variant, now=now, wished_at=wished_at, most=MOST_FREE)
    free = (slot_at for slot_at in times if holds.freeze_at(freezes, facts, slot_at) is None)
    due_freeze = holds.freeze_at(freezes, facts, delivery.due_at) if delivery is not None else None
    return {
        "free_times": list(islice(free, SHOWN_FREE)),
        "freezes": freezes,
        "freeze_sentence": freeze_words(due_freeze) if due_freeze is not None else "",
    }


def _facts(variant: Variant) -> Facts:
    return holds.facts_for(variant.revision.post, account_id=variant.account_id)
