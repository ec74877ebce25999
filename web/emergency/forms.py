"""The form of the emergency lane: a template's blanks, whose word it is, and what was seen."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from wtforms import Field, HiddenField, RadioField, StringField

from approvals.emergency import BlankKind, Template, TemplateField
from publisher.delivery.emergency import placeholders
from publisher.delivery.emergency.publish import UseForm
from publisher.i18n.date_parsing import BadWhen, parse_when
from publisher.i18n.languages import number
from publisher.validation import FieldError, Invalid
from publisher.working_time import local
from web.core.i18n import _, _l, page_language
from web.forms import DayMonthYearField, Form, number_of, options
from web.messages.emergency import HOWS, blank_word

BLANKS, WORD, CONFIRM = "blanks", "word", "confirm"
STEPS = (BLANKS, WORD, CONFIRM)


class LaneForm(Form):
    """All steps in one form: each page shows its own part and carries the others along."""

    aliases = {"word_at": "day"}  # noqa: RUF012  read by the base class only

    step = HiddenField(default=BLANKS)
    token = HiddenField()
    seen_revision = HiddenField()
    seen_plan = HiddenField()
    word_name = StringField(_l("Name"))
    word_post = StringField(_l("Post"))
    word_how = RadioField(_l("How the word came"), validate_choice=False)
    day = DayMonthYearField(_l("When"))
    clock = StringField(_l("Time"))

    @property
    def blanks(self) -> list[Field]:
        """The fields of the blanks, in their order."""
        return [one for name, one in self._fields.items() if name.startswith("blank-")]

    @property
    def word(self) -> list[Field]:
        """The fields about whose word it rests on."""
        return [self.word_name, self.word_post, self.word_how, self.day, self.clock]

    def has_errors(self, fields: Iterable[Field]) -> bool:
        """Whether one of these fields has a problem."""
        return any(one.errors for one in fields)

    def carried(self, fields: Iterable[Field]) -> list[tuple[str, str]]:
        """What a page that does not show these fields carries along."""
        return [(one.name, value) for one in fields for value in _values_of(one)]


def _values_of(field: Field) -> list[str]:
    if isinstance(field, DayMonthYearField):
        return list(field.parts) if field.is_typed else []
    return [str(field.data)] if field.data else []


def make_form(template: Template) -> LaneForm:
    """The form for this template's blanks, filled with whatever was sent."""
    fields = {name: _field(blank, rules) for name, blank, rules in placeholders.fields_of(template)}
    made = type("FilledLaneForm", (LaneForm,), fields)
    form: LaneForm = made()
    form.word_how.choices = options((how, _(words)) for how, words in HOWS.items())
    if not form.token.data:
        form.token.data = secrets.token_urlsafe(24)
    return form


def _field(blank: TemplateField, tongue: str) -> Field:
    word = blank_word(blank.name)
    if blank.kind is BlankKind.CHOICE:
        at = 1 if page_language() == "en" else 0
        choices = options((str(n), pair[at]) for n, pair in enumerate(blank.choices))
        return RadioField(word, choices=choices, validate_choice=False)
    if tongue:
        word = (
            _("%(blank)s, in Marathi", blank=word)
            if tongue == "mr"
            else _("%(blank)s, in English", blank=word)
        )
    return StringField(word, description=_hint(blank))


def _hint(blank: TemplateField) -> str:
    """What may be typed, where the blank's name does not say it."""
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
    """The word came just now, where nothing else was typed."""
    if form.day.is_typed or form.clock.data:
        return
    here = local(now)
    form.day.data, form.clock.data = here.date(), f"{here:%H:%M}"


def read(form: LaneForm, template_id: int) -> UseForm:
    """What was typed, as the use case takes it; raises `Invalid` where the moment is none."""
    return UseForm(
        template_id=template_id,
        blank_texts={one.name: str(one.data or "") for one in form.blanks},
        word_name=form.word_name.data or "",
        word_post=form.word_post.data or "",
        word_at=_moment(form),
        word_how=form.word_how.data or "",
        seen_revision=number_of(form.seen_revision.data),
        seen_plan=form.seen_plan.data or "",
        token=form.token.data or "",
    )


def _moment(form: LaneForm) -> datetime | None:
    if not form.day.is_typed and not form.clock.data:
        return None
    try:
        return parse_when(form.day.typed, form.clock.data or "")
    except BadWhen as bad:
        field = "day" if bad.code.field == "date" else "clock"
        raise Invalid([FieldError(field, bad.code.value)]) from bad
