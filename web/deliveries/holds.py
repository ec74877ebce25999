"""What a stop or a freeze keeps here, said on the pages of a delivery and of its time."""

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
"""How many free good times are shown, and how many are looked at: some lie in a freeze."""


def kept(session: Session, delivery: Delivery) -> str:
    """What keeps here what has not left: a stop, or the freeze into which it falls."""
    if delivery.state not in UNSENT:
        return ""
    now = ctx.now()
    facts = holds.facts_of(delivery)
    held = holds.active_holds(session, now=now).holds(facts) if delivery.due_at <= now else None
    if held is Hold.STOPPED:
        return delivery_reason(delivery.state, {"code": held})
    known = holds.freezes_ahead(session, now=now)
    found = holds.freeze_at(known, facts, max(delivery.due_at, now))
    return freeze_words(found) if found is not None else ""


def in_freeze(session: Session, variant: Variant, due_at: datetime) -> list[str]:
    """What is to be said of a time that falls into a freeze."""
    known = holds.freezes_ahead(session, now=ctx.now())
    found = holds.freeze_at(known, _facts(variant), due_at)
    return [freeze_words(found)] if found is not None else []


def advice(
    session: Session, post: Post, variant: Variant, delivery: Delivery | None
) -> dict[str, object]:
    """The freezes that concern this text, whether its time falls into one, and free good times."""
    now, facts = ctx.now(), _facts(variant)
    known = holds.touching(holds.freezes_ahead(session, now=now), facts)
    wished_at = slots.wished_time(post)
    times = slots.next_slots(session, variant=variant, now=now, wished_at=wished_at, most=MOST_FREE)
    free = (one for one in times if holds.freeze_at(known, facts, one) is None)
    stands = holds.freeze_at(known, facts, delivery.due_at) if delivery is not None else None
    return {
        "free": list(islice(free, SHOWN_FREE)),
        "freezes": known,
        "stands_frozen": freeze_words(stands) if stands is not None else "",
    }


def _facts(variant: Variant) -> Facts:
    return holds.facts_for(variant.revision.post, account_id=variant.account_id)
