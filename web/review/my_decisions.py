"""An officer's decisions with their outcomes, and the officer's saved return texts."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from approvals.policy import Action
from publisher.i18n import dates
from publisher.review import history, return_texts
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.filters import decode_cursor, encode_cursor
from web.core.form_views import handle_form
from web.core.i18n import _, _l, page_language
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of
from web.messages.review_codes import DECIDED, became_sentence

routes = Blueprint("my_decisions", __name__)
DECIDERS = (Action.APPROVE, Action.RETURN, Action.REJECT)


class DecisionTextForm(Form):
    """A return text to save."""

    words = TextAreaField(_l("Text"), id="own-words")  # the page has an id "words" already


@routes.get("/approvals")
@allow_action(*DECIDERS)
@reads
def index(session: Session) -> str:
    """List the actor's decisions, newest first; `?month=` filters, `?whole` shows a full month."""
    months = history.list_months(session, actor=actor(), now=ctx.now())
    # "2026-11" stands for its first day; what is no month filters nothing.
    year, _dash, month_number = request.args.get("month", "").partition("-")
    known_year = number_of(year) in range(2000, 2100)
    known_month = number_of(month_number) in range(1, 13)
    month = (
        date(number_of(year), number_of(month_number), 1) if known_year and known_month else None
    )
    whole = month is not None and "whole" in request.args
    page = history.list_decisions(
        session,
        actor=actor(),
        month=month,
        before=None if whole else decode_cursor(request.args.get("before", "")),
        limit=history.MOST_IN_A_MONTH if whole else 25,
    )
    return render_template(
        "review/my_decisions.html",
        page=page,
        next_cursor=encode_cursor(page.following),
        months=[(first_day.strftime("%Y-%m"), _month_words(first_day)) for first_day in months],
        month=month.strftime("%Y-%m") if month else "",
        month_label=_month_words(month) if month else "",
        is_whole_month=whole,
        decision_labels=DECIDED,
        outcome_sentence=became_sentence,
    )


def _month_words(month: date) -> str:
    return dates.month(month, page_language())


@reads
def _texts_page(session: Session, form: DecisionTextForm) -> str:
    texts = return_texts.own_texts(session, actor=actor())
    return render_template(
        "review/decision_texts.html",
        form=form,
        texts=texts,
        is_full=len(texts) >= return_texts.MOST,
    )


@routes.route("/return-texts", methods=["GET", "POST"])
@allow_action(*DECIDERS)
@handle_form(DecisionTextForm, shown_by=_texts_page)
def texts(form: DecisionTextForm) -> Page:
    """List the actor's saved texts for returning a post, and save another."""
    text = form.words.data or ""
    with writing() as session:
        return_texts.save(session, actor=actor(), now=ctx.now(), return_text=text)
    flash(_("The text is saved. You find it when you return a post."))
    flash("return-text", "draft-done")
    return redirect(url_for("my_decisions.texts"))


@routes.post("/return-texts/remove")
@allow_action(*DECIDERS)
def remove_text() -> Page:
    """Delete one of the actor's return texts."""
    with writing() as session:
        text_id = number_of(request.form.get("text"))
        return_texts.remove(session, actor=actor(), text_id=text_id)
    flash(_("The text is removed."))
    return redirect(url_for("my_decisions.texts"))
