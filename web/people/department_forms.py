"""Forms for changes of departments, and what is read from them."""

from __future__ import annotations

from sqlalchemy.orm import Session
from wtforms import SelectField, StringField

from approvals.errors import NotAllowed
from publisher.operations.departments.close import StillOpen
from publisher.operations.departments.open_items import OpenItem
from publisher.people import department_orders
from publisher.people.department_orders import BadDepartment, DepartmentNames, DepartmentOrder
from publisher.people.departments import departments_in_force
from publisher.validation import Invalid
from publisher.working_time import local_day
from web.core.context import ctx
from web.core.i18n import _l
from web.forms import Form, department_options
from web.messages.field_errors import recording_problem
from web.moments.fields import DayField


class DepartmentOrderForm(Form):
    """The city's order for a change: its number, and the day from which it is in force."""

    in_force_on = DayField(_l("In force from"), default=lambda: local_day(ctx.now()))
    order_number = StringField(_l("Order number"))

    def refuse(self, refusal: Invalid | NotAllowed) -> int:
        """Show the problem at its field, or at the order number if the form has no such field.

        For `StillOpen` the page shows the open work itself.
        """
        if isinstance(refusal, StillOpen):
            self.refusal = refusal
            return 409
        if not isinstance(refusal, BadDepartment):
            return super().refuse(refusal)
        self.refusal = refusal
        field = self._fields.get(refusal.field, self.order_number)
        if not field.errors:  # an unreadable day has the field's own sentence already
            field.errors = [recording_problem(refusal)]
        return 422

    @property
    def open_items(self) -> tuple[OpenItem, ...]:
        """The open work that has to be settled before the department ends."""
        return self.refusal.open_items if isinstance(self.refusal, StillOpen) else ()


class DepartmentNamesForm(DepartmentOrderForm):
    """A department's name in three languages."""

    name_mr = StringField(_l("Name in Marathi"))
    name_en = StringField(_l("Name in English"))
    name_hi = StringField(_l("Name in Hindi"))


class NewDepartmentForm(DepartmentNamesForm):
    """A new department."""

    kind = SelectField(_l("Kind of department"), validate_choice=False)
    code = StringField(_l("Code in addresses"))
    other_id = SelectField(_l("Reports to"), validate_choice=False)


class OtherDepartmentForm(DepartmentOrderForm):
    """The other department: to report to, or to merge into."""

    other_id = SelectField(_l("Department"), validate_choice=False)


def read_order(form: DepartmentOrderForm) -> DepartmentOrder:
    """Return the typed order; raises `BadDepartment`."""
    form.validate()  # parses the day; any other field is checked by the change itself
    if form.in_force_on.errors:
        raise BadDepartment("in_force_on", "unreadable")
    return department_orders.read_order(form.order_number.data or "", form.in_force_on.data)


def read_names(form: DepartmentNamesForm) -> DepartmentNames:
    """Return the typed names, not checked yet."""
    return DepartmentNames(
        form.name_mr.data or "", form.name_en.data or "", form.name_hi.data or ""
    )


def offer_others(
    session: Session,
    form: NewDepartmentForm | OtherDepartmentForm,
    *,
    excluded_code: str,
    empty_label: str,
) -> None:
    """Set the choices: all departments in force except the excluded one, below an empty choice."""
    departments = departments_in_force(session, now=ctx.now())
    others = [department for department in departments if department.code != excluded_code]
    form.other_id.choices = department_options(others, empty_label=empty_label)
