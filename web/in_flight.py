"""Flashes which deliveries were already in flight when a post or approval was stopped."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash

from publisher.delivery.controls import freeze, stop
from publisher.models.deliveries import Delivery
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _
from web.previews import variant_title


def flash_for_post(post_id: int) -> None:
    """Flash the deliveries of this post that can no longer be stopped, if there are any."""
    with reading() as session:
        _flash_deliveries(stop.deliveries_in_flight(session, department_ids=None, post_id=post_id))


def flash_for_approvals(appointment_ids: Sequence[int]) -> None:
    """Flash the deliveries in flight that were approved under these appointments."""
    with reading() as session:
        _flash_deliveries(
            stop.deliveries_in_flight(session, department_ids=None, approved_under=appointment_ids)
        )


def flash_for_freeze(freeze_id: int) -> None:
    """Flash the deliveries in flight that this new freeze came too late to hold."""
    with reading() as session:
        _flash_deliveries(freeze.deliveries_in_flight(session, freeze_id=freeze_id, now=ctx.now()))


def _flash_deliveries(deliveries: Sequence[Delivery]) -> None:
    if not deliveries:
        return
    titles = ", ".join(
        f"“{delivery.post.title}” ({variant_title(delivery.variant)})" for delivery in deliveries
    )
    flash(
        _(
            "Already being published and too late to stop: %(named)s. Check again in a moment: "
            "what is published can be withdrawn or corrected.",
            named=titles,
        ),
        "amber",
    )
