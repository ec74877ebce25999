"""The form in which a head names two officers."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import HiddenField, RadioField, StringField

from publisher.nominations.named_officers import SLOTS, NamedOfficer, OfficersNamed
from publisher.validation import FieldError
from web.core.i18n import _, _l
from web.forms import Form, options
from web.messages.names import mobile_shown
from web.messages.nominations import CLASSES
from web.moments.fields import DayField

OFFICER_FIELDS = ("name_mr", "designation", "service_class", "mobile", "mail")
STATED = (
    *(f"{slot}_{field}" for slot in ("first", "second") for field in OFFICER_FIELDS),
    "order_number",
    "ordered_on",
)


def _class_field() -> RadioField:
    return RadioField(_l("Official or employee"), validate_choice=False)


class OfficersForm(Form):
    """Two people, the order that names them, and the code that verifies the head."""

    first_name_mr = StringField(_l("Name in Marathi"))
    first_designation = StringField(_l("Designation"))
    first_service_class = _class_field()
    first_mobile = StringField(_l("Mobile number"))
    first_mail = StringField(_l("Email address"))
    second_name_mr = StringField(_l("Name in Marathi"))
    second_designation = StringField(_l("Designation"))
    second_service_class = _class_field()
    second_mobile = StringField(_l("Mobile number"))
    second_mail = StringField(_l("Email address"))
    order_number = StringField(_l("Order number"))
    ordered_on = DayField(_l("Date of the order"), looks_back=True, confirms=False)
    code = StringField(_l("Code"))
    digest = HiddenField()

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        for field in (self.first_service_class, self.second_service_class):
            field.choices = options((value or "", _(label)) for value, label in CLASSES.items())
        for slot, officer in (("first", _("First officer")), ("second", _("Second officer"))):
            for name in OFFICER_FIELDS:
                label = self[f"{slot}_{name}"].label
                label.text = f"{officer}: {label.text}"

    @property
    def is_wrong(self) -> bool:
        """True if a field of what was stated has an error."""
        return any(self[name].errors for name in STATED)

    def named(self) -> OfficersNamed:
        """Return what was typed; an unreadable day counts as missing."""
        return OfficersNamed(
            self._officer("first"),
            self._officer("second"),
            self.order_number.data or "",
            self.ordered_on.data,
        )

    def show(self, problems: Iterable[FieldError]) -> None:
        """Show the problems; an unreadable day is reported as such, not as missing."""
        day_problem = self.ordered_on.problem
        super().show(
            day_problem if day_problem is not None and problem.field == "ordered_on" else problem
            for problem in problems
        )

    def fill(self, named: OfficersNamed) -> None:
        """Show the two officers as they will be stored, so that each can be checked."""
        for slot, officer in zip(SLOTS, (named.first, named.second), strict=True):
            for field in OFFICER_FIELDS:
                self[f"{slot}_{field}"].data = getattr(officer, field)
            self[f"{slot}_mobile"].data = mobile_shown(officer.mobile)

    def _officer(self, slot: str) -> NamedOfficer:
        texts = {field: self[f"{slot}_{field}"].data or "" for field in OFFICER_FIELDS}
        return NamedOfficer(**texts)

    def stated(self) -> list[tuple[str, str]]:
        """Return names and values of what was typed, to be carried by the next page."""
        pairs = [(name, self[name].data or "") for name in STATED if name != "ordered_on"]
        return [*pairs, ("ordered_on", self.ordered_on.typed)]
