"""A revision as the previews show it: whole, as it leaves, with its pictures and their words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Flask, url_for

from publisher.content_checks import outgoing_text
from publisher.content_checks.outgoing_text import LengthLimit
from publisher.i18n import dates
from publisher.models.deliveries import Account, Delivery
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.scheduling import corrections
from publisher.scheduling.corrections import LiveText
from publisher.states import DeliveryState
from web.core.context import ctx
from web.core.i18n import LANGUAGES, _, page_language
from web.core.state_badges import N_
from web.messages.corrections import happens
from web.messages.names import account_name

LANGUAGE_WORDS = {
    "mr": N_("Marathi text"),
    "en": N_("English text"),
    "hi": N_("Hindi text"),
    "mixed": N_("Mixed text"),
}

_NAMES = {str(code): name for code, name in LANGUAGES.items()}


def register(app: Flask) -> None:
    """Give the templates the title of a variant, and the language of a text."""
    app.jinja_env.filters["variant_title"] = variant_title
    app.jinja_env.filters["language_text"] = language_text
    app.jinja_env.filters["live_text"] = live_text


MOVING = (DeliveryState.CLAIMED, DeliveryState.SENDING)


@dataclass(frozen=True)
class ShownPicture:
    """Where a picture is fetched, its description, and its size (0 where it is not known)."""

    src: str
    alt: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Preview:
    """One variant as a preview: everything that leaves, and when.

    `happens` says what it does to what is out, where it corrects that; `now_reads` is what stands
    there until then.
    """

    variant: Variant
    title: str
    account: Account
    text: str
    link: str
    pictures: tuple[ShownPicture, ...]
    room: LengthLimit
    when: str
    anchor: str
    delivery: Delivery | None
    happens: str = ""
    now_reads: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether it was out and no longer is."""
        receipt = self.delivery.receipt if self.delivery is not None else None
        return receipt is not None and receipt.gone_at is not None

    @property
    def is_moving(self) -> bool:
        """Whether it is due or being sent, so that looking again in a moment shows more."""
        if self.delivery is None:
            return False
        due = self.delivery.state == DeliveryState.SCHEDULED
        return self.delivery.state in MOVING or (due and self.delivery.due_at <= ctx.now())


def shown(revision: Revision) -> list[Preview]:
    """The variants of a revision, in their order."""
    return [_shown(revision.post, variant) for variant in revision.variants]


def variant_title(variant: Variant) -> str:
    """The account and language of a variant: "X – Marathi text"."""
    return f"{account_name(variant.account)} – {_(LANGUAGE_WORDS[variant.language])}"


def live_text(one: LiveText) -> str:
    """The words that stand on the platform now."""
    return outgoing_text.outgoing_text(one.shown)


def short_title(variant: Variant) -> str:
    """The same for a narrow place: "X – English"."""
    named = _NAMES.get(variant.language) or language_text(variant.language)
    return f"{account_name(variant.account)} – {named}"


def language_text(language: str) -> str:
    """What a text in this language is called: "Marathi text"."""
    return _(LANGUAGE_WORDS[language])


def _shown(post: Post, variant: Variant) -> Preview:
    delivery = next((one for one in post.deliveries if one.variant_id == variant.id), None)
    text = outgoing_text.outgoing_text(variant)
    return Preview(
        variant=variant,
        title=variant_title(variant),
        account=variant.account,
        text=text,
        link=outgoing_text.outgoing_link(variant) or "",
        pictures=tuple(
            ShownPicture(
                url_for("media.picture", post_id=post.id, sha256=one.sha256),
                one.alt_text,
                one.width,
                one.height,
            )
            for one in variant.renditions
        ),
        room=outgoing_text.length_limit(
            variant.account.platform,
            variant.text,
            variant.link,
            is_reply=outgoing_text.is_answer(variant),
        ),
        when=_when(delivery),
        anchor=f"variant-{variant.id}",
        delivery=delivery,
        happens=happens(variant),
        now_reads=_now_reads(post, variant),
    )


def _now_reads(post: Post, variant: Variant) -> str:
    """The words that stand at what this text corrects, until it is published itself."""
    if not variant.target or post.kind is not PostKind.POST:
        return ""
    standing = [
        one for one in corrections.among(post.deliveries) if one.platform_id == variant.target
    ]
    return live_text(standing[0]) if standing and standing[0].shown.id != variant.id else ""


def _when(delivery: Delivery | None) -> str:
    if delivery is None:
        return _("once the time is set")
    return dates.moment(_time_of(delivery), page_language(), now=ctx.now())


def _time_of(delivery: Delivery) -> datetime:
    return delivery.receipt.published_at if delivery.receipt is not None else delivery.due_at
