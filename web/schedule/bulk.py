"""Bulk rescheduling: choose deliveries, preview their new times, then move them."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, RadioField, StringField

from approvals.policy import Action
from publisher.i18n.date_parsing import BadWhen, parse_when
from publisher.reports import calendar
from publisher.scheduling import bulk_reschedule
from publisher.scheduling.bulk_reschedule import (
    NewTime,
    PlanChanged,
    PlannedMove,
    Shift,
    ToMoment,
    ToSlots,
)
from publisher.validation import Invalid, Validator
from web.core import form_recovery
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _, _l, _n
from web.core.permissions import Page, for_action
from web.forms import DayMonthYearField, Form, number_of, options
from web.messages.field_errors import problem_sentence
from web.messages.refusals import refusal_sentence

routes = Blueprint("rescheduling", __name__)
MOST_HOURS, MOST_DAYS = 24 * 31, 366


class AmountField(IntegerField):
    """An integer field, which also reads negative numbers and Devanagari digits."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the number; the error message is in the language of the page."""
        try:
            super().process_formdata(valuelist)
        except ValueError as problem:
            raise ValueError(_("Write a whole number, for example 2 or -1.")) from problem


class BulkMoveForm(Form):
    """The way in which the deliveries move, and how far."""

    aliases = {"due_at": "day"}  # noqa: RUF012  read by the base class only

    way = RadioField(_l("Where to"), default="hours", validate_choice=False)
    amount = AmountField(_l("By how many"), default=1)
    day = DayMonthYearField(_l("Date"))
    clock = StringField(_l("Time"))
    despite_clash = BooleanField(_l("Move also what comes close to another post"))


@routes.get("/calendar/move")
@for_action(Action.SCHEDULE)
def index() -> Page:
    """Show the deliveries that can be moved, and the ways to move them."""
    return _choosing(BulkMoveForm(formdata=None), _chosen_ids(request.args.getlist("chosen")))


def _chosen_ids(fields: list[str]) -> list[int]:
    """Return the ids of the chosen deliveries, each once; a field may hold several with commas."""
    ids = [number_of(text) for field in fields for text in field.split(",")]
    return list(dict.fromkeys(delivery_id for delivery_id in ids if delivery_id))


@reads
def _choosing(
    session: Session, form: BulkMoveForm, chosen: list[int], *, wrong: list[str] | None = None
) -> str:
    """Return the page to choose on; the messages in `wrong` link to the first checkbox."""
    _set_choices(form)
    rows = calendar.movable(session, actor=actor())
    first = f"chosen-{rows[0].delivery_id}" if rows else None
    return render_template(
        "schedule/bulk.html",
        form=form,
        chosen_ids=chosen,
        deliveries=rows,
        selection_errors=wrong,
        error_lines=[(message, first) for message in wrong or []],
    )


def _set_choices(form: BulkMoveForm) -> None:
    form.way.choices = options(
        [
            ("hours", _("by hours")),
            ("days", _("by days")),
            ("slots", _("to the next good times")),
            ("at", _("to one date and time")),
        ]
    )


@routes.post("/calendar/move")
@for_action(Action.SCHEDULE)
def move() -> Page:
    """Show the plan, or carry it out; a delivery dragged in the calendar moves at once."""
    form, chosen = BulkMoveForm(), _chosen_ids(request.form.getlist("chosen"))
    if not form.validate():
        return _choosing(form, chosen), 422
    try:
        how = _read_how(form)
        if request.form.get("step") in ("do", "drag"):
            return _move_all(form, chosen, how)
        return _plan(form, chosen, how)
    except Invalid as invalid:
        return _choosing(form, chosen, wrong=form.show(invalid.problems)), 422


def _read_how(form: BulkMoveForm) -> NewTime:
    """Read the chosen way to move; raises `Invalid`."""
    validator, amount = Validator(), form.amount.data or 0
    how: NewTime = ToSlots()
    if form.way.data == "at":
        how = ToMoment(_read_time(validator, form))
    elif form.way.data in ("hours", "days"):
        most = MOST_HOURS if form.way.data == "hours" else MOST_DAYS
        if not amount or abs(amount) > most:
            validator.add("amount", "amount", most=most)
            amount = 1
        how = Shift(timedelta(**{form.way.data: amount}))
    validator.finish()
    return how


def _read_time(validator: Validator, form: BulkMoveForm) -> datetime:
    day = form.day.data.isoformat() if form.day.data else ""
    try:
        return parse_when(day, form.clock.data or "")
    except BadWhen as bad:
        validator.add("day" if bad.code.field == "date" else "clock", bad.code.value)
        return ctx.now()


def _plan(form: BulkMoveForm, chosen: list[int], how: NewTime, *, message: str = "") -> str:
    """Return the page with the new time of each delivery, or the reason why it cannot move."""
    with reading() as session:
        steps = bulk_reschedule.plan(
            session,
            actor=actor(),
            now=ctx.now(),
            delivery_ids=chosen,
            how=how,
            despite_clash=bool(form.despite_clash.data),
        )
        return _plan_page(form, steps, message=message)


def _plan_page(form: BulkMoveForm, steps: list[PlannedMove], *, message: str = "") -> str:
    _set_choices(form)
    return render_template(
        "schedule/bulk_plan.html",
        form=form,
        steps=[(step, [problem_sentence(error) for error in step.problems]) for step in steps],
        moving_count=sum(step.can_move for step in steps),
        is_clash=any(error.code == "clash" for step in steps for error in step.problems),
        back_path=_back(),
        error_lines=[(message, None)] if message else [],
    )


def _back() -> str:
    """Return the path that the person came from; the calendar if it is not one of our pages."""
    path = request.form.get("back", "")
    return path if form_recovery.is_own_path(path) else url_for("calendar.index")


def _move_all(form: BulkMoveForm, chosen: list[int], how: NewTime) -> Page:
    """Move all in one transaction; if the plan has changed meanwhile, show the new one."""
    dragged = request.form.get("step") == "drag"
    try:
        with writing() as session:
            moved = bulk_reschedule.move_all(
                session,
                actor=actor(),
                now=ctx.now(),
                delivery_ids=chosen,
                how=how,
                expected_times=None if dragged else _planned_times(chosen),
                despite_clash=bool(form.despite_clash.data),
            )
    except PlanChanged as refusal:
        message = _("It was not moved. See why.") if dragged else refusal_sentence(refusal)
        return _plan(form, chosen, how, message=message), 409
    flash(_n("%(num)s text has its new time.", "%(num)s texts have their new time.", len(moved)))
    return redirect(_back())


def _planned_times(chosen: list[int]) -> dict[int, datetime]:
    """Return the times that the preview showed, by delivery id, as its page sends them back."""
    times = {}
    for delivery_id in chosen:
        try:
            at = datetime.fromisoformat(request.form.get(f"seen_{delivery_id}", ""))
        except ValueError:
            continue
        if at.tzinfo is not None:
            times[delivery_id] = at
    return times
