"""Blanks of the texts on the drafting form, each with a field to fill it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from flask import request
from wtforms import Form as PlainForm
from wtforms import StringField

from approvals.placeholders import fill, in_braces, names_in
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


USE: Final = "use"
"""How the value of a proposal's button begins: `use:FIELD:TEXT`."""


class PressedProposal(NamedTuple):
    """The field and the text of a proposal's button; both empty if none was pressed."""

    field: str = ""
    text: str = ""


@dataclass(frozen=True)
class ShownBlank:
    """A blank of the texts in a language; `name` and `label` are those of its field."""

    language: Language
    blank: str
    name: str
    label: str


def blanks_in_sheet(sheet: Sheet) -> list[ShownBlank]:
    """Return every blank that a text still contains, once for each language."""
    names = dict.fromkeys(
        (slot.language, name)
        for slot in sheet.slots
        for name in names_in(sheet.form[slot.name].data or "")
    )
    return [
        ShownBlank(language, name, _field(language, name), _label(name)) for language, name in names
    ]


def _field(language: Language, name: str) -> str:
    # Hexadecimal, because a blank's name may contain any letters.
    return f"blank_{language.value}_{name.encode().hex()}"


def _label(name: str) -> str:
    label = KNOWN.get(name.lower())
    return f"{_(label)} – {in_braces(name)}" if label else in_braces(name)


def blanks_form(blanks: list[ShownBlank]) -> PlainForm:
    """Return a form with a field for each blank, filled from the sent form."""
    fields = {blank.name: StringField(blank.label) for blank in blanks}
    form_class = cast("type[PlainForm]", type("BlanksForm", (PlainForm,), fields))
    return form_class(request.form if request.method == "POST" else None)


def pressed_proposal() -> PressedProposal:
    """Return the proposal whose button was pressed."""
    button, *field_and_text = request.form.get("then", "").split(":", 2)
    is_pressed = button == USE and len(field_and_text) == len(PressedProposal._fields)
    return PressedProposal(*field_and_text) if is_pressed else PressedProposal()


def fill_in(sheet: Sheet) -> None:
    """Replace the blanks of the texts by what was typed or proposed for their fields."""
    pressed = pressed_proposal()
    values_by_field = {**request.form, pressed.field: pressed.text}
    for slot in sheet.slots:
        field = sheet.form[slot.name]
        text = field.data or ""
        values = {
            name: values_by_field.get(_field(slot.language, name), "") for name in names_in(text)
        }
        field.data = fill(text, values)
