"""The cell's desk: a submission becomes texts for each account, beside their previews."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.errors import NotAllowed, StaleRevision
from approvals.policy import Action
from publisher.desk import drafting, leaving, reviewing
from publisher.desk.checking import Invalid
from publisher.desk.drafting import Draft, PictureDraft
from publisher.desk.drafting import known as known_pictures
from publisher.models.content import Post
from publisher.platforms.base import with_link
from web import drafting_form
from web.acting import actor, reads, writes
from web.drafting_form import Sheet
from web.fields import number_of
from web.house import house
from web.rules import for_action
from web.showing import LANGUAGE_WORDS, ShownPicture
from web.wording import refusal_sentence
from web.words import _

routes = Blueprint("drafting", __name__)
Page = Response | str | tuple[str, int]


@routes.post("/submissions/<int:submission_id>/draft")
@for_action(Action.DRAFT)
@writes
def start(session: Session, submission_id: int) -> Response:
    """Begin a post from a submission."""
    post = drafting.start(session, actor=actor(), now=house().now(), submission_id=submission_id)
    return redirect(url_for("drafting.edit", post_id=post.id))


@routes.get("/posts/<int:post_id>/draft")
@for_action(Action.DRAFT)
@reads
def edit(session: Session, post_id: int) -> Page:
    """The newest revision to go on from; before the first, the department's own texts."""
    post = drafting.post_for(session, actor=actor(), post_id=post_id)
    draft = _begin(session, post)
    sheet = _sheet(session, post, draft)
    drafting_form.fill(sheet, draft, seen=post.newest)
    return _page(post, sheet, draft)


def _begin(session: Session, post: Post) -> Draft:
    if post.revisions:
        return drafting.draft_of(post.revisions[-1])
    return drafting.first_draft(post.submissions[0], drafting.usable_accounts(session))


def _sheet(session: Session, post: Post, draft: Draft) -> Sheet:
    accounts = drafting.usable_accounts(session)
    slots = drafting_form.slots_for(accounts, [one.language for one in draft.variants])
    return drafting_form.make_sheet(slots, _pictures(post, draft))


def _pictures(post: Post, draft: Draft) -> tuple[PictureDraft, ...]:
    """The draft's pictures, and whatever a form in hand still holds of older revisions."""
    held = request.form.getlist("picture")
    if not held:
        return drafting_form.pictures_of(draft)
    known = {
        one.source_sha256
        for revision in post.revisions
        for variant in revision.variants
        for one in variant.renditions
    } | {file.sha256 for submission in post.submissions for file in submission.files}
    return tuple(PictureDraft(alt_text="", source_sha256=one) for one in held if one in known)


def _page(
    post: Post,
    sheet: Sheet,
    draft: Draft,
    *,
    happened: tuple[str, ...] = (),
    newer: StaleRevision | None = None,
) -> str:
    return render_template(
        "drafting/draft.html",
        post=post,
        sheet=sheet,
        form=sheet.form,
        accounts=list(dict.fromkeys(slot.account for slot in sheet.slots)),
        picture_sources=(sources := [_source(post, one) for one in sheet.pictures]),
        previews={slot.name: _preview(sheet, slot, sources) for slot in sheet.slots},
        leaves={slot.name: _leaves(sheet, slot) for slot in sheet.slots},
        languages=LANGUAGE_WORDS,
        rooms={one.name: _room(sheet, one) for one in sheet.slots},
        warnings=[drafting_form.place_of(sheet, one) for one in drafting.warnings(draft)],
        happened=[(one, None) for one in happened],
        newer=_changes(post) if newer else [],
        returned=_returned(post),
    )


def _source(post: Post, picture: PictureDraft) -> str:
    """Where the page fetches an original: from the post, or from the submission it came with."""
    for submission in post.submissions:
        for file in submission.files:
            if file.sha256 == picture.source_sha256:
                return url_for(
                    "media.submission_file",
                    submission_id=submission.id,
                    file_id=file.id,
                    size="small",
                )
    return url_for("media.picture", post_id=post.id, sha256=picture.source_sha256)


def _preview(sheet: Sheet, slot: drafting_form.Slot, sources: list[str]) -> list[ShownPicture]:
    form, language = sheet.form, slot.language.value
    return [
        ShownPicture(source, form[f"alt_{index}_{language}"].data or "")
        for index, source in enumerate(sources)
    ]


def _room(sheet: Sheet, slot: drafting_form.Slot) -> leaving.Room:
    text, link = _typed(sheet, slot)
    return leaving.room(slot.account.platform, text, link, has_pictures=_has_pictures(sheet))


def _typed(sheet: Sheet, slot: drafting_form.Slot) -> tuple[str, str]:
    """Text and link without the blanks and the browser's line ends, as they are kept."""
    text, link = sheet.form[slot.name].data or "", sheet.form.link.data or ""
    return text.replace("\r\n", "\n").strip(), link.strip()


def _has_pictures(sheet: Sheet) -> bool:
    return any(
        not sheet.form[f"drop_{index}"].data for index, _picture in enumerate(sheet.pictures)
    )


def _leaves(sheet: Sheet, slot: drafting_form.Slot) -> tuple[str, str]:
    """The text as readers will see it, and the link that then stands beside it."""
    text, link = _typed(sheet, slot)
    beside = leaving.has_field_for_link(slot.account.platform, has_pictures=_has_pictures(sheet))
    return (text, link) if beside else (with_link(text, link), "")


def _changes(post: Post) -> list[drafting.Change]:
    if len(post.revisions) < 2:
        return []
    return drafting.changes(post.revisions[-2], post.revisions[-1])


def _returned(post: Post) -> object | None:
    """The officer's words, where the newest revision was returned or rejected."""
    decisions = post.revisions[-1].decisions if post.revisions else []
    refusing = [one for one in decisions if one.kind in ("returned", "rejected")]
    return refusing[-1] if refusing else None


@routes.post("/posts/<int:post_id>/draft")
@for_action(Action.DRAFT)
def save(post_id: int) -> Page:
    """Save a new revision; with the second button, send it for review as well."""
    with house().database.reading() as session:
        post = drafting.post_for(session, actor=actor(), post_id=post_id)
        begun = _begin(session, post)
        sheet = _sheet(session, post, begun)
        known = known_pictures(session, post_id=post_id)
    draft = drafting_form.read(sheet, asked=begun.asked)
    seen = number_of(sheet.form.seen.data)
    prepared = drafting.prepare_pictures(house().store, draft, known)
    try:
        number = _store(post_id, seen, prepared, begun if post.newest == seen else None)
    except Invalid as invalid:
        places = [drafting_form.place_of(sheet, one) for one in invalid.problems]
        return _again(post_id, sheet, draft, happened=tuple(sheet.form.show(places))), 422
    except StaleRevision as stale:
        return _overtaken(post_id, sheet, draft, stale)
    except NotAllowed as refusal:
        return _again(post_id, sheet, draft, happened=(refusal_sentence(refusal),)), 409
    return _saved(post_id, number)


def _chosen_again() -> list[str]:
    """New photos come with the form only once it is taken: they are named, to choose once more."""
    names = [one.filename for one in request.files.getlist("photos") if one.filename]
    said = _("Choose these files once more: %(names)s", names=", ".join(names))
    return [said] if names else []


def _store(post_id: int, seen: int, prepared: drafting.PreparedDraft, before: Draft | None) -> int:
    """Save, and send for review where that button was pressed; gives the revision's number.

    Sending an unchanged draft makes no new revision of it.
    """
    sends = request.form.get("then") == "send"
    with house().database.transaction() as session:
        number = seen
        if not (sends and before is not None and _same(before, prepared.draft) and seen):
            number = drafting.save(
                session,
                actor=actor(),
                now=house().now(),
                post_id=post_id,
                seen=seen,
                prepared=prepared,
            ).number
        if sends:
            reviewing.send_for_review(
                session, actor=actor(), now=house().now(), post_id=post_id, seen=number
            )
    return number


def _same(before: Draft, after: Draft) -> bool:
    plain = [
        replace(
            draft,
            note="",
            found=(),
            variants=tuple(
                replace(
                    one,
                    pictures=tuple(replace(picture, name="") for picture in one.pictures),
                )
                for one in draft.variants
            ),
        )
        for draft in (before, after)
    ]
    return plain[0] == plain[1] and not after.note


def _saved(post_id: int, number: int) -> Response:
    flash(f"draft-{post_id}", "draft-done")
    if request.form.get("then") == "send":
        flash(_("Revision %(number)s is with the department for approval.", number=number))
        return redirect(url_for("posts.show", post_id=post_id))
    flash(_("Saved as revision %(number)s.", number=number))
    return redirect(url_for("drafting.edit", post_id=post_id))


def _overtaken(post_id: int, sheet: Sheet, draft: Draft, stale: StaleRevision) -> Page:
    """Somebody saved first: both texts are kept, this one in the form."""
    newest = str(stale.values["newest"])
    sheet.form.seen.data = newest
    sheet.form.seen.raw_data = [newest]
    said = _(
        "Somebody saved revision %(newest)s while you were writing. Your text stands below, "
        "unsaved. Look at what changed there; saving now makes yours the next revision.",
        newest=stale.values["newest"],
    )
    return _again(post_id, sheet, draft, happened=(said,), newer=stale), 409


@reads
def _again(
    session: Session,
    post_id: int,
    sheet: Sheet,
    draft: Draft,
    *,
    happened: tuple[str, ...] = (),
    newer: StaleRevision | None = None,
) -> str:
    post = drafting.post_for(session, actor=actor(), post_id=post_id)
    return _page(post, sheet, draft, happened=(*happened, *_chosen_again()), newer=newer)


@routes.post("/posts/<int:post_id>/send-for-review")
@for_action(Action.SEND_FOR_REVIEW)
@writes
def send(session: Session, post_id: int) -> Response:
    """Send the newest revision for review as it stands."""
    drafting.post_for(session, actor=actor(), post_id=post_id)
    seen = request.form.get("seen", 0, type=int)
    reviewing.send_for_review(session, actor=actor(), now=house().now(), post_id=post_id, seen=seen)
    flash(_("Revision %(number)s is with the department for approval.", number=seen))
    return redirect(url_for("posts.show", post_id=post_id))
