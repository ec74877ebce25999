"""The forms of the look book: a field of each kind, filled, empty and with an error."""

from __future__ import annotations

from datetime import date, time

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from publisher.i18n import dates
from publisher.working_time import from_local
from web.forms import options
from web.moments.fields import DayField, MomentField

KINDS = [
    ("scheme", "योजना"),
    ("project", "प्रकल्प"),
    ("event", "कार्यक्रम"),
    ("public_notice", "जाहीर प्रकटन / सूचना"),
    ("measure", "उपाययोजना"),
    ("press_note", "प्रेसनोट"),
    ("other", "इतर"),
]
TIMES = [("09:00", "सकाळी ९:००"), ("18:00", "सायं. ६:००")]

ACCOUNTS = [("x", "एक्स (X)"), ("fb", "फेसबुक")]


class SignInForm(FlaskForm):
    """A form with a mail address or mobile number, and a password."""

    name = StringField("ईमेल पत्ता किंवा मोबाइल क्रमांक", [InputRequired()])
    password = PasswordField("पासवर्ड", [InputRequired()])


class LookMomentField(MomentField):
    """A moment in an application that has no time and no server to ask."""

    query = "#understood"

    def _in_words(self, value: date) -> str:
        return dates.full_date(value, "mr")


class LookDayField(DayField):
    """A day in an application that has no time and no server to ask."""

    query = "#understood"

    def _in_words(self, value: date) -> str:
        return dates.full_date(value, "mr")


class HandInForm(FlaskForm):
    """A submission's form, with a field of every kind."""

    secret = HiddenField()
    kind = RadioField("माहितीचा प्रकार", [InputRequired()], choices=options(KINDS))
    title = StringField("शीर्षक", [InputRequired()])
    text_mr = TextAreaField("मराठी मजकूर", [InputRequired()])
    text_en = TextAreaField("English text")
    photos = FileField("फोटो")
    wished_at = LookMomentField("प्रसिद्धीची अपेक्षित वेळ")
    useful_until = LookDayField("माहिती उपयुक्त राहण्याची अंतिम तारीख")
    place = SelectField("परिसर", choices=options([("", "निवडा"), ("kharadi", "खराडी")]))
    accounts = SelectMultipleField("सोशल मिडिया खाते", choices=options(ACCOUNTS))
    urgent = BooleanField("तातडीचे")
    outward = StringField("जावक क्रमांक")


def hand_in(*, with_errors: bool) -> HandInForm:
    """Return a filled form; if `with_errors`, each kind of field has an error."""
    form = HandInForm(
        formdata=None,
        kind="public_notice",
        title="हिवाळ्यात उद्यानांच्या वेळेत बदल",
        text_mr="पुणे महानगरपालिकेच्या उद्यान विभागामार्फत कळविण्यात येते की, हिवाळ्यानिमित्त "
        "दि. १ डिसेंबर २०२६ पासून सर्व उद्याने सकाळी ६:३० ते १०:३० व सायंकाळी ४:०० ते ८:०० "
        "या वेळेत नागरिकांसाठी खुली राहतील.",
        text_en="Municipal gardens keep winter hours from 1 December.",
        wished_at=from_local(date(2026, 11, 24), time(9)),
        useful_until=date(2026, 12, 31),
        outward="उद्यान/प्रसिद्धी/३०७",
    )
    if with_errors:
        _add_errors(form)
    return form


def _add_errors(form: HandInForm) -> None:
    for name, field in form._fields.items():
        if name not in {"secret", "csrf_token"}:
            field.errors = [f"{field.label.text}: एक दुरुस्ती करावी."]
    form.wished_at.errors = ["प्रसिद्धीची अपेक्षित वेळ उलटून गेली आहे. यापुढील तारीख व वेळ लिहा."]
