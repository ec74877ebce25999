"""Content warnings as pages show them: a list with links, and a sentence at each field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from flask import url_for
from sqlalchemy.orm import Session

from publisher.content_checks import checks, context
from publisher.content_checks.link_checker import LinkChecker, check_now
from publisher.content_checks.link_preview import may_fetch
from publisher.content_checks.rules import all_addresses, takes_reply
from publisher.content_checks.types import ContentWarning, Text, TextLocation, WarningCode
from publisher.drafting.drafts import Draft
from publisher.models.posts import Language, Post, Revision
from publisher.reports.comment_detail import CommentDetail
from web.core.context import ctx
from web.core.database import end_reading
from web.core.i18n import _
from web.drafting import forms
from web.drafting.forms import Sheet, TextSlot
from web.messages.names import account_name
from web.messages.warnings import remedy, warning_sentence
from web.previews import LANGUAGE_WORDS, variant_title


@dataclass(frozen=True)
class Spot:
    """The position of a warning: its label, and the HTML id that a link leads to."""

    name: str
    anchor: str


@dataclass(frozen=True)
class WarningLine:
    """A row of the list: its positions, the sentence, the advice, and the URL of a related post."""

    spots: tuple[Spot, ...]
    sentence: str
    remedy: str
    see: str = ""


@dataclass(frozen=True)
class Links:
    """How many links a draft has, how many are unchecked, and when the oldest check was."""

    count: int = 0
    unseen: int = 0
    seen_at: datetime | None = None


@dataclass(frozen=True)
class WarningList:
    """All warnings of a page: rows of the list, sentences by HTML id, and the links' state."""

    lines: tuple[WarningLine, ...]
    at: Mapping[str, str] = field(default_factory=dict)
    links: Links = field(default_factory=Links)


def warn_about_revision(session: Session, revision: Revision) -> WarningList:
    """Return the warnings of a saved revision, which link to the previews."""
    warnings = checks.check_revision(session, revision, now=ctx.now())
    variants = revision.variants
    spots = [
        Spot(variant_title(variants[at]), f"variant-{variants[at].id}")
        for at in (warning.location.variant for warning in warnings)
    ]
    return WarningList(tuple(_lines(warnings, spots)))


def warn_about_draft(session: Session, post: Post, sheet: Sheet, draft: Draft) -> WarningList:
    """Return the warnings of the sent form, which link to its fields."""
    texts = draft_texts(sheet, draft)
    slots = forms.slots_with_text(sheet)
    now, not_before = ctx.now(), draft.not_before
    warnings = checks.warnings_of_draft(session, post, texts, now=now, not_before=not_before)
    spots = [_spot(sheet, slots[warning.location.variant], warning) for warning in warnings]
    at: dict[str, dict[str, None]] = {}
    for warning, spot in zip(warnings, spots, strict=True):
        at.setdefault(spot.anchor, {})[warning_sentence(warning)] = None
    by_anchor = {anchor: " ".join(sentences) for anchor, sentences in at.items()}
    reach = ctx.settings.link_reach
    addresses = [address for address in all_addresses(texts) if may_fetch(address, reach)]
    links = context.links_seen(session, addresses).values()
    times = [link.checked_at for link in links if link.checked_at is not None]
    return WarningList(
        tuple(_lines(warnings, spots)),
        by_anchor,
        Links(len(links), len(links) - len(times), min(times, default=None)),
    )


def warn_about_reply(comment: CommentDetail) -> str:
    """Return a warning if the platform would refuse an answer to this comment, or ""."""
    account, is_ours = comment.account, comment.own_post is not None
    if takes_reply(account.platform, account.handle, comment.text, is_ours):
        return ""
    refused = ContentWarning(WarningCode.REPLY_REFUSED, TextLocation(0, "text"))
    return f"{warning_sentence(refused)} {remedy(refused)}"


def draft_texts(sheet: Sheet, draft: Draft) -> list[Text]:
    """Return the draft's variants in the form that the content checks expect."""
    platforms = {slot.account.id: slot.account.platform for slot in sheet.slots}
    return [
        Text(
            account_id=variant.account_id,
            platform=platforms[variant.account_id],
            language=variant.language,
            text=variant.text.replace("\r\n", "\n").strip(),
            link=variant.link.strip(),
            descriptions=tuple(picture.alt_text for picture in variant.pictures),
        )
        for variant in draft.variants
    ]


def look_at_links(sheet: Sheet, draft: Draft) -> None:
    """Check the draft's links now, over the network."""
    end_reading()
    link_checker = LinkChecker(ctx.database, ctx.store, ctx.settings.link_reach, monotonic)
    check_now(link_checker, all_addresses(draft_texts(sheet, draft)), now=ctx.now())


def _lines(warnings: Sequence[ContentWarning], spots: Sequence[Spot]) -> Iterable[WarningLine]:
    """Yield one row for each warning, with all its positions."""
    grouped: dict[tuple[str, str, str], dict[Spot, None]] = {}
    for warning, spot in zip(warnings, spots, strict=True):
        post_id = warning.values.get("post_id")
        see = url_for("posts.show", post_id=post_id) if post_id else ""
        grouped.setdefault((warning_sentence(warning), remedy(warning), see), {})[spot] = None
    for (sentence, way, see), places in grouped.items():
        yield WarningLine(tuple(places), sentence, way, see)


def _spot(sheet: Sheet, slot: TextSlot, warned: ContentWarning) -> Spot:
    """Return the label and HTML id of the field that a warning concerns."""
    named = f"{account_name(slot.account)} – {_(LANGUAGE_WORDS[slot.language])}"
    kind, _dash, index = warned.location.field.partition("-")
    if kind == "link":
        return Spot(_("Link"), sheet.form.link.id)
    if kind == "language":
        missing = TextSlot(slot.account, Language(str(warned.values["missing"])))
        return Spot(named, missing.name if missing.name in sheet.form else slot.name)
    if kind == "pictures":
        # The description of a stored photo, or the upload.
        stored = [
            position
            for position, _picture in enumerate(sheet.pictures)
            if not sheet.form[f"drop_{position}"].data
        ]
        if int(index) < len(stored):
            return Spot(_("Photos"), f"alt_{stored[int(index)]}_{slot.language.value}")
        return Spot(_("Photos"), sheet.form.photos.id)
    return Spot(named, sheet.form[slot.name].id)
