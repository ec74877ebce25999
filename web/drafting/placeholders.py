"""Blanks of the texts on the drafting form, each with a field and what is proposed for it.

Pressing a proposal fills the form without saving, as if the person had typed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, cast

from flask import request
from wtforms import Form as PlainForm
from wtforms import StringField

from approvals.placeholders import blank_names, fill, format_blank
from publisher.content_checks.last_day import find_last_day
from publisher.content_checks.mentions import MentionKind
from publisher.drafting import prefill
from publisher.drafting.proposals import KINDS_OF_BLANKS, Proposal, make_proposals
from publisher.i18n import dates
from publisher.models.posts import Language, Post
from web.core.context import ctx
from web.core.i18n import N_, _, page_language
from web.drafting.forms import Sheet

KNOWN: Mapping[str, str] = {
    "helpline": N_("Helpline"),
    "ward": N_("Ward"),
    "date": N_("Date"),
    "time": N_("Time"),
    "place": N_("Place"),
    "department": N_("Department"),
}


MOST_AT_A_FIELD = 3
LABELS: Mapping[MentionKind, str] = {
    MentionKind.DATE: N_("Date"),
    MentionKind.TIME: N_("Time"),
    MentionKind.PLACE: N_("Place"),
    MentionKind.HELPLINE: N_("Helpline"),
}
USE: Final = "use"
"""The beginning of the value of a proposal's button: `use:FIELD:TEXT`."""


class PressedProposal(NamedTuple):
    """The field and the text of a proposal's button; both empty if none was pressed."""

    field: str = ""
    text: str = ""


class ProposalButton(NamedTuple):
    """A button that fills a field with `text`, and the passage that says why."""

    value: str
    text: str
    proposal: Proposal


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
        for name in blank_names(sheet.form[slot.name].data or "")
    )
    return [
        ShownBlank(language, name, _field(language, name), _label(name)) for language, name in names
    ]


def _field(language: Language, name: str) -> str:
    # Hexadecimal, because a blank's name may contain any letters.
    return f"blank_{language.value}_{name.encode().hex()}"


def _label(name: str) -> str:
    label = KNOWN.get(name.lower())
    return f"{_(label)} – {format_blank(name)}" if label else format_blank(name)


def blanks_form(blanks: list[ShownBlank]) -> PlainForm:
    """Return a form with a field for each blank, filled from the sent form."""
    fields = {blank.name: StringField(blank.label) for blank in blanks}
    form_class = cast("type[PlainForm]", type("BlanksForm", (PlainForm,), fields))
    return form_class(request.form if request.method == "POST" else None)


def find_pressed_proposal() -> PressedProposal:
    """Return the proposal whose button was pressed."""
    button, *field_and_text = request.form.get("then", "").split(":", 2)
    is_pressed = button == USE and len(field_and_text) == len(PressedProposal._fields)
    return PressedProposal(*field_and_text) if is_pressed else PressedProposal()


def fill_in(sheet: Sheet) -> None:
    """Replace the blanks in the texts with what was typed or proposed for their fields."""
    pressed = find_pressed_proposal()
    values_by_field = {**request.form, pressed.field: pressed.text}
    for slot in sheet.slots:
        field = sheet.form[slot.name]
        text = field.data or ""
        values = {
            name: values_by_field.get(_field(slot.language, name), "") for name in blank_names(text)
        }
        field.data = fill(text, values)


def fill_in_day(sheet: Sheet) -> None:
    """Write a proposed last day into its field."""
    field, text = find_pressed_proposal()
    if field == sheet.form.not_after.name:
        sheet.form.not_after.retype(text)


def proposals_shown(post: Post, sheet: Sheet, blanks: Sequence[ShownBlank]) -> dict[str, object]:
    """Return what the page shows: all proposals, and the buttons by the name of their field."""
    proposals = make_proposals(prefill.list_sources(post), now=ctx.now())
    not_after = sheet.form.not_after
    buttons = {blank.name: _proposals_for_blank(blank, proposals) for blank in blanks}
    if not_after.data is None:
        by_day: dict[date, Proposal] = {}
        for proposal in proposals:
            if proposal.mention.kind is MentionKind.DATE and proposal.mention.last_day is not None:
                by_day.setdefault(proposal.mention.last_day, proposal)
        buttons[not_after.name] = [
            _button(not_after.name, dates.editable_day(day, page_language()), by_day[day])
            for day in sorted(by_day)[:MOST_AT_A_FIELD]
        ]
    texts = [sheet.form[slot.name].data or "" for slot in sheet.slots]
    return {
        "proposals": proposals,
        "proposal_buttons_at": buttons,
        "proposal_labels": LABELS,
        "last_day": find_last_day(post, texts, now=ctx.now()),
    }


def _proposals_for_blank(blank: ShownBlank, proposals: Sequence[Proposal]) -> list[ProposalButton]:
    kind = KINDS_OF_BLANKS.get(blank.blank.lower())
    fitting = [proposal for proposal in proposals if proposal.mention.kind is kind]
    return [
        _button(blank.name, proposal.text_in(blank.language), proposal)
        for proposal in fitting[:MOST_AT_A_FIELD]
    ]


def _button(field: str, text: str, proposal: Proposal) -> ProposalButton:
    return ProposalButton(f"{USE}:{field}:{text}", text, proposal)
