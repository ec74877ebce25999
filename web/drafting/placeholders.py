"""The blanks of the texts in hand, each with a box to fill it in, language by language."""

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
from web.core.i18n import _
from web.core.state_badges import N_
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
    """A blank of the texts in one language: the name of its box, and what it is called."""

    blank: Placeholder
    language: Language
    name: str
    label: str


def shown(sheet: Sheet) -> list[ShownBlank]:
    """Every blank that still stands in a text, once for each language."""
    found = {
        (slot.language, blank.name): blank
        for slot in sheet.slots
        for blank in placeholders.blanks_in(sheet.form[slot.name].data or "")
    }
    return [
        ShownBlank(blank, language, _name(language, blank), _label(blank))
        for (language, _text), blank in found.items()
    ]


def _name(language: Language, blank: Placeholder) -> str:
    """A field's name that any letters survive in."""
    return f"blank_{language.value}_{blank.name.encode().hex()}"


def _label(blank: Placeholder) -> str:
    words = KNOWN.get(blank.name.lower())
    return f"{_(words)} – {blank.text}" if words else blank.text


def form_of(found: list[ShownBlank]) -> PlainForm:
    """The boxes, with whatever was typed into them and could not be put in yet."""
    fields = {one.name: StringField(one.label) for one in found}
    made = cast("type[PlainForm]", type("BlanksForm", (PlainForm,), fields))
    return made(request.form if request.method == "POST" else None)


def fill_in(sheet: Sheet) -> None:
    """Put what was typed into the boxes in the place of the blanks."""
    for slot in sheet.slots:
        field = sheet.form[slot.name]
        written = field.data or ""
        values = {
            one.name: request.form.get(_name(slot.language, one), "")
            for one in placeholders.blanks_in(written)
        }
        field.data = placeholders.fill(written, values)
