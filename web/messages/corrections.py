"""What a correction, a deletion or somebody else does to what is out, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.i18n import dates
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction
from publisher.models.posts import Variant
from publisher.reports.external_changes import FindingKind
from publisher.scheduling import corrections
from publisher.scheduling.corrections import CorrectionMode, Target
from web.core.context import ctx
from web.core.i18n import _, page_language
from web.core.state_badges import N_
from web.messages.names import platform_word

HAPPENS: Mapping[CorrectionMode, str] = {
    CorrectionMode.EDIT: N_(
        "Correction: when it leaves, our post on %(platform)s reads like this. Nothing is posted "
        "anew."
    ),
    CorrectionMode.NOTE: N_(
        "Correction: when it leaves, this stands as an answer under our post on %(platform)s. The "
        "post itself cannot be changed there."
    ),
}
BEGINS: Mapping[CorrectionMode, str] = {
    CorrectionMode.EDIT: N_(
        "Live since %(at)s. What you write here takes its place on %(platform)s; left unchanged, "
        "nothing happens there. Photos and the link’s card stay as they are."
    ),
    CorrectionMode.NOTE: N_(
        "Live since %(at)s, and %(platform)s lets nobody change it. What you write here stands "
        "under it as an answer: say what changed. Left as it begins, nothing happens there."
    ),
    CorrectionMode.UNKNOWN: N_(
        "Somebody said that it is live there, and gave no link. It cannot be corrected from here."
    ),
}
FOUND: Mapping[FindingKind, str] = {
    FindingKind.GONE: N_("Deleted on %(platform)s by somebody else"),
    FindingKind.CHANGED: N_("Changed on %(platform)s by somebody else"),
}
ACTS: Mapping[DeliveryAction, str] = {
    DeliveryAction.PUBLISH: N_("Publish"),
    DeliveryAction.EDIT: N_("Change what is live"),
    DeliveryAction.DELETE: N_("Delete what is live"),
    DeliveryAction.HIDE: N_("Hide a comment"),
    DeliveryAction.UNHIDE: N_("Show a comment again"),
}
"""What a delivery does on its platform."""


def happens(variant: Variant) -> str:
    """What this text does to what is out; empty where it is published as any other."""
    way = corrections.way_of(variant)
    platform = platform_word(variant.account.platform)
    return _(HAPPENS[way], platform=platform) if way is not None else ""


def begins(target: Target) -> str:
    """What a clerk has to know who writes a correction in this box."""
    now, rules = ctx.now(), page_language()
    since = dates.moment(target.live.since, rules, now=now)
    platform = platform_word(target.live.account.platform)
    words = BEGINS[target.way]
    values = {"at": since, "platform": platform}
    return _(words, **{name: value for name, value in values.items() if f"%({name})s" in words})


def found(kind: FindingKind, platform: str) -> str:
    """What somebody else did, in a few words."""
    return _(FOUND[kind], platform=platform_word(platform))


def act(delivery: Delivery) -> str:
    """What a delivery does."""
    return _(ACTS[delivery.action])


def thing(delivery: Delivery) -> str:
    """By which words its state is told: an order is carried out, a text published."""
    return "delivery" if delivery.action in OF_TEXTS else "order"
