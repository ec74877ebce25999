"""The form of an emergency publication: blanks, the instruction, and the confirmation."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from wtforms import Field, HiddenField, RadioField, StringField

from approvals.emergency import BlankKind, Template, TemplateField
from publisher.content_checks import placeholder_values
from publisher.emergency.publish import UseForm
from publisher.i18n.languages import number
from publisher.validation import Invalid
from publisher.working_time import ONE_DAY, local_day
from web.core.context import ctx
from web.core.i18n import _, _l, page_language
from web.forms import Form, number_of, options
from web.messages.emergency import HOWS, blank_word
from web.moments.fields import MomentField

BLANKS, WORD, CONFIRM = "blanks", "word", "confirm"
STEPS = (BLANKS, WORD, CONFIRM)
DAYS_OFFERED = 4


class LaneForm(Form):
    """All steps in one form: each page shows its own fields and carries the others hidden."""

    step = HiddenField(default=BLANKS)
    token = HiddenField()
    seen_revision = HiddenField()
    seen_plan = HiddenField()
    word_name = StringField(_l("Name"))
    word_post = StringField(_l("Office held"))
    word_how = RadioField(_l("How you were told"), validate_choice=False)
    word_at = MomentField(_l("When"), looks_back=True)

    @property
    def blanks(self) -> list[Field]:
        """The fields of the template's blanks, in their order."""
        return [field for name, field in self._fields.items() if name.startswith("blank-")]

    @property
    def word(self) -> list[Field]:
        """The fields of the instruction: who gave it, how and when."""
        return [self.word_name, self.word_post, self.word_how, self.word_at]

    def has_errors(self, fields: Iterable[Field]) -> bool:
        """Return True if one of these fields has errors."""
        return any(field.errors for field in fields)

    def carried(self, fields: Iterable[Field]) -> list[tuple[str, str]]:
        """Return names and values of these fields, for a page that carries them hidden."""
        return [pair for field in fields for pair in _field_values(field)]


def _field_values(field: Field) -> list[tuple[str, str]]:
    if isinstance(field, MomentField):
        return [(field.name, field.typed), (field.mark_name, field.mark)] if field.typed else []
    return [(field.name, str(field.data))] if field.data else []


def make_form(template: Template) -> LaneForm:
    """Return the form with the template's blanks, filled from the request."""
    fields = {
        name: _field(blank, language)
        for name, blank, language in placeholder_values.form_fields(template)
    }
    form_class = type("FilledLaneForm", (LaneForm,), fields)
    form: LaneForm = form_class()
    form.word_how.choices = options((how, _(label)) for how, label in HOWS.items())
    if not form.token.data:
        form.token.data = secrets.token_urlsafe(24)
    return form


def _field(blank: TemplateField, language: str) -> Field:
    label = blank_word(blank.name)
    if blank.kind is BlankKind.CHOICE:
        at = 1 if page_language() == "en" else 0
        choices = options((str(n), pair[at]) for n, pair in enumerate(blank.choices))
        return RadioField(label, choices=choices, validate_choice=False)
    if blank.kind is BlankKind.DATE:
        now = ctx.now()
        days = [local_day(now) + n * ONE_DAY for n in range(DAYS_OFFERED)]
        return RadioField(
            label,
            choices=options(
                (day.isoformat(), placeholder_values.date_text(day, page_language(), now=now))
                for day in days
            ),
            validate_choice=False,
        )
    if language:
        label = (
            _("%(blank)s, in Marathi", blank=label)
            if language == "mr"
            else _("%(blank)s, in English", blank=label)
        )
    return StringField(label, description=_hint(blank))


def _hint(blank: TemplateField) -> str:
    """Return a hint on the format of a blank; empty if its name is enough."""
    match blank.kind:
        case BlankKind.TIME:
            return _("Time in India, for example 17:30.")
        case BlankKind.HELPLINE:
            return _("For example 020-5550-0108 or 101.")
        case BlankKind.PLACE:
            return _("At most %(most)s letters.", most=number(blank.most, page_language()))
        case _:
            return ""


def begin_word(form: LaneForm, now: datetime) -> None:
    """Fill the time of the instruction with `now`, unless a time was typed."""
    if not form.word_at.typed:
        form.word_at.fill(now)


def read(form: LaneForm, template_id: int) -> UseForm:
    """Read the form for the use case; raises `Invalid` if its time cannot be parsed."""
    if form.word_at.problem is not None:
        raise Invalid([form.word_at.problem])
    return UseForm(
        template_id=template_id,
        blank_texts={blank.name: str(blank.data or "") for blank in form.blanks},
        word_name=form.word_name.data or "",
        word_post=form.word_post.data or "",
        word_at=form.word_at.data,
        word_how=form.word_how.data or "",
        seen_revision=number_of(form.seen_revision.data),
        seen_plan=form.seen_plan.data or "",
        token=form.token.data or "",
    )
