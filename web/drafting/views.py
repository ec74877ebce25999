"""The drafting pages: start a draft from a submission, edit it, save it, send it for review."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from flask import Blueprint, flash, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.errors import NotAllowed, StaleRevision
from approvals.policy import Action
from publisher import failpoints
from publisher.drafting import collaboration, drafts, prefill, renditions
from publisher.drafting import save as drafting_save
from publisher.drafting.closings import append_closing, closings, prepend_text, text_in_language
from publisher.drafting.drafts import Draft
from publisher.drafting.renditions import preparation_context as known_pictures
from publisher.intake.uploads import put_off_removal
from publisher.models.posts import Post
from publisher.review import decide
from publisher.validation import Invalid
from web import in_flight
from web.core.auth import actor, actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.drafting import forms, page, placeholders, warnings
from web.drafting.forms import Sheet
from web.forms import number_of

routes = Blueprint("drafting", __name__)
FORM_BUTTONS = frozenset({"start", "close", "fill", "more", "note", "links"})
"""The buttons that change the form and save no revision."""


@routes.post("/submissions/<int:submission_id>/draft")
@allow_action(Action.DRAFT)
@writes
def start(session: Session, submission_id: int) -> Response:
    """Start a post from a submission."""
    post = drafting_save.start(session, **actor_now(), submission_id=submission_id)
    return redirect(url_for("drafting.edit", post_id=post.id))


@routes.route("/posts/<int:post_id>/draft", methods=["GET", "POST"])
@allow_action(Action.DRAFT)
def edit(post_id: int) -> Page:
    """Save a new revision, and send it for review if that button was pressed.

    The other buttons change the form and return it with everything that was typed. On GET the form
    has the newest revision, or the submission's texts if there is none.
    """
    if request.method != "POST":
        with writing() as session:
            collaboration.record_open_draft(session, **actor_now(), post_id=post_id)
        return _draft_page_with_errors(post_id)
    with reading() as session:
        post = drafts.get_post(session, actor=actor(), post_id=post_id)
        sheet, _begun = page.make_sheet(session, post)
        _fill_texts(session, post, sheet)
        pictures = known_pictures(session, post_id=post_id)
    draft = forms.read(sheet)
    if request.form.get("then") in FORM_BUTTONS or placeholders.find_pressed_proposal().field:
        return _run_form_button(post_id, sheet, draft)
    number_on_page = number_of(sheet.form.seen.data)
    # What the writer began from, if it is still the newest revision.
    before = (
        prefill.draft_correction(post) if post.revisions and post.newest == number_on_page else None
    )
    _keep_pictures(draft)
    end_reading()  # the pictures take time
    prepared = renditions.prepare_pictures(ctx.store, draft, pictures)
    try:
        number = _store(post_id, number_on_page, prepared, before)
    except (Invalid, NotAllowed) as refusal:
        return _refusal_page(post_id, sheet, draft, refusal)
    failpoints.hit("edit.after_commit")
    flash(f"draft-{post_id}", "draft-done")
    sends = request.form.get("then") == "send"
    if sends:
        flash(_("Revision %(number)s is with the department for approval.", number=number))
    else:
        flash(_("Saved as revision %(number)s.", number=number))
    in_flight.flash_for_post(post_id)
    return redirect(url_for("posts.show" if sends else "drafting.edit", post_id=post_id))


def _keep_pictures(draft: Draft) -> None:
    """Keep new pictures that were also uploaded long ago from being removed meanwhile."""
    digests = {
        sha256(picture.content).hexdigest()
        for variant in draft.variants
        for picture in variant.pictures
        if picture.content is not None
    }
    if digests:
        with writing() as session:
            put_off_removal(session, digests=digests, now=ctx.now())


def _fill_texts(session: Session, post: Post, sheet: Sheet) -> None:
    """Fill in blanks and proposals; with its button, insert a starting text or a closing."""
    placeholders.fill_in(sheet)
    placeholders.fill_in_day(sheet)
    then, texts = request.form.get("then"), page.list_snippets(session, post)
    if then == "start":
        chosen = {str(text.id): text for text in texts}.get(sheet.form.starting.data or "")
        for slot in sheet.slots if chosen else ():
            field = sheet.form[slot.name]
            opening = text_in_language(chosen, slot.language) if chosen else ""
            field.data = prepend_text(opening, field.data or "")
    if then == "close":
        for slot in sheet.slots:
            field = sheet.form[slot.name]
            closing = closings(texts, slot.language)
            field.data = append_closing(field.data or "", closing)


def _run_form_button(post_id: int, sheet: Sheet, draft: Draft) -> Page:
    """Return the form after one of its buttons; a note between clerks is stored at once."""
    if request.form.get("then") == "links":
        warnings.look_at_links(sheet, draft)
    if request.form.get("then") != "note":
        return _form_page(post_id, sheet, draft)
    try:
        with writing() as session:
            _write_note(session, post_id, sheet.form.clerk_note.data or "")
    except Invalid as invalid:
        return _refusal_page(post_id, sheet, draft, invalid)
    sheet.form.clerk_note.data = ""
    return _form_page(post_id, sheet, draft, notice=_("The note is saved."))


def _write_note(session: Session, post_id: int, text: str) -> None:
    collaboration.write_note(session, **actor_now(), post_id=post_id, text=text)


def _store(
    post_id: int, number_on_page: int, prepared: drafts.PreparedDraft, before: Draft | None
) -> int:
    """Save, send for review if that button was pressed, and return the revision's number.

    Sending an unchanged draft creates no new revision.
    """
    sends = request.form.get("then") == "send"
    has_pictures = any(variant.pictures for variant in prepared.variants)
    with writing(names_files=has_pictures) as session:
        number = number_on_page
        if not (sends and before is not None and _same(before, prepared.draft)):
            number = drafting_save.save(
                session,
                **actor_now(),
                post_id=post_id,
                seen_revision=number_on_page,
                prepared=prepared,
            ).number
        if note := request.form.get("clerk_note", "").strip():
            _write_note(session, post_id, note)
        if sends:
            _send(session, post_id, number)
        else:
            collaboration.record_open_draft(session, **actor_now(), post_id=post_id)
    return number


def _send(session: Session, post_id: int, number: int) -> None:
    """Send a revision for review and close the draft. Raises `Invalid` if a blank is left."""
    decide.send_for_review(
        session,
        **actor_now(),
        post_id=post_id,
        seen_revision=number,
        head_hours=ctx.settings.head_hours,
    )
    collaboration.delete_open_draft(session, actor=actor(), post_id=post_id)


def _same(before: Draft, after: Draft) -> bool:
    return not after.note and _comparable(before) == _comparable(after)


def _comparable(draft: Draft) -> Draft:
    """Return the draft in a fixed order, without its note, errors and names of files."""
    variants = sorted(draft.variants, key=lambda variant: (variant.account_id, variant.language))
    return replace(
        draft,
        note="",
        form_errors=(),
        asked_ids=tuple(sorted(draft.asked_ids)),
        named_ids=tuple(sorted(draft.named_ids)),
        variants=tuple(
            replace(
                variant, pictures=tuple(replace(picture, name="") for picture in variant.pictures)
            )
            for variant in variants
        ),
    )


def _refusal_page(post_id: int, sheet: Sheet, draft: Draft, refusal: Invalid | NotAllowed) -> Page:
    """Return the form with everything that was typed, and why it was not saved."""
    _show_refusal(sheet, refusal)
    return _form_page(post_id, sheet, draft), 422 if isinstance(refusal, Invalid) else 409


def _show_refusal(sheet: Sheet, refusal: Invalid | NotAllowed) -> None:
    """Show the refusal in the form, which is then for the newest revision."""
    form = sheet.form
    if isinstance(refusal, Invalid):
        refusal = Invalid(forms.make_form_error(sheet, error) for error in refusal.problems)
    form.refuse(refusal)
    if isinstance(refusal, StaleRevision):
        newest = str(refusal.values["newest"])
        form.seen.data, form.seen.raw_data = newest, [newest]
        message = _(
            "Someone else saved revision %(newest)s while you were writing. Your text is below, "
            "not yet saved. Check what changed before you save.",
            newest=refusal.values["newest"],
        )
        form.form_errors[:] = [message]


@reads
def _form_page(
    session: Session, post_id: int, sheet: Sheet, draft: Draft, *, notice: str = ""
) -> str:
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    # Browsers do not send a file again with the returned form.
    names = [upload.filename for upload in request.files.getlist("photos") if upload.filename]
    if names:
        message = _("Choose these files again: %(names)s", names=", ".join(names))
        sheet.form.form_errors.append(message)
    return page.render(session, post, sheet, draft, notice=notice)


@routes.post("/posts/<int:post_id>/send-for-review")
@allow_action(Action.SEND_FOR_REVIEW)
def send(post_id: int) -> Page:
    """Send the newest revision for review; errors are shown on the drafting form."""
    number = request.form.get("seen", 0, type=int)
    try:
        with writing() as session:
            drafts.get_post(session, actor=actor(), post_id=post_id)
            _send(session, post_id, number)
    except Invalid as invalid:
        return _draft_page_with_errors(post_id, invalid), 422
    flash(_("Revision %(number)s is with the department for approval.", number=number))
    return redirect(url_for("posts.show", post_id=post_id))


@reads
def _draft_page_with_errors(session: Session, post_id: int, invalid: Invalid | None = None) -> str:
    """Return the drafting form of the saved draft, with the errors at its fields."""
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    sheet, draft = page.make_sheet(session, post)
    forms.fill(sheet, draft, revision_number=post.newest)
    if invalid is not None:
        _show_refusal(sheet, invalid)
    return page.render(session, post, sheet, draft)
