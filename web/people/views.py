"""Pages of people and appointments: record, invite, end, disable and enable."""

from __future__ import annotations

from typing import TypedDict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from wtforms import BooleanField, SelectField, StringField

from approvals.appointments import NEEDS_CONFIRMATION
from approvals.policy import Action, Role, may, scope_of
from publisher.auth.contact_details import BadPerson, Problems
from publisher.models.people import Appointment, Department, Person
from publisher.people import (
    absences,
    appointments,
    confirmation,
    contact_corrections,
    invitations,
    lookup,
    name_changes,
    names,
    permissions,
    stops,
    upgrade_review,
)
from publisher.people.departments import departments_in_force
from publisher.transfers import hand_over, lists
from publisher.validation import existing
from publisher.working_time import local_day
from web import in_flight
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.list_pages import page_of_query
from web.core.permissions import Page, allow_action
from web.core.second_factor import factor_rule
from web.forms import Form, department_options, number_of, options
from web.messages.names import ROLE_WORDS
from web.people.taken_addresses import (
    AddressForm,
    find_choices,
    make_shared,
    read_choice,
    sms_problem,
)

routes = Blueprint("people", __name__)
RECORD_ACTIONS = (Action.RECORD_HEAD, Action.RECORD_OTHER_ROLE)
"""The actions of the staff, who look after everybody; a head only records people."""

LONGEST_SEARCH = 200
"""The longest search text: no name is longer, and databases limit the pattern."""


class PersonForm(AddressForm):
    """A person and an appointment."""

    aliases = {"rank": "role"}  # noqa: RUF012  read by the base class only

    # In the order of the page, which is also that of the summary of errors.
    role = SelectField(_l("Appointed as"), validate_choice=False)
    sure = BooleanField(_l("Yes, appoint an admin"))
    department_id = SelectField(_l("Department"), coerce=number_of, validate_choice=False)
    name_mr = StringField(_l("Name in Marathi"))
    name_en = StringField(_l("Name in English"))
    designation = StringField(_l("Designation"))
    mobile = StringField(_l("Mobile number"))
    order_number = StringField(_l("Order number"))


@routes.get("/people")
@allow_action(*RECORD_ACTIONS)
@reads
def index(session: Session) -> Page:
    """List people with their appointments, by department."""
    search_text = request.args.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    query = select(Appointment).join(Appointment.person).join(Appointment.department)
    if search_text:
        query = query.where(
            or_(
                Person.name_mr.icontains(search_text, autoescape=True),
                Person.name_en.icontains(search_text, autoescape=True),
                Person.mail.icontains(search_text, autoescape=True),
                Person.mobile.icontains(search_text, autoescape=True),
                Department.name_mr.icontains(search_text, autoescape=True),
                Department.name_en.icontains(search_text, autoescape=True),
            )
        )
    rows = query.order_by(
        Department.name_mr, Appointment.role, Appointment.rank, Appointment.id
    ).options(joinedload(Appointment.person), joinedload(Appointment.department))
    now = ctx.now()
    return render_template(
        "people/index.html",
        appointments=page_of_query(session, rows),
        query=search_text,
        waiting_count=confirmation.count_waiting(session, now=now),
        is_sms_missing=factor_rule().holds(local_day(now)) and not factor_rule().has_sms,
        unreviewed_count=upgrade_review.count(session, now=now),
        transfers_waiting=lists.count_waiting(session, now=now),
        left=confirmation.find_unconfirmable(session, now=now),
    )


@reads
def _new_page(session: Session, form: PersonForm) -> str:
    """Return the page of the form, with the roles that this actor may record; admin is last."""
    own_department_id = actor().department_id
    roles = [role for role in Role if permissions.may_record(actor(), role, own_department_id)]
    roles.sort(key=lambda role: role is Role.ADMIN)
    named_roles = [(role.value, _(ROLE_WORDS[role])) for role in roles]
    form.role.choices = options([("", _("Choose")), *named_roles])
    departments = departments_in_force(session, now=ctx.now())
    if not _is_staff():
        departments = [row for row in departments if row.id == own_department_id]
    form.department_id.choices = department_options(
        departments, empty_label=_("Choose a department")
    )
    if request.method != "POST":
        # The department that the URL names, or a head's own.
        code = request.args.get("department", "")
        is_own = not _is_staff()
        ids = [department.id for department in departments if is_own or department.code == code]
        form.department_id.data = ids[0] if ids else None
    number = number_of(request.args.get("person")) if _is_staff() else 0
    person = session.get(Person, number)
    if request.method != "POST" and person is not None:
        for field in (form.name_mr, form.name_en, form.designation, form.mail, form.mobile):
            field.data = getattr(person, field.short_name)
    department = session.get(Department, form.department_id.data or 0)
    return render_template(
        "people/new.html",
        form=form,
        is_filled=request.method == "POST" or person,
        is_staff=_is_staff(),
        shared_offers=find_choices(session, form, [department] if department is not None else []),
    )


def _is_staff() -> bool:
    return scope_of(actor(), Action.RECORD_HEAD) is not None


@routes.route("/people/new", methods=["GET", "POST"])
@allow_action(*RECORD_ACTIONS, Action.RECORD_OFFICER)
@handle_form(PersonForm, shown_by=_new_page)
def new(form: PersonForm) -> Page:
    """Record a person and send the invitation, or say that the address is a department's."""
    if read_choice():
        make_shared(form)
        form.mail.data = ""
        return _new_page(form)
    with writing() as session:
        details: _Details = {
            "name_mr": form.name_mr.data or "",
            "name_en": form.name_en.data or "",
            "designation": form.designation.data or "",
            "mail": form.mail.data or None,
            "mobile": form.mobile.data or None,
        }
        problems = Problems()
        if form.role.data not in set(Role):
            problems.found.append(BadPerson("role", "missing"))
        if form.role.data == Role.ADMIN and not form.sure.data:
            problems.found.append(BadPerson("sure", "missing"))
        if not form.department_id.data:
            problems.found.append(BadPerson("department_id", "unknown"))
        problems.read(lambda: lookup.read(**details))
        if details["mobile"] and not details["mail"] and (code := sms_problem()):
            problems.found.append(BadPerson("mail", code))
        problems.read(lambda: appointments.read_order(form.order_number.data or ""))
        problems.finish()
        appointment = appointments.record_person(
            session,
            **actor_now(),
            **details,
            role=Role(form.role.data),
            department_id=form.department_id.data or 0,
            order_number=form.order_number.data or "",
        )
        if appointment.person.password_hash is None:
            invitations.invite(session, **actor_now(), person=appointment.person)
        person_id = appointment.person_id
    flash(_("Recorded. The invitation is being sent."))
    if Role(form.role.data) in NEEDS_CONFIRMATION:
        flash(_("The appointment has no effect until another person has confirmed it."))
    if not _is_staff():
        return redirect(url_for("confirmation.index"))
    return redirect(url_for("people.show", person_id=person_id))


class _Details(TypedDict):
    """What the form says about the person."""

    name_mr: str
    name_en: str
    designation: str
    mail: str | None
    mobile: str | None


@routes.get("/people/<int:person_id>")
@allow_action(*RECORD_ACTIONS)
def show(person_id: int) -> Page:
    """Show a person with past and present appointments."""
    return person_page(Form(formdata=None), person_id)


@reads
def person_page(session: Session, /, form: Form, person_id: int, **_ids: int) -> str:
    """Render the page of a person, with what was refused on it."""
    person = get_person(session, person_id)
    contact_changes = contact_corrections.waiting(session, person_id=person_id)
    now = ctx.now()
    return render_template(
        "people/person.html",
        person=person,
        stops=stops.stops_of(session, person.appointments),
        messages=form.form_errors,
        may_disable=permissions.may_disable(session, actor(), person, now=now),
        may_record=permissions.may_record,
        hands_over=hand_over.AT_DEPARTMENT | hand_over.AT_CELL,
        may_rename=name_changes.may_rename(session, actor(), person, now=now),
        contact_changes=contact_changes,
        may_second=[
            change.id
            for change in contact_changes
            if contact_corrections.may_second(session, actor(), change, now=now)
        ],
        former_names=names.former_names(session, person),
        actor=actor(),
        disabling=appointments.find_disabling_event(session, person),
        own_absences=absences.list_absences(session, [person.id], now=ctx.now()),
        may_record_away=may(actor(), Action.RECORD_AWAY, None),
    )


def get_person(session: Session, person_id: int) -> Person:
    """Return the person with their appointments; raises `NotFound`."""
    with_appointments = selectinload(Person.appointments)
    options = (
        with_appointments.joinedload(Appointment.department),
        with_appointments.joinedload(Appointment.recorded_by),
        with_appointments.joinedload(Appointment.confirmed_by),
    )
    query = select(Person).where(Person.id == person_id).options(*options)
    return existing(session.scalars(query).one_or_none(), person_id)


@routes.post("/people/<int:person_id>/invite")
@allow_action(*RECORD_ACTIONS)
@handle_form(Form, shown_by=person_page)
def invite(_form: Form, person_id: int) -> Page:
    """Send a new invitation; the previous one becomes invalid."""
    with writing() as session:
        invitations.invite(session, **actor_now(), person=get_person(session, person_id))
    flash(_("The invitation is being sent."))
    return redirect(url_for("people.show", person_id=person_id))


@routes.post("/people/<int:person_id>/disable")
@allow_action(Action.DISABLE_PERSON)
@handle_form(Form, shown_by=person_page)
def disable(_form: Form, person_id: int) -> Page:
    """Disable a person's access at once."""
    with writing() as session:
        person = get_person(session, person_id)
        appointments.disable_person(session, **actor_now(), person=person)
        appointment_ids = [appointment.id for appointment in person.appointments]
    flash(_("Access closed. This person is now signed out everywhere."))
    in_flight.flash_for_approvals(appointment_ids)
    return redirect(url_for("people.show", person_id=person_id))


@routes.post("/people/<int:person_id>/enable")
@allow_action(Action.DISABLE_PERSON)
@handle_form(Form, shown_by=person_page)
def enable(_form: Form, person_id: int) -> Page:
    """Enable a person's access again."""
    with writing() as session:
        appointments.enable_person(session, **actor_now(), person=get_person(session, person_id))
    flash(_("The access is open again."))
    return redirect(url_for("people.show", person_id=person_id))


@routes.post("/people/<int:person_id>/appointments/<int:appointment_id>/end")
@allow_action(*RECORD_ACTIONS)
@handle_form(Form, shown_by=person_page)
def end(_form: Form, person_id: int, appointment_id: int) -> Page:
    """End an appointment now."""
    with writing() as session:
        offices = {office.id: office for office in get_person(session, person_id).appointments}
        appointment = existing(offices.get(appointment_id), appointment_id)
        hand_over.end_office(session, **actor_now(), appointment=appointment)
    flash(_("The appointment has ended."))
    in_flight.flash_for_approvals([appointment_id])
    return redirect(url_for("people.show", person_id=person_id))
