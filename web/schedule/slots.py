"""Settings of good times (slots) and quiet times of the calendar."""

from __future__ import annotations

from datetime import time
from functools import partial

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import SelectField, SelectMultipleField

from approvals.policy import Action
from publisher.i18n import dates
from publisher.i18n.date_parsing import WhenProblem
from publisher.scheduling import slots
from publisher.scheduling.slots import WEEKDAYS
from publisher.validation import Validator
from web.core.auth import actor_now, reads, writing
from web.core.form_views import handle_form
from web.core.i18n import _, _l, page_language
from web.core.list_pages import page_of_rows
from web.core.permissions import Page, allow_action
from web.forms import Form, key_of, options
from web.messages.names import account_name
from web.moments.fields import ClockField

routes = Blueprint("slots", __name__)
ALL = ""
"""The choice for all accounts, or all days."""


NO_MATCH = -1
"""Matches no account and no weekday: a missing or unreadable choice must not mean "all"."""


def _one_or_all(text: object) -> int | None:
    if text in (None, ALL):
        return None
    try:
        return key_of(text)
    except ValueError:
        return NO_MATCH


def _choice(field: SelectField) -> int | None:
    """Return the chosen account id or weekday; None if "all" was chosen."""
    number: int | None = field.data
    return number if field.raw_data else NO_MATCH


class SlotForm(Form):
    """A good time of an account or of all, on one or several weekdays."""

    account = SelectField(_l("Social media account"), coerce=_one_or_all, validate_choice=False)
    weekdays = SelectMultipleField(_l("Days of the week"), coerce=key_of, validate_choice=False)
    clock = ClockField(_l("Time"))


class QuietForm(Form):
    """Hours in which nothing should be published."""

    account = SelectField(_l("Social media account"), coerce=_one_or_all, validate_choice=False)
    weekday = SelectField(_l("Day of the week"), coerce=_one_or_all, validate_choice=False)
    begins = ClockField(_l("From"))
    ends = ClockField(_l("Until"))


_quiet_form = partial(QuietForm, prefix="quiet-")


@routes.app_template_filter()
def minute_words(minute: int) -> str:
    """Return a minute of the day as a time in the language of the page."""
    return dates.time_of_day(slots.minute_to_time(minute), page_language())


@routes.app_template_filter()
def weekday_name(weekday: int) -> str:
    """Return the name of a weekday; Monday is 0."""
    return dates.weekdays(page_language())[weekday]


@reads
def _page(session: Session, sent_form: SlotForm | QuietForm) -> str:
    """Return the page; the other of its two forms is empty."""
    is_quiet = isinstance(sent_form, QuietForm)
    form = SlotForm(formdata=None) if is_quiet else sent_form
    quiet_form = sent_form if is_quiet else _quiet_form(formdata=None)
    accounts = slots.accounts(session)
    account_choices = [
        (str(account.id), f"{account_name(account)} · {account.name}") for account in accounts
    ]
    days = [(str(day), weekday_name(day)) for day in WEEKDAYS]
    form.weekdays.choices = options(days)
    for either in (form, quiet_form):
        either.account.choices = options([(ALL, _("All accounts")), *account_choices])
    quiet_form.weekday.choices = options([(ALL, _("Every day")), *days])
    return render_template(
        "schedule/slots.html",
        form=form,
        quiet_form=quiet_form,
        accounts=accounts,
        slots=slots.slots(session),
        quiet_times=page_of_rows(slots.quiet_times(session)),
        weekdays=WEEKDAYS,
    )


@routes.route("/slots", methods=["GET", "POST"])
@allow_action(Action.SCHEDULE)
@handle_form(SlotForm, shown_by=_page)
def index(form: SlotForm) -> Page:
    """Add a good time; the page lists these and the quiet times, with forms to add more."""
    validator = Validator()
    clock = _read_clock(validator, form.clock)
    weekdays = [weekday for weekday in form.weekdays.data or [] if weekday in WEEKDAYS]
    if not weekdays:
        validator.add("weekdays", "required")
    validator.finish()
    with writing() as session:
        chosen = _choice(form.account)
        every = [account.id for account in slots.accounts(session)]
        for account_id in every if chosen is None else [chosen]:
            slots.set_slots(
                session,
                **actor_now(),
                account_id=account_id,
                weekdays=weekdays,
                time_of_day=clock,
            )
    flash(_("The good time is set."))
    return redirect(url_for("slots.index"))


def _read_clock(validator: Validator, field: ClockField) -> time:
    """Return the time; a missing or unreadable one is added to the validator's errors."""
    if field.problem is not None:
        validator.problems.append(field.problem)
    elif field.data is None:
        validator.add(field.short_name, WhenProblem.TIME_MISSING.value)
    return field.data or time(0)


@routes.post("/slots/quiet")
@allow_action(Action.SCHEDULE)
@handle_form(_quiet_form, shown_by=_page)
def set_quiet_time(form: QuietForm) -> Page:
    """Add a quiet time."""
    validator = Validator()
    begins = _read_clock(validator, form.begins)
    ends = _read_clock(validator, form.ends)
    validator.finish()
    with writing() as session:
        slots.set_quiet_time(
            session,
            **actor_now(),
            account_id=_choice(form.account),
            weekday=_choice(form.weekday),
            begins=begins,
            ends=ends,
        )
    flash(_("The hours to avoid are set."))
    return redirect(url_for("slots.index"))


@routes.post("/slots/<int:slot_id>/remove")
@allow_action(Action.SCHEDULE)
def remove_slot(slot_id: int) -> Page:
    """Remove a good time."""
    with writing() as session:
        slots.remove_slot(session, **actor_now(), slot_id=slot_id)
    flash(_("Removed."))
    return redirect(url_for("slots.index"))


@routes.post("/slots/quiet/<int:quiet_id>/remove")
@allow_action(Action.SCHEDULE)
def remove_quiet_time(quiet_id: int) -> Page:
    """Remove a quiet time."""
    with writing() as session:
        slots.remove_quiet_time(session, **actor_now(), quiet_time_id=quiet_id)
    flash(_("Removed."))
    return redirect(url_for("slots.index"))
