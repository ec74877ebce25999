"""What the forms of people offer if somebody already has the typed mail address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import flash, request
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.policy import Role
from publisher.auth.contact_details import BadPerson
from publisher.models.people import Department, Person
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import missing_codes
from publisher.people import invitations, shared_addresses
from publisher.people.permissions import may_record, standing
from web.core.auth import actor, actor_now, writing
from web.core.context import ctx
from web.core.i18n import _, _l
from web.forms import Form, number_of
from web.messages.names import department_name


class AddressForm(Form):
    """A form with a mail address that somebody may already have."""

    mail = StringField(_l("Email address"))

    @property
    def holders(self) -> list[Mapping[str, object]]:
        """The holders of what was typed: `person_id` and `name` of each."""
        if not isinstance(self.refusal, BadPerson):
            return []
        problems = (self.refusal, *self.refusal.others)
        return [bad.values for bad in problems if "person_id" in bad.values]


def sms_problem() -> str:
    """Return the code of why people without mail get no invitation by SMS; "" if they do."""
    if not ctx.settings.sms.is_set:
        return "no_sms"
    return "no_sms_text" if NoticeKind.INVITATION in missing_codes(ctx.settings.sms) else ""


def is_to_be_invited(session: Session, person: Person) -> bool:
    """Return True for somebody in office without a password, whose earlier invitation is void."""
    is_new = person.password_hash is None and person.disabled_at is None
    return is_new and bool(standing(session, person_id=person.id, now=ctx.now()))


def find_choices(
    session: Session, form: AddressForm, departments: Iterable[Department]
) -> list[Department]:
    """Return the departments whose shared address the refused mail address may become."""
    holder = shared_addresses.find_holder(session, form.mail.data or "")
    is_named = holder is not None and any(named["person_id"] == holder.id for named in form.holders)
    if not is_named or read_choice():
        return []
    return [row for row in departments if may_record(actor(), Role.HEAD, row.id)]


def read_choice() -> int:
    """Return the department of the pressed button "it is the department's"; 0 if it was not."""
    return number_of(request.form.get("shared_by"))


def make_shared(form: AddressForm) -> None:
    """Make the mail address the chosen department's, and remove it from the person who has it.

    Somebody who was invited there and has no password yet is invited by SMS. Raises as `take_over`.
    """
    with writing() as session:
        holder = shared_addresses.take_from_person(
            session,
            **actor_now(),
            department_id=read_choice(),
            mail_text=form.mail.data or "",
        )
        if holder is not None and sms_problem():
            raise shared_addresses.only_channel(holder)  # nothing could be sent to the mobile
        if holder is not None and is_to_be_invited(session, holder):
            invitations.invite(session, **actor_now(), person=holder)
        name = department_name(session.get_one(Department, read_choice()))
    flash(
        _(
            "%(mail)s is now the shared address of %(department)s, not a person’s own.",
            mail=form.mail.data,
            department=name,
        )
    )
