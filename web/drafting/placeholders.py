"""Blanks of the texts on the drafting form, each with a field to fill it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import request
from wtforms import Form as PlainForm
from wtforms import StringField

from publisher.content_checks import placeholders
from publisher.content_checks.placeholders import Placeholder
from publisher.models.posts import Language
from web.core.i18n import N_, _
from web.drafting.forms import Sheet

KNOWN: Mapping[str, str] = {
    "helpline": N_("Helpline"),
    "ward": N_("Ward"),
    "date": N_("Date"),
    "time": N_("Time"),
    "place": N_("Place"),
    "department": N_("Department"),
}


@dataclass(frozen=True)
class ShownBlank:
    """A blank of the texts in a language, with the name and label of its field."""

    blank: Placeholder
    language: Language
    name: str
    label: str


def blanks_in_sheet(sheet: Sheet) -> list[ShownBlank]:
    """Return every blank that a text still contains, once for each language."""
    blanks = {
        (slot.language, blank.name): blank
        for slot in sheet.slots
        for blank in placeholders.blanks_in(sheet.form[slot.name].data or "")
    }
    return [
        ShownBlank(blank, language, _name(language, blank), _label(blank))
        for (language, _text), blank in blanks.items()
    ]


def _name(language: Language, blank: Placeholder) -> str:
    # Hexadecimal, because a blank's name may contain any letters.
    return f"blank_{language.value}_{blank.name.encode().hex()}"


def _label(blank: Placeholder) -> str:
    label = KNOWN.get(blank.name.lower())
    return f"{_(label)} – {blank.text}" if label else blank.text


def blanks_form(blanks: list[ShownBlank]) -> PlainForm:
    """Return a form with a field for each blank, filled from the sent form."""
    fields = {blank.name: StringField(blank.label) for blank in blanks}
    form_class = cast("type[PlainForm]", type("BlanksForm", (PlainForm,), fields))
    return form_class(request.form if request.method == "POST" else None)


def fill_in(sheet: Sheet) -> None:
    """Replace the blanks of the texts by what was typed into their fields."""
    for slot in sheet.slots:
        field = sheet.form[slot.name]
        written = field.data or ""
        values = {
            blank.name: request.form.get(_name(slot.language, blank), "")
            for blank in placeholders.blanks_in(written)
        }
        field.data = placeholders.fill(written, values)
