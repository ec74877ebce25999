"""Warnings as the pages show them: a list on top with links to the places, and words at each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from flask import url_for
from sqlalchemy.orm import Session

from publisher.content_checks import checks, context
from publisher.content_checks.link_checker import LinkChecker, check_now
from publisher.content_checks.rules import all_addresses, takes_reply
from publisher.content_checks.types import Text, TextLocation, Warned, WarningCode
from publisher.drafting.drafts import Draft
from publisher.media.link_preview import is_within
from publisher.models.posts import Language, Post, Revision
from publisher.reports.comment_detail import CommentPage
from web.core.context import ctx
from web.core.i18n import _
from web.drafting import forms
from web.drafting.forms import Sheet, TextSlot
from web.messages.names import account_name
from web.messages.warnings import warning_sentence, way_on
from web.previews import LANGUAGE_WORDS, variant_title


@dataclass(frozen=True)
class Spot:
    """Where it is: what the place is called, and the id on the page that a link leads to."""

    name: str
    anchor: str


@dataclass(frozen=True)
class WarningLine:
    """One line of the list: its places, the sentence, the way on, and a post to look at."""

    spots: tuple[Spot, ...]
    sentence: str
    way_on: str
    see: str = ""


@dataclass(frozen=True)
class Links:
    """How far the links of a draft were looked at: how many there are, and how many not yet."""

    count: int = 0
    unseen: int = 0
    seen_at: datetime | None = None


@dataclass(frozen=True)
class WarningList:
    """Everything to show: lines on top, sentences by the field's id, and the links' state."""

    lines: tuple[WarningLine, ...]
    at: Mapping[str, str] = field(default_factory=dict)
    links: Links = field(default_factory=Links)


def of_revision(session: Session, revision: Revision) -> WarningList:
    """What there is to check in a saved revision; places lead to the previews."""
    found = checks.warnings_of(session, revision, now=ctx.now())
    variants = revision.variants
    spots = [
        Spot(variant_title(variants[at]), f"variant-{variants[at].id}")
        for at in (one.location.variant for one in found)
    ]
    return WarningList(tuple(_lines(found, spots)))


def of_draft(session: Session, post: Post, sheet: Sheet, draft: Draft) -> WarningList:
    """What there is to check in the form in hand; places lead to its fields."""
    texts = texts_of(sheet, draft)
    slots = forms.written(sheet)
    now, not_before = ctx.now(), draft.not_before
    found = checks.warnings_of_draft(session, post, texts, now=now, not_before=not_before)
    spots = [_spot(sheet, slots[one.location.variant], one) for one in found]
    at: dict[str, dict[str, None]] = {}
    for one, spot in zip(found, spots, strict=True):
        at.setdefault(spot.anchor, {})[warning_sentence(one)] = None
    told = {anchor: " ".join(sentences) for anchor, sentences in at.items()}
    return WarningList(tuple(_lines(found, spots)), told, _links(session, texts))


def of_reply(comment: CommentPage) -> str:
    """What to know before answering this comment; empty where its platform takes the answer."""
    account, is_ours = comment.account, comment.own_post is not None
    if takes_reply(account.platform, account.handle, comment.text, is_ours):
        return ""
    refused = Warned(WarningCode.REPLY_REFUSED, TextLocation(0, "text"))
    return f"{warning_sentence(refused)} {way_on(refused)}"


def texts_of(sheet: Sheet, draft: Draft) -> list[Text]:
    """The draft's variants as they are looked at."""
    platforms = {slot.account.id: slot.account.platform for slot in sheet.slots}
    return [
        Text(
            account_id=one.account_id,
            platform=platforms[one.account_id],
            language=one.language,
            text=one.text.replace("\r\n", "\n").strip(),
            link=one.link.strip(),
            descriptions=tuple(picture.alt_text for picture in one.pictures),
        )
        for one in draft.variants
    ]


def look_at_links(sheet: Sheet, draft: Draft) -> None:
    """Look at the draft's links while somebody waits; called while no transaction is open."""
    link_checker = LinkChecker(ctx.database, ctx.store, ctx.settings.link_reach, monotonic)
    check_now(link_checker, all_addresses(texts_of(sheet, draft)), now=ctx.now())


def _lines(found: Sequence[Warned], spots: Sequence[Spot]) -> Iterable[WarningLine]:
    """One line for the same words at several places."""
    grouped: dict[tuple[str, str, str], dict[Spot, None]] = {}
    for one, spot in zip(found, spots, strict=True):
        post_id = one.values.get("post_id")
        see = url_for("posts.show", post_id=post_id) if post_id else ""
        grouped.setdefault((warning_sentence(one), way_on(one), see), {})[spot] = None
    for (sentence, way, see), places in grouped.items():
        yield WarningLine(tuple(places), sentence, way, see)


def _spot(sheet: Sheet, slot: TextSlot, warned: Warned) -> Spot:
    """The field of the form, and what it is called."""
    named = f"{account_name(slot.account)} – {_(LANGUAGE_WORDS[slot.language])}"
    kind, _dash, index = warned.location.field.partition("-")
    if kind == "link":
        return Spot(_("Link"), sheet.form.link.id)
    if kind == "language":
        missing = TextSlot(slot.account, Language(str(warned.values["missing"])))
        return Spot(named, missing.name if missing.name in sheet.form else slot.name)
    if kind == "pictures":
        return Spot(_("Photos"), _alt_field(sheet, slot, int(index)))
    return Spot(named, sheet.form[slot.name].id)


def _alt_field(sheet: Sheet, slot: TextSlot, number: int) -> str:
    """The description's field of the so-manieth photo that is kept; of a new one the photos'."""
    kept = [at for at, _one in enumerate(sheet.pictures) if not sheet.form[f"drop_{at}"].data]
    if number < len(kept):
        return f"alt_{kept[number]}_{slot.language.value}"
    return str(sheet.form.photos.id)


def _links(session: Session, texts: Sequence[Text]) -> Links:
    reach = ctx.settings.link_reach
    wanted = [one for one in all_addresses(texts) if is_within(one, reach)]
    seen = context.links_seen(session, wanted).values()
    times = [one.checked_at for one in seen if one.checked_at is not None]
    return Links(len(seen), len(seen) - len(times), min(times, default=None))
