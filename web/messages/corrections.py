"""Sentences about corrections, deletions and changes to published posts."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction
from publisher.models.posts import Variant
from publisher.reports.external_changes import FindingKind
from publisher.scheduling import corrections
from publisher.scheduling.corrections import CorrectionMode, CorrectionTarget
from web.core.i18n import N_, _
from web.messages.field_errors import fill_sentence
from web.messages.names import platform_word

HAPPENS: Mapping[CorrectionMode, str] = {
    CorrectionMode.EDIT: N_(
        "Correction: once it is published, our post on %(platform)s reads like this. No new post "
        "is made."
    ),
    CorrectionMode.NOTE: N_(
        "Correction: once it is published, this appears as an answer under our post on "
        "%(platform)s. The post itself cannot be changed there."
    ),
}
BEGINS: Mapping[CorrectionMode, str] = {
    CorrectionMode.EDIT: N_(
        "Published %(at)s. What you write here replaces it on %(platform)s; if you change "
        "nothing, nothing happens there. Photos and the link’s card stay as they are."
    ),
    CorrectionMode.NOTE: N_(
        "Published %(at)s; %(platform)s does not allow changes. What you write here appears as an "
        "answer under it: say what changed. If you change nothing, nothing happens."
    ),
    CorrectionMode.UNKNOWN: N_(
        "Someone recorded it as published there, without a link. It cannot be corrected from here."
    ),
}
FINDINGS: Mapping[FindingKind, str] = {
    FindingKind.GONE: N_("Deleted on %(platform)s by another person"),
    FindingKind.CHANGED: N_("Changed on %(platform)s by another person"),
}
ACTIONS: Mapping[DeliveryAction, str] = {
    DeliveryAction.PUBLISH: N_("Publish"),
    DeliveryAction.EDIT: N_("Change a published post"),
    DeliveryAction.DELETE: N_("Delete a published post"),
    DeliveryAction.HIDE: N_("Hide a comment"),
    DeliveryAction.UNHIDE: N_("Show a comment again"),
}
"""Labels of deliveries, by action."""


def happens(variant: Variant) -> str:
    """Return how this text corrects a published one; empty if it corrects nothing."""
    mode = corrections.correction_mode(variant)
    platform = platform_word(variant.account.platform)
    return _(HAPPENS[mode], platform=platform) if mode is not None else ""


def begins(target: CorrectionTarget) -> str:
    """Return what an author has to know to write a correction of this target."""
    live = target.live
    return fill_sentence(BEGINS[target.mode], {"at": live.since, "platform": live.account.platform})


def finding_words(kind: FindingKind, platform: str) -> str:
    """Return a short description of a change that somebody else made."""
    return _(FINDINGS[kind], platform=platform_word(platform))


def action_words(delivery: Delivery) -> str:
    """Return a short description of what a delivery does."""
    return _(ACTIONS[delivery.action])


def state_subject(delivery: Delivery) -> str:
    """Return the subject for `state_word`: "order" if the delivery publishes no text."""
    return "delivery" if delivery.action in OF_TEXTS else "order"
