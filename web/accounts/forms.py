"""The form for an account's name, owner, purpose, users and daily cap."""

from __future__ import annotations

from sqlalchemy.orm import Session
from wtforms import SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional, ValidationError

from publisher.delivery.accounts.manage import AccountSettings
from publisher.models.deliveries import Account
from publisher.people.departments import departments_in_force
from web.core.context import ctx
from web.core.i18n import _l
from web.forms import Form, WholeNumberField, department_options, key_of


class OwnerField(SelectField):
    """A department to choose; the error for any other input is translated."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the department's id."""
        try:
            super().process_formdata(valuelist)
        except ValueError as problem:
            raise ValueError(_l("Choose a department from the list.")) from problem

    def pre_validate(self, form: object) -> None:
        """Raise ValidationError unless the department is one of the choices."""
        if self.data not in {key_of(value) for value, *_rest in self.iter_choices()}:
            raise ValidationError(_l("Choose a department from the list."))


class AccountForm(Form):
    """Our own settings of an account."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Write the name of the account."))])
    department_id = OwnerField(_l("Owner"), coerce=key_of, choices=[])
    purpose = TextAreaField(_l("Purpose"))
    open_to = SelectMultipleField(_l("Only these departments"), coerce=key_of, choices=[])
    daily_cap = WholeNumberField(_l("Most publications in 24 hours"), validators=[Optional()])

    def choice(self) -> AccountSettings:
        """Return the settings that were filled in."""
        return AccountSettings(
            name=self.name.data or "",
            department_id=self.department_id.data,
            purpose=self.purpose.data or "",
            open_to=tuple(self.open_to.data or ()),
            daily_cap=self.daily_cap.data,
        )


def account_form(
    session: Session, account: Account | None, *, name: str = "", owner_id: int = 0
) -> AccountForm:
    """Return the submitted form, or one filled with the account's settings."""
    account_departments = [] if account is None else [account.department, *account.open_to]
    departments = {
        department.id: department
        for department in (*departments_in_force(session, now=ctx.now()), *account_departments)
    }
    defaults = (
        {"name": name, "department_id": owner_id}
        if account is None
        else {
            "name": account.name,
            "department_id": account.department_id,
            "purpose": account.purpose,
            "open_to": [department.id for department in account.open_to],
            "daily_cap": account.daily_cap,
        }
    )
    form = AccountForm(data=defaults)
    form.department_id.choices = form.open_to.choices = department_options(departments.values())
    return form
