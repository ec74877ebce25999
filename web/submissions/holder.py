"""The buttons with which a clerk takes a submission or its draft, and gives it back."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug import Response

from approvals.policy import Action
from publisher.intake import take as intake_take
from publisher.intake.take import TakenMeanwhile
from publisher.reports.submission_filters import filter_from_query
from publisher.validation import NotFound
from web.core.auth import actor_now, writing
from web.core.i18n import _, _n
from web.core.permissions import allow_action
from web.forms import number_of
from web.messages.refusals import refusal_sentence
from web.submissions import detail
from web.submissions.list import address

routes: Blueprint = detail.routes
MOST_TICKED = 100
"""How many submissions can be taken at once: more than a page of the list has."""


@routes.post("/submissions/<int:submission_id>/take")
@allow_action(Action.DRAFT)
def take(submission_id: int) -> Response:
    """Take a submission, or take it over from the holder whom the page showed."""
    holder_id = request.form.get("holder", type=int)
    try:
        with writing() as session:
            intake_take.take(
                session, **actor_now(), submission_id=submission_id, seen_holder_id=holder_id
            )
    except TakenMeanwhile as refusal:
        flash(refusal_sentence(refusal), "amber")
    else:
        flash(_("You have taken this over. The rest of the Cell can see that."))
    return _back_to_page(submission_id)


@routes.post("/submissions/ticked/take")
@allow_action(Action.DRAFT)
def take_ticked() -> Response:
    """Take the ticked submissions that are nobody's, one by one, and say how many."""
    chosen = dict.fromkeys(map(number_of, request.form.getlist("chosen")))
    keys = [key for key in chosen if key][:MOST_TICKED]
    taken_count = sum(map(_take_from_nobody, keys))
    if taken_count:
        flash(
            _n(
                "%(num)s submission is with you now.",
                "%(num)s submissions are with you.",
                taken_count,
            )
        )
    if missed := len(keys) - taken_count:
        flash(
            _n(
                "%(num)s was not taken: someone else has it now.",
                "%(num)s were not taken: someone else has them now.",
                missed,
            ),
            "amber",
        )
    if not keys:
        flash(_("Tick at least one submission."), "amber")
    return redirect(address(filter_from_query(dict(parse_qsl(request.form.get("list", ""))))))


def _take_from_nobody(submission_id: int) -> bool:
    try:
        with writing() as session:
            intake_take.take(
                session, **actor_now(), submission_id=submission_id, seen_holder_id=None
            )
    except (TakenMeanwhile, NotFound):
        return False
    return True


@routes.post("/submissions/<int:submission_id>/give-back")
@allow_action(Action.DRAFT)
def give_back(submission_id: int) -> Response:
    """Give a submission back, so that somebody else can take it."""
    try:
        with writing() as session:
            intake_take.give_back(session, **actor_now(), submission_id=submission_id)
    except TakenMeanwhile as refusal:
        flash(refusal_sentence(refusal), "amber")
    else:
        flash(_("Given back. Nobody has this now."))
    return _back_to_page(submission_id)


def _back_to_page(submission_id: int) -> Response:
    """Return to the draft whose page has the button, else to the submission."""
    post_id = request.form.get("post", 0, type=int)
    if post_id > 0:
        return redirect(url_for("drafting.edit", post_id=post_id))
    return redirect(url_for("submissions.show", submission_id=submission_id))
