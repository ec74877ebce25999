"""Previews of a revision: each variant with its final text, link and pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, url_for

from publisher.content_checks import outgoing_text
from publisher.content_checks.outgoing_text import TextLength
from publisher.drafting.renditions import MOVING
from publisher.i18n import dates
from publisher.models.deliveries import Account, Delivery
from publisher.models.posts import Post, PostKind, Rendition, Revision, Variant
from publisher.scheduling import corrections
from publisher.scheduling.corrections import LiveText
from publisher.states import CLAIMED_OR_SENDING, NOT_PUBLISHED, UNSENT, DeliveryState
from web.core.context import ctx
from web.core.i18n import N_, _, page_language
from web.messages.corrections import happens
from web.messages.names import account_name

LANGUAGE_WORDS = {
    "mr": N_("Marathi text"),
    "en": N_("English text"),
    "hi": N_("Hindi text"),
    "mixed": N_("Mixed text"),
}


PictureAddress = Callable[[str, str | None], str]
"""Returns the URL of a picture by its SHA-256, whole or in a size of `web.core.media`."""


def register(app: Flask) -> None:
    """Register the template filters for titles, languages and live texts."""
    app.jinja_env.filters["variant_title"] = variant_title
    app.jinja_env.filters["language_text"] = language_text
    app.jinja_env.filters["live_text"] = live_text


@dataclass(frozen=True)
class ShownPicture:
    """The URL of a picture's thumbnail, its description, and its size in pixels (0 if unknown).

    `href` is the URL of the picture as the platform gets it; empty if it is not rendered yet.
    """

    src: str
    alt: str
    width: int = 0
    height: int = 0
    href: str = ""


@dataclass(frozen=True)
class Preview:
    """Everything that will be published of a variant, and when.

    If the variant corrects a published text, `happens` says how and `now_reads` is that text.
    """

    variant: Variant
    title: str
    account: Account
    text: str
    link: str
    pictures: tuple[ShownPicture, ...]
    length: TextLength
    when: str
    anchor: str
    delivery: Delivery | None
    happens: str = ""
    now_reads: str = ""

    @property
    def is_gone(self) -> bool:
        """True if it was published and is no longer on the platform."""
        receipt = self.delivery.receipt if self.delivery is not None else None
        return receipt is not None and receipt.gone_at is not None

    @property
    def is_moving(self) -> bool:
        """True if it is due or being sent, so that its state will change in a moment."""
        if self.delivery is None:
            return False
        due = self.delivery.state == DeliveryState.SCHEDULED
        return self.delivery.state in CLAIMED_OR_SENDING or (
            due and self.delivery.due_at <= ctx.now()
        )

    @property
    def can_be_stopped(self) -> bool:
        """True if it will be sent within the time in which *Publish now* can be stopped."""
        if self.delivery is None or self.delivery.state not in UNSENT:
            return False
        return self.delivery.due_at <= ctx.now() + ctx.settings.scheduling.take_back

    @property
    def waits(self) -> bool:
        """True if it remains scheduled for a reason that the page names."""
        if self.delivery is None or self.delivery.state != DeliveryState.SCHEDULED:
            return False
        return bool(self.delivery.reason)

    @property
    def has_no_time(self) -> bool:
        """True if it waits for a person to give it a time."""
        return self.delivery is None or self.delivery.state in NOT_PUBLISHED


def make_previews(revision: Revision, address: PictureAddress | None = None) -> list[Preview]:
    """Return the previews of a revision's variants, in their order."""
    return [make_preview(variant, address) for variant in revision.variants]


def address_of_post(post_id: int) -> PictureAddress:
    """Return the addresses of a post's pictures for signed-in people."""
    return lambda sha256, size: url_for("media.picture", post_id=post_id, sha256=sha256, size=size)


def variant_title(variant: Variant) -> str:
    """Return the account and language of a variant: "X – Marathi text"."""
    return f"{account_name(variant.account)} – {_(LANGUAGE_WORDS[variant.language])}"


def live_text(live: LiveText) -> str:
    """Return the text that is on the platform now."""
    return outgoing_text.outgoing_text(live.current)


def short_title(variant: Variant) -> str:
    """Return a shorter title of a variant: "X – English text"."""
    return f"{account_name(variant.account)} – {language_text(variant.language)}"


def language_text(language: str) -> str:
    """Return the name of a text in this language: "Marathi text"."""
    return _(LANGUAGE_WORDS[language])


def make_preview(variant: Variant, address: PictureAddress | None = None) -> Preview:
    """Return the preview of a variant; its pictures are the post's unless an `address` is given."""
    post = variant.revision.post
    picture_address = address or address_of_post(post.id)
    delivery = next(
        (candidate for candidate in post.deliveries if candidate.variant_id == variant.id), None
    )
    text = outgoing_text.outgoing_text(variant)
    return Preview(
        variant=variant,
        title=variant_title(variant),
        account=variant.account,
        text=text,
        link=outgoing_text.outgoing_link(variant) or "",
        pictures=tuple(
            make_shown_picture(rendition, picture_address) for rendition in variant.renditions
        ),
        length=outgoing_text.measure(
            variant.account.platform,
            variant.text,
            variant.link,
            is_reply=outgoing_text.is_answer(variant),
        ),
        when=_publication_time(delivery),
        anchor=f"variant-{variant.id}",
        delivery=delivery,
        happens=happens(variant),
        now_reads=_now_reads(post, variant),
    )


def make_shown_picture(rendition: Rendition, address: PictureAddress) -> ShownPicture:
    """Return a picture of a variant as pages show it."""
    whole = address(rendition.sha256, None)
    size = "wide" if len(rendition.variant.renditions) == 1 else "small"
    is_moving = rendition.mime == MOVING
    return ShownPicture(
        # All platforms share the original's thumbnail; animations are shown as such.
        whole if is_moving else address(rendition.source_sha256, size),
        rendition.alt_text,
        rendition.width,
        rendition.height,
        whole,
    )


def _now_reads(post: Post, variant: Variant) -> str:
    """Return the live text that this variant will correct; empty if there is none."""
    if not variant.target or post.kind is not PostKind.POST:
        return ""
    live_texts = [
        live
        for live in corrections.select_live_texts(post.deliveries)
        if live.platform_id == variant.target
    ]
    return live_text(live_texts[0]) if live_texts and live_texts[0].current.id != variant.id else ""


def _publication_time(delivery: Delivery | None) -> str:
    if delivery is None:
        return _("once the time is set")
    at = delivery.receipt.published_at if delivery.receipt is not None else delivery.due_at
    return dates.moment(at, page_language(), now=ctx.now())
