"""The cell's desk: a submission becomes texts for each account, beside their previews."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.errors import NotAllowed, StaleRevision
from approvals.policy import Action
from publisher import failpoints
from publisher.drafting import collaboration, drafts, prefill, renditions
from publisher.drafting import save as drafting_save
from publisher.drafting.closings import begun_with, closed_with, closings, in_language
from publisher.drafting.drafts import Draft
from publisher.drafting.renditions import preparation_context as known_pictures
from publisher.models.posts import Post
from publisher.review import decide
from publisher.validation import Invalid
from web import in_flight
from web.core.auth import actor, reads, writes
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import for_action
from web.drafting import forms, page, placeholders, warnings
from web.drafting.forms import Sheet
from web.drafting.page import Happened
from web.forms import number_of
from web.messages.refusals import refusal_sentence

routes = Blueprint("drafting", __name__)
Page = Response | str | tuple[str, int]
STAYS = frozenset({"start", "close", "fill", "more", "note", "links"})
"""The buttons that change the form in hand, and save no revision."""


@routes.post("/submissions/<int:submission_id>/draft")
@for_action(Action.DRAFT)
@writes
def start(session: Session, submission_id: int) -> Response:
    """Begin a post from a submission."""
    post = drafting_save.start(session, actor=actor(), now=ctx.now(), submission_id=submission_id)
    return redirect(url_for("drafting.edit", post_id=post.id))


@routes.get("/posts/<int:post_id>/draft")
@for_action(Action.DRAFT)
def edit(post_id: int) -> Page:
    """The newest revision to go on from; before the first, the department's own texts."""
    with ctx.database.transaction() as session:
        collaboration.open_draft(session, actor=actor(), now=ctx.now(), post_id=post_id)
    return _edit(post_id)


@reads
def _edit(session: Session, post_id: int) -> Page:
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    draft = prefill.begun(post, drafts.usable_accounts(session, post))
    sheet = page.make_sheet(session, post, draft)
    forms.fill(sheet, draft, seen=post.newest)
    return page.render(session, post, sheet, draft)


@routes.post("/posts/<int:post_id>/draft")
@for_action(Action.DRAFT)
def save(post_id: int) -> Page:
    """Save a new revision, with the second button send it for review as well.

    The other buttons change the form in hand and give it back; nothing typed is lost by them.
    """
    with ctx.database.reading() as session:
        post = drafts.post_for(session, actor=actor(), post_id=post_id)
        begun = prefill.begun(post, drafts.usable_accounts(session, post))
        sheet = page.make_sheet(session, post, begun)
        _put_in(session, post, sheet)
        known = known_pictures(session, post_id=post_id)
    draft = forms.read(sheet)
    if request.form.get("then") in STAYS:
        return _stay(post_id, sheet, draft)
    seen = number_of(sheet.form.seen.data)
    prepared = renditions.prepare_pictures(ctx.store, draft, known)
    try:
        number = _store(post_id, seen, prepared, _stored(post, seen))
    except Invalid as invalid:
        return _wrong(post_id, sheet, draft, invalid)
    except StaleRevision as stale:
        return _overtaken(post_id, sheet, draft, stale)
    except NotAllowed as refusal:
        return _again(post_id, sheet, draft, Happened((refusal_sentence(refusal),))), 409
    failpoints.hit("edit.after_commit")
    return _saved(post_id, number)


def _put_in(session: Session, post: Post, sheet: Sheet) -> None:
    """What was typed into blanks; with its button a starting text, or signature and hashtags."""
    placeholders.fill_in(sheet)
    then, texts = request.form.get("then"), page.texts_for(session, post)
    if then == "start":
        chosen = {str(one.id): one for one in texts}.get(sheet.form.starting.data or "")
        for slot in sheet.slots if chosen else ():
            field = sheet.form[slot.name]
            words = in_language(chosen, slot.language) if chosen else ""
            field.data = begun_with(words, field.data or "")
    if then == "close":
        for slot in sheet.slots:
            field = sheet.form[slot.name]
            closing = closings(texts, slot.language)
            field.data = closed_with(field.data or "", closing)


def _stay(post_id: int, sheet: Sheet, draft: Draft) -> Page:
    """The form again, with what its button did; a note between clerks is kept at once."""
    if request.form.get("then") == "links":
        warnings.look_at_links(sheet, draft)
    if request.form.get("then") != "note":
        return _again(post_id, sheet, draft)
    try:
        with ctx.database.transaction() as session:
            _write_note(session, post_id, sheet.form.clerk_note.data or "")
    except Invalid as invalid:
        return _wrong(post_id, sheet, draft, invalid)
    sheet.form.clerk_note.data = ""
    return _again(post_id, sheet, draft, Happened(done=(_("The note is kept."),)))


def _write_note(session: Session, post_id: int, words: str) -> None:
    collaboration.write_note(session, actor=actor(), now=ctx.now(), post_id=post_id, text=words)


def _stored(post: Post, seen: int) -> Draft | None:
    """The revision that the writer began from, where it is still the newest."""
    return prefill.as_corrected(post) if post.revisions and post.newest == seen else None


def _chosen_again() -> tuple[str, ...]:
    """New photos come with the form only once it is taken: they are named, to choose once more."""
    names = [one.filename for one in request.files.getlist("photos") if one.filename]
    said = _("Choose these files once more: %(names)s", names=", ".join(names))
    return (said,) if names else ()


def _store(post_id: int, seen: int, prepared: drafts.PreparedDraft, before: Draft | None) -> int:
    """Save, and send for review where that button was pressed; gives the revision's number.

    Sending an unchanged draft makes no new revision of it.
    """
    sends = request.form.get("then") == "send"
    with ctx.database.transaction() as session:
        number = seen
        if not (sends and before is not None and _same(before, prepared.draft)):
            number = drafting_save.save(
                session,
                actor=actor(),
                now=ctx.now(),
                post_id=post_id,
                seen_revision=seen,
                prepared=prepared,
            ).number
        if words := request.form.get("clerk_note", "").strip():
            _write_note(session, post_id, words)
        if sends:
            _send(session, post_id, number)
        else:
            collaboration.open_draft(session, actor=actor(), now=ctx.now(), post_id=post_id)
    return number


def _send(session: Session, post_id: int, seen: int) -> None:
    """Send for review, once no blank is left; the draft is then closed."""
    decide.send_for_review(
        session, actor=actor(), now=ctx.now(), post_id=post_id, seen_revision=seen
    )
    collaboration.close_draft(session, actor=actor(), post_id=post_id)


def _same(before: Draft, after: Draft) -> bool:
    plain = [
        replace(
            draft,
            note="",
            form_errors=(),
            asked_ids=tuple(sorted(draft.asked_ids)),
            named_ids=tuple(sorted(draft.named_ids)),
            variants=tuple(
                replace(
                    one,
                    pictures=tuple(replace(picture, name="") for picture in one.pictures),
                )
                for one in sorted(draft.variants, key=lambda one: (one.account_id, one.language))
            ),
        )
        for draft in (before, after)
    ]
    return plain[0] == plain[1] and not after.note


def _saved(post_id: int, number: int) -> Response:
    flash(f"draft-{post_id}", "draft-done")
    sends = request.form.get("then") == "send"
    if sends:
        flash(_("Revision %(number)s is with the department for approval.", number=number))
    else:
        flash(_("Saved as revision %(number)s.", number=number))
    in_flight.flash_for_post(post_id)
    return redirect(url_for("posts.show" if sends else "drafting.edit", post_id=post_id))


def _wrong(post_id: int, sheet: Sheet, draft: Draft, invalid: Invalid) -> Page:
    places = [forms.place_of(sheet, one) for one in invalid.problems]
    return _again(post_id, sheet, draft, Happened(tuple(sheet.form.show(places)))), 422


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
    return _again(post_id, sheet, draft, Happened((said,), newer=stale)), 409


@reads
def _again(
    session: Session, post_id: int, sheet: Sheet, draft: Draft, happened: Happened | None = None
) -> str:
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    told = happened or Happened()
    told = replace(told, sentences=(*told.sentences, *_chosen_again()))
    return page.render(session, post, sheet, draft, told)


@routes.post("/posts/<int:post_id>/send-for-review")
@for_action(Action.SEND_FOR_REVIEW)
def send(post_id: int) -> Page:
    """Send the newest revision for review; what is in the way is shown at the draft."""
    seen = request.form.get("seen", 0, type=int)
    try:
        with ctx.database.transaction() as session:
            drafts.post_for(session, actor=actor(), post_id=post_id)
            _send(session, post_id, seen)
    except Invalid as invalid:
        return _not_sent(post_id, invalid), 422
    flash(_("Revision %(number)s is with the department for approval.", number=seen))
    return redirect(url_for("posts.show", post_id=post_id))


@reads
def _not_sent(session: Session, post_id: int, invalid: Invalid) -> str:
    """The draft as it is saved, with what keeps it from being sent at its fields."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    draft = prefill.begun(post, drafts.usable_accounts(session, post))
    sheet = page.make_sheet(session, post, draft)
    forms.fill(sheet, draft, seen=post.newest)
    places = [forms.place_of(sheet, one) for one in invalid.problems]
    happened = Happened(tuple(sheet.form.show(places)))
    return page.render(session, post, sheet, draft, happened)
