"""Said honestly after whatever stops a post: this of it has left, and what can be done now."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash

from publisher.delivery.controls import freeze, stop
from publisher.models.deliveries import Delivery
from web.core.context import ctx
from web.core.i18n import _
from web.previews import variant_title


def tell_of_post(post_id: int) -> None:
    """Tell what of this post no act reaches any more; nothing where all has stayed here."""
    with ctx.database.reading() as session:
        _tell(stop.on_its_way(session, department_ids=None, post_id=post_id))


def tell_of_approvals(appointment_ids: Sequence[int]) -> None:
    """Tell what is on its way on approvals given under these appointments."""
    with ctx.database.reading() as session:
        _tell(stop.on_its_way(session, department_ids=None, approved_under=appointment_ids))


def tell_of_freeze(freeze_id: int) -> None:
    """Tell what a freeze that was laid just now would have held, had it come in time."""
    with ctx.database.reading() as session:
        _tell(freeze.on_its_way(session, freeze_id=freeze_id, now=ctx.now()))


def _tell(found: Sequence[Delivery]) -> None:
    if not found:
        return
    named = ", ".join(f"“{one.post.title}” ({variant_title(one.variant)})" for one in found)
    flash(
        _(
            "Already on its way, and no longer to be stopped: %(named)s. Look at it in a moment: "
            "what is live can be taken back or corrected.",
            named=named,
        ),
        "amber",
    )
