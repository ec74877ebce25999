"""Schedule a variant, move it, or publish it at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired

from approvals.policy import Action
from publisher import failpoints
from publisher.drafting import drafts
from publisher.models.desk import QuietTime
from publisher.models.posts import Post, Variant
from publisher.scheduling import constraints, slots
from publisher.scheduling import schedule as scheduling_schedule
from publisher.validation import NotFound
from web.core.auth import actor, by_actor, reads, writing
from web.core.form_views import with_form
from web.core.i18n import _, _l
from web.core.permissions import Page, for_action
from web.deliveries import holds
from web.forms import DayMonthYearField, Form, MinutesField, fill_moment, read_moment
from web.previews import preview_of, variant_title

routes = Blueprint("scheduling", __name__)


class TimeForm(Form):
    """A time in Asia/Kolkata, and how late it may still be published."""

    aliases = {"due_at": "day"}  # noqa: RUF012  read by the base class only

    day = DayMonthYearField(_l("Date"))
    clock = StringField(_l("Time"))
    late_limit = MinutesField(
        _l("Late limit in minutes"),
        default=constraints.LATE_LIMIT,
        validators=[InputRequired(_l("Write a number of minutes."))],
    )
    despite_clash = BooleanField(_l("Keep this time all the same"))


@routes.route("/posts/<int:post_id>/variants/<int:variant_id>/schedule", methods=["GET", "POST"])
@for_action(Action.SCHEDULE)
@with_form(TimeForm)
def schedule(form: TimeForm, post_id: int, variant_id: int) -> Page:
    """Set or change the time of a variant."""
    if form.is_shown:
        return _time_page(form, post_id, variant_id)
    if moment := request.form.get("fill"):
        return _time_page(_with_moment(form, moment), post_id, variant_id), 200
    if not form.validate():
        return _time_page(form, post_id, variant_id), 422
    sentences = _schedule(post_id, variant_id, form)
    failpoints.hit("schedule.after_commit")
    flash(_("The time is set."))
    for sentence in sentences:
        flash(sentence, "amber")
    return redirect(url_for("posts.show", post_id=post_id))


def _with_moment(form: TimeForm, moment: str) -> TimeForm:
    """Return the form with this ISO moment filled in; unchanged if it cannot be parsed."""
    try:
        fill_moment(form.day, form.clock, datetime.fromisoformat(moment))
    except (ValueError, OverflowError):
        return form
    form.day.raw_data = None
    return form


def _variant(post: Post, variant_id: int) -> Variant:
    """Return the post's variant with this id; raises `NotFound`."""
    for revision in post.revisions:
        for variant in revision.variants:
            if variant.id == variant_id:
                return variant
    raise NotFound(variant_id)


def _schedule(post_id: int, variant_id: int, form: TimeForm) -> list[str]:
    """Set the typed time and return warnings about quiet times and freezes.

    Raises `Invalid` if the time cannot be read or used.
    """
    with writing() as session:
        variant = _variant(drafts.post_for(session, actor=actor(), post_id=post_id), variant_id)
        due_at = read_moment(form.day, form.clock)
        scheduling_schedule.schedule(
            session,
            **by_actor(),
            variant_id=variant_id,
            due_at=due_at,
            late_limit=form.late_limit.data or 0,
            despite_clash=form.despite_clash.data,
        )
        quiet = slots.quiet_times(session)
        return [
            *_in_quiet(quiet, variant, due_at),
            *holds.freeze_sentences(session, variant, due_at),
        ]


def _in_quiet(quiet: Sequence[QuietTime], variant: Variant, due_at: datetime) -> list[str]:
    if slots.quiet_time_at(quiet, variant.account_id, due_at) is None:
        return []
    return [_("It lies in a quiet time that the cell has set. It stays as you set it.")]


@reads
def _time_page(session: Session, form: TimeForm, post_id: int, variant_id: int) -> str:
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    variant = _variant(post, variant_id)
    return render_template(
        "schedule/schedule.html",
        post=post,
        variant=variant,
        title=variant_title(variant),
        form=form,
        preview=preview_of(variant),
        is_clash=any(error.code == "clash" for error in form.problems),
        **_advice(session, post, variant),
    )


def _advice(session: Session, post: Post, variant: Variant) -> dict[str, object]:
    """Return the template variables: free slots, freezes and quiet times of the account."""
    quiet = slots.quiet_times(session)
    delivery = next(
        (candidate for candidate in post.deliveries if candidate.variant_id == variant.id), None
    )
    return {
        **holds.advice(session, post, variant, delivery),
        "quiet_times": [
            quiet_time
            for quiet_time in quiet
            if quiet_time.account_id in (None, variant.account_id)
        ],
        "is_in_quiet_time": delivery is not None
        and slots.quiet_time_at(quiet, variant.account_id, delivery.due_at) is not None,
    }


@routes.post("/posts/<int:post_id>/variants/<int:variant_id>/publish-now")
@for_action(Action.PUBLISH_NOW)
def publish_now(post_id: int, variant_id: int) -> Page:
    """Publish a variant at once, after a fresh sign-in."""
    with writing() as session:
        _variant(drafts.post_for(session, actor=actor(), post_id=post_id), variant_id)
        scheduling_schedule.publish_now(session, **by_actor(), variant_ids=[variant_id])
    flash(_("It leaves within seconds. Look again to see that it is live."))
    return redirect(url_for("posts.show", post_id=post_id))
