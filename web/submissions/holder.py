"""The buttons by which a clerk takes a submission or its draft, and gives it back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug import Response

from approvals.policy import Action
from publisher.intake import take as intake_take
from publisher.intake.take import TakenMeanwhile
from web.core.auth import by_actor, writing
from web.core.i18n import _
from web.core.permissions import for_action
from web.messages.refusals import refusal_sentence
from web.submissions import detail

routes: Blueprint = detail.routes


@routes.post("/submissions/<int:submission_id>/take")
@for_action(Action.DRAFT)
def take(submission_id: int) -> Response:
    """Take a submission, or take it over from the holder whom the page showed."""
    holder_id = request.form.get("holder", type=int)
    try:
        with writing() as session:
            intake_take.take(
                session, **by_actor(), submission_id=submission_id, seen_holder_id=holder_id
            )
    except TakenMeanwhile as refusal:
        flash(refusal_sentence(refusal), "amber")
    else:
        flash(_("It is with you now. The others of the Cell see that."))
    return _back_to_page(submission_id)


@routes.post("/submissions/<int:submission_id>/give-back")
@for_action(Action.DRAFT)
def give_back(submission_id: int) -> Response:
    """Give a submission back, so that somebody else can take it."""
    try:
        with writing() as session:
            intake_take.give_back(session, **by_actor(), submission_id=submission_id)
    except TakenMeanwhile as refusal:
        flash(refusal_sentence(refusal), "amber")
    else:
        flash(_("Given back. It is with nobody now."))
    return _back_to_page(submission_id)


def _back_to_page(submission_id: int) -> Response:
    """Return to the draft whose page has the button, else to the submission."""
    post_id = request.form.get("post", 0, type=int)
    if post_id > 0:
        return redirect(url_for("drafting.edit", post_id=post_id))
    return redirect(url_for("submissions.show", submission_id=submission_id))
