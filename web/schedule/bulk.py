"""Moving several posts at once: choose, see what would happen, then do it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import BooleanField, IntegerField, RadioField, StringField

from approvals.policy import Action
from publisher.i18n.date_parsing import BadWhen, parse_when
from publisher.reports import calendar
from publisher.scheduling import bulk_reschedule
from publisher.scheduling.bulk_reschedule import At, How, PlanChanged, Planned, Shift, ToSlots
from publisher.validation import Invalid, Validator
from web.core import form_recovery
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l, _n
from web.core.permissions import for_action
from web.forms import DayMonthYearField, Form, number_of, options
from web.messages.field_errors import problem_sentence
from web.messages.refusals import refusal_sentence

routes = Blueprint("rescheduling", __name__)
Page = Response | str | tuple[str, int]
MOST_HOURS, MOST_DAYS = 24 * 31, 366


class AmountField(IntegerField):
    """A whole number, also below zero; Devanagari digits as well."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it; what is none is told in the language of the page."""
        try:
            super().process_formdata(valuelist)
        except ValueError as problem:
            raise ValueError(_("Write a whole number, for example 2 or -1.")) from problem


class BulkMoveForm(Form):
    """Which way they go, and how far."""

    aliases = {"due_at": "day"}  # noqa: RUF012  read by the base class only

    way = RadioField(_l("Where to"), default="hours", validate_choice=False)
    amount = AmountField(_l("By how many"), default=1)
    day = DayMonthYearField(_l("Date"))
    clock = StringField(_l("Time"))
    despite_clash = BooleanField(_l("Move also what comes close to another post"))


@routes.get("/calendar/move")
@for_action(Action.SCHEDULE)
def index() -> Page:
    """What can be moved, and which way."""
    return _choosing(BulkMoveForm(formdata=None), _chosen(request.args.getlist("chosen")))


def _chosen(typed: list[str]) -> list[int]:
    """The ids of deliveries, each once; a list of several may stand in one field."""
    found = [number_of(one) for value in typed for one in value.split(",")]
    return list(dict.fromkeys(one for one in found if one))


@reads
def _choosing(
    session: Session, form: BulkMoveForm, chosen: list[int], *, wrong: list[str] | None = None
) -> str:
    """The choosing page; what is `wrong` with the choice leads to its first box."""
    _offer(form)
    rows = calendar.movable(session, actor=actor())
    first = f"chosen-{rows[0].delivery_id}" if rows else None
    return render_template(
        "schedule/bulk.html",
        form=form,
        chosen=chosen,
        rows=rows,
        wrong=wrong,
        lines=[(one, first) for one in wrong or []],
    )


def _offer(form: BulkMoveForm) -> None:
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
    """Show what would happen, or do what was shown; what was dragged is done at once if it can."""
    form, chosen = BulkMoveForm(), _chosen(request.form.getlist("chosen"))
    if not form.validate():
        return _choosing(form, chosen), 422
    try:
        how = _how(form)
        if request.form.get("step") in ("do", "drag"):
            return _done(form, chosen, how)
        return _planned(form, chosen, how)
    except Invalid as invalid:
        return _choosing(form, chosen, wrong=form.show(invalid.problems)), 422


def _how(form: BulkMoveForm) -> How:
    """The way that was chosen; raises `Invalid` where it cannot be gone."""
    check, amount = Validator(), form.amount.data or 0
    how: How = ToSlots()
    if form.way.data == "at":
        how = At(_when(check, form))
    elif form.way.data in ("hours", "days"):
        most = MOST_HOURS if form.way.data == "hours" else MOST_DAYS
        if not amount or abs(amount) > most:
            check.add("amount", "amount", most=most)
            amount = 1
        how = Shift(timedelta(**{form.way.data: amount}))
    check.finish()
    return how


def _when(validator: Validator, form: BulkMoveForm) -> datetime:
    day = form.day.data.isoformat() if form.day.data else ""
    try:
        return parse_when(day, form.clock.data or "")
    except BadWhen as bad:
        validator.add("day" if bad.code.field == "date" else "clock", bad.code.value)
        return ctx.now()


def _planned(form: BulkMoveForm, chosen: list[int], how: How, *, happened: str = "") -> str:
    """What would happen, each with its words."""
    with ctx.database.reading() as session:
        steps = bulk_reschedule.plan(
            session,
            actor=actor(),
            now=ctx.now(),
            delivery_ids=chosen,
            how=how,
            despite_clash=bool(form.despite_clash.data),
        )
        return _plan_page(form, steps, happened=happened)


def _plan_page(form: BulkMoveForm, steps: list[Planned], *, happened: str = "") -> str:
    _offer(form)
    return render_template(
        "schedule/bulk_plan.html",
        form=form,
        steps=[(one, [problem_sentence(each) for each in one.problems]) for one in steps],
        going=sum(one.goes for one in steps),
        is_clash=any(each.code == "clash" for one in steps for each in one.problems),
        back=_back(),
        happened=[(happened, None)] if happened else [],
    )


def _back() -> str:
    """Where the mover came from, a page of ours."""
    path = request.form.get("back", "")
    return path if form_recovery.is_own_path(path) else url_for("calendar.index")


def _done(form: BulkMoveForm, chosen: list[int], how: How) -> Page:
    """Do it in one transaction; where it cannot be as shown, it is shown anew."""
    dragged = request.form.get("step") == "drag"
    try:
        with ctx.database.transaction() as session:
            moved = bulk_reschedule.move_all(
                session,
                actor=actor(),
                now=ctx.now(),
                delivery_ids=chosen,
                how=how,
                expected_times=None if dragged else _seen(chosen),
                despite_clash=bool(form.despite_clash.data),
            )
    except PlanChanged as refusal:
        happened = _("It was not moved. See why.") if dragged else refusal_sentence(refusal)
        return _planned(form, chosen, how, happened=happened), 409
    flash(_n("%(num)s text has its new time.", "%(num)s texts have their new time.", len(moved)))
    return redirect(_back())


def _seen(chosen: list[int]) -> dict[int, datetime]:
    """Where each was shown to go, as the page that showed it sends it back."""
    seen = {}
    for one in chosen:
        try:
            at = datetime.fromisoformat(request.form.get(f"seen_{one}", ""))
        except ValueError:
            continue
        if at.tzinfo is not None:
            seen[one] = at
    return seen
