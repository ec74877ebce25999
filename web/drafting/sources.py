"""The source submissions of a post: add one by its number, or remove one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.policy import Action
from publisher.drafting import collaboration, drafts, prefill
from web.core.auth import actor, actor_now, reads, writing
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.forms import Form

routes = Blueprint("sources", __name__)


class NumberForm(Form):
    """The acknowledgement number of a submission to add to a post."""

    number = StringField(_l("Acknowledgement number"))


@reads
def _join_page(session: Session, /, form: NumberForm, post_id: int, **_ids: int) -> str:
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    return render_template(
        "drafting/sources.html", post=post, form=form, sources=prefill.list_sources(post)
    )


@routes.route("/posts/<int:post_id>/submissions", methods=["GET", "POST"])
@allow_action(Action.DRAFT)
@handle_form(NumberForm, shown_by=_join_page)
def show(form: NumberForm, post_id: int) -> Page:
    """Add a submission to the post by its number."""
    with writing() as session:
        joined = collaboration.join_submission(
            session, **actor_now(), post_id=post_id, number=form.number.data or ""
        )
        number = joined.number
    flash(_("The post is now also based on %(number)s.", number=number))
    return redirect(url_for("sources.show", post_id=post_id))


@routes.post("/posts/<int:post_id>/submissions/<int:submission_id>/part")
@allow_action(Action.DRAFT)
@handle_form(NumberForm, shown_by=_join_page)
def part(_form: NumberForm, post_id: int, submission_id: int) -> Page:
    """Remove a submission that was added by mistake."""
    with writing() as session:
        submission = collaboration.remove_submission(
            session, **actor_now(), post_id=post_id, submission_id=submission_id
        )
        number = submission.number
    flash(_("The post is no longer based on %(number)s.", number=number))
    return redirect(url_for("sources.show", post_id=post_id))
