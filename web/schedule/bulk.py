"""Bulk scheduling: choose texts, preview their new times, then set them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, RadioField

from approvals.policy import Action
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, Variant
from publisher.reports import calendar
from publisher.scheduling import bulk_reschedule
from publisher.scheduling.bulk_reschedule import PlanChanged
from publisher.scheduling.entries import entries
from publisher.scheduling.planned_moves import Move, Shift, ToMoment, ToSlots
from publisher.validation import Validator
from web.core import form_recovery
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l, _n
from web.core.permissions import Page, allow_action
from web.forms import Form, WholeNumberField, number_of, options
from web.messages.field_errors import problem_sentence
from web.messages.refusals import refusal_sentence
from web.moments.fields import MomentField

routes = Blueprint("bulk", __name__)
MOST_HOURS, MOST_DAYS = 24 * 31, 366
MOST_UNTIMED = 50
"""The most posts without a time that can be chosen from."""


class AmountField(WholeNumberField):
    """A whole number, which may be negative."""

    unreadable = _l("Write a whole number, for example 2 or -1.")


class BulkMoveForm(Form):
    """The way in which the deliveries move, and how far."""

    way = RadioField(
        _l("Where to"),
        choices=options(
            [
                ("hours", _l("by hours")),
                ("days", _l("by days")),
                ("slots", _l("to the next good times")),
                ("at", _l("to one date and time")),
            ]
        ),
        default="hours",
        validate_choice=False,
    )
    amount = AmountField(_l("By how many"), default=1)
    due_at = MomentField(_l("Date and time"))
    despite_clash = BooleanField(_l("Also move posts that come close to another one"))


@dataclass(frozen=True)
class Choice:
    """An entry of the calendar, or a post without a time, that can be chosen."""

    post: Post
    variants: tuple[Variant, ...]
    deliveries: tuple[Delivery, ...] = ()

    @property
    def variant_ids(self) -> list[int]:
        """Return the ids of the variants that move together."""
        return [variant.id for variant in self.variants]


@reads
def _choosing(session: Session, form: BulkMoveForm, chosen: list[int]) -> str:
    """Return the page to choose on; the errors of the choice link to the first checkbox."""
    # The entries by time, then the posts without a time.
    groups = entries(
        calendar.movable(session, actor=actor()),
        lambda delivery: (delivery.due_at, delivery.post_id),
    )
    timed = [
        Choice(group[0].post, tuple(delivery.variant for delivery in group), tuple(group))
        for group in groups
    ]
    waiting = calendar.list_unscheduled(session, actor=actor(), most=MOST_UNTIMED)
    choices = [*timed, *(Choice(row.post, row.variants) for row in waiting)]
    # What was chosen on another page comes first.
    choices.sort(key=lambda choice: not set(choice.variant_ids) & set(chosen))
    first = f"chosen-{choices[0].variants[0].id}" if choices else None
    selection_errors, form.form_errors = form.form_errors, []
    return render_template(
        "schedule/bulk.html",
        form=form,
        chosen_ids=chosen,
        choices=choices,
        back_path=_back(),
        selection_errors=selection_errors,
        error_lines=[(message, first) for message in selection_errors],
    )


@routes.route("/calendar/move", methods=["GET", "POST"])
@allow_action(Action.SCHEDULE)
@handle_form(BulkMoveForm)
def index(form: BulkMoveForm) -> Page:
    """Choose texts and the way to move them, show the plan, and carry it out.

    A delivery dragged in the calendar moves at once.
    """
    ids = [
        number_of(text) for field in request.values.getlist("chosen") for text in field.split(",")
    ]
    chosen = list(dict.fromkeys(variant_id for variant_id in ids if variant_id))
    if form.is_shown:
        return _choosing(form, chosen)
    if not form.validate():
        return _choosing(form, chosen), 422
    validator, amount = Validator(), form.amount.data or 0
    how: Move = ToSlots()
    if form.way.data == "at":
        if form.due_at.data is None:
            validator.add("due_at", "time_missing")
        how = ToMoment(form.due_at.data or ctx.now())
    elif form.way.data in ("hours", "days"):
        most = MOST_HOURS if form.way.data == "hours" else MOST_DAYS
        if not amount or abs(amount) > most:
            validator.add("amount", "amount", most=most)
            amount = 1
        how = Shift(timedelta(**{form.way.data: amount}))
    validator.finish()
    if request.form.get("step") in ("do", "drag"):
        return _move_all(form, chosen, how)
    return _plan(form, chosen, how)


@reads
def _plan(session: Session, form: BulkMoveForm, chosen: list[int], how: Move) -> str:
    """Return the page with the new time of each text, or the reason why it cannot move."""
    steps = bulk_reschedule.plan(
        session,
        **actor_now(),
        variant_ids=chosen,
        how=how,
        despite_clash=bool(form.despite_clash.data),
    )
    return render_template(
        "schedule/bulk_plan.html",
        form=form,
        steps=[(step, [problem_sentence(error) for error in step.problems]) for step in steps],
        moving_count=sum(step.can_move for step in steps),
        is_clash=any(error.code == "clash" for step in steps for error in step.problems),
        back_path=_back(),
    )


def _back() -> str:
    """Return the path that the person came from; the calendar if it is not one of our pages."""
    path = request.values.get("back", "")
    return path if form_recovery.is_own_path(path) else url_for("calendar.index")


def _move_all(form: BulkMoveForm, chosen: list[int], how: Move) -> Page:
    """Move all in one transaction; if the plan has changed meanwhile, show the new one."""
    dragged = request.form.get("step") == "drag"
    try:
        with writing() as session:
            moved = bulk_reschedule.move_all(
                session,
                **actor_now(),
                variant_ids=chosen,
                how=how,
                expected=None if dragged else _marks(chosen),
                despite_clash=bool(form.despite_clash.data),
            )
    except PlanChanged as refusal:
        message = _("Not moved. See the reason.") if dragged else refusal_sentence(refusal)
        form.form_errors.append(message)
        return _plan(form, chosen, how), 409
    flash(_n("%(num)s post has its new time.", "%(num)s posts have their new time.", len(moved)))
    return redirect(_back())


def _marks(chosen: list[int]) -> dict[int, str]:
    """Return the marks of the plan that was shown, by variant id, as its page sends them back."""
    marks = {variant_id: request.form.get(f"seen_{variant_id}", "") for variant_id in chosen}
    return {variant_id: mark for variant_id, mark in marks.items() if mark}
