"""Pages of the cell's snippets: starting texts, signature lines and hashtags, with history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField

from approvals.errors import StaleRevision
from approvals.policy import Action
from publisher.drafting import diff, snippets
from publisher.drafting.diff import FinePiece
from publisher.drafting.snippets import SnippetChange, SnippetDraft
from publisher.models.desk import Snippet, TextPart
from publisher.models.submissions import SubmissionKind
from publisher.people.departments import departments_in_force
from web.core.auth import actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import N_, _, _l
from web.core.list_pages import page_of_query, page_of_rows
from web.core.permissions import Page, allow_action
from web.forms import Form, department_options, number_of, options
from web.submissions.forms import KIND_WORDS

routes = Blueprint("snippets", __name__)
PARTS: Mapping[str, str] = {
    TextPart.WHOLE: N_("Starting text"),
    TextPart.SIGNATURE: N_("Signature line"),
    TextPart.HASHTAGS: N_("Hashtags"),
}
TEXTS: Mapping[str, str] = {
    "text_mr": N_("Marathi text"),
    "text_en": N_("English text"),
    "text_hi": N_("Hindi text"),
}
VERBS: Mapping[str, str] = {
    "make": N_("Made"),
    "change": N_("Changed"),
    "end": N_("Withdrawn from use"),
}


class LabelledDifference(NamedTuple):
    """The difference between two texts, with the label of their field and their language."""

    label: str
    language: str
    pieces: tuple[FinePiece, ...]


class OneTextForm(Form):
    """A snippet in up to three languages, with the kind and department it is offered for."""

    seen = HiddenField(default="0")
    part = RadioField(_l("Type of text"), validate_choice=False, default=TextPart.WHOLE.value)
    name = StringField(_l("Name"))
    kind = SelectField(_l("Kind of submission"), validate_choice=False)
    department_id = SelectField(_l("Department"), validate_choice=False)
    text_mr = TextAreaField(_l("Marathi text"))
    text_en = TextAreaField(_l("English text"))
    text_hi = TextAreaField(_l("Hindi text"))


class SnippetStep(NamedTuple):
    """A change in a snippet's history, with its texts as differences word by word."""

    entry: SnippetChange
    word: str
    texts: list[LabelledDifference]


@routes.get("/texts")
@allow_action(Action.DRAFT)
@reads
def index(session: Session) -> Page:
    """List the snippets that are offered when drafting; `?ended=1` lists those that ended."""
    ended = request.args.get("ended") == "1"
    texts = page_of_rows(snippets.every_text(session, ended=ended))
    return render_template(
        "drafting/snippets.html",
        shows_ended=ended,
        texts=texts,
        groups=[
            (label, [text for text in texts.rows if text.part == part])
            for part, label in PARTS.items()
        ],
        kind_labels=KIND_WORDS,
    )


@reads
def _page(session: Session, form: OneTextForm, text_id: int | None = None) -> str:
    """Return the page of the form, with the differences if another person changed the text."""
    text = None if text_id is None else snippets.get_snippet(session, text_id)
    _set_choices(session, form, text)
    differences: list[LabelledDifference] = []
    if text is not None and request.method != "POST":
        _fill(form, text)
    if text is not None and isinstance(form.refusal, StaleRevision):
        form.seen.data = str(form.refusal.values["newest"])
        form.seen.raw_data = [form.seen.data]
        own_texts = {name: (form[name].data or "").replace("\r\n", "\n").strip() for name in TEXTS}
        differences = _differences({name: (getattr(text, name), own_texts[name]) for name in TEXTS})
        message = _(
            "Someone else changed this text while you were writing. Your text is below, not yet "
            "saved."
        )
        form.form_errors[:] = [message] if differences else []
    history = None if text is None else snippets.history_query(text.id)
    events = page_of_query(session, history, size=20) if history is not None else None
    return render_template(
        "drafting/snippet.html",
        form=form,
        snippet=text,
        events=events,
        history=[
            SnippetStep(change, _(VERBS.get(change.verb, "Changed")), _differences(change.changed))
            for change in map(snippets.event_to_change, events.rows)
        ]
        if events is not None
        else [],
        differences=differences,
        text_labels=TEXTS,
    )


@routes.route("/texts/new", methods=["GET", "POST"])
@allow_action(Action.DRAFT)
@handle_form(OneTextForm, shown_by=_page)
def new(form: OneTextForm) -> Page:
    """Create a snippet."""
    with writing() as session:
        snippets.make(session, **actor_now(), form=_read(form))
    flash("text-new", "draft-done")
    flash(_("The text is saved. It is now offered when drafting."))
    return redirect(url_for("snippets.index"))


@routes.route("/texts/<int:text_id>", methods=["GET", "POST"])
@allow_action(Action.DRAFT)
@handle_form(OneTextForm, shown_by=_page)
def edit(form: OneTextForm, text_id: int) -> Page:
    """Show a snippet with its history, or store a change as its next version."""
    with writing() as session:
        snippets.change(
            session,
            **actor_now(),
            text_id=text_id,
            seen_version=number_of(form.seen.data),
            form=_read(form),
        )
    flash(f"text-{text_id}", "draft-done")
    flash(_("Changed. Existing drafts stay as they are."))
    return redirect(url_for("snippets.edit", text_id=text_id))


def _set_choices(session: Session, form: OneTextForm, text: Snippet | None) -> None:
    """Offer the departments in force, and the text's own even if it has ended."""
    form.part.choices = options((part, _(label)) for part, label in PARTS.items())
    kinds = [(kind.value, _(label)) for kind, label in KIND_WORDS.items()]
    form.kind.choices = options([("", _("All kinds")), *kinds])
    departments = departments_in_force(session, now=ctx.now())
    if text is not None and text.department is not None and text.department not in departments:
        departments.append(text.department)
    form.department_id.choices = department_options(departments, empty_label=_("All departments"))


def _fill(form: OneTextForm, text: Snippet) -> None:
    form.seen.data, form.part.data, form.name.data = str(text.version), text.part.value, text.name
    form.kind.data = text.kind.value if text.kind else ""
    form.department_id.data = str(text.department_id or "")
    for name in TEXTS:
        form[name].data = getattr(text, name)


def _read(form: OneTextForm) -> SnippetDraft:
    kinds = {kind.value: kind for kind in SubmissionKind}
    parts = {part.value: part for part in TextPart}
    return SnippetDraft(
        part=parts.get(form.part.data or ""),
        name=form.name.data or "",
        kind=kinds.get(form.kind.data or ""),
        department_id=number_of(form.department_id.data) or None,
        text_mr=form.text_mr.data or "",
        text_en=form.text_en.data or "",
        text_hi=form.text_hi.data or "",
    )


def _differences(changed: Mapping[str, tuple[object, object]]) -> list[LabelledDifference]:
    """Return the texts that differ among these fields, each given as before and after."""
    texts = {
        name: (str(before or ""), str(after or ""))
        for name, (before, after) in changed.items()
        if name in TEXTS
    }
    return [
        LabelledDifference(
            _(TEXTS[name]), name.removeprefix("text_"), diff.finely(diff.difference(before, after))
        )
        for name, (before, after) in texts.items()
        if before != after
    ]


@routes.post("/texts/<int:text_id>/end")
@allow_action(Action.DRAFT)
@writes
def end(session: Session, text_id: int) -> Page:
    """End a snippet: it is no longer offered, and its history stays."""
    text = snippets.end(session, **actor_now(), text_id=text_id)
    flash(_("“%(name)s” is no longer offered. It can still be read.", name=text.name))
    return redirect(url_for("snippets.index"))
