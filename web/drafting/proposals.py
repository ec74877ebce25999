"""What the submissions mention, as buttons beside the fields of the draft that it could fill.

A press fills the field of the form and saves nothing, as if the person had typed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from publisher.content_checks.mentions import MentionKind
from publisher.drafting import prefill
from publisher.drafting.proposals import KINDS_OF_BLANKS, Proposal, proposals_of
from publisher.i18n import dates
from publisher.models.posts import Post
from web.core.context import ctx
from web.core.i18n import N_, page_language
from web.drafting.forms import Sheet
from web.drafting.placeholders import USE, ShownBlank, pressed_proposal

MOST_AT_A_FIELD = 3
LABELS: Mapping[MentionKind, str] = {
    MentionKind.DATE: N_("Date"),
    MentionKind.TIME: N_("Time"),
    MentionKind.PLACE: N_("Place"),
    MentionKind.HELPLINE: N_("Helpline"),
}


class ProposalButton(NamedTuple):
    """A button that fills a field with `text`, and the passage that says why."""

    value: str
    text: str
    proposal: Proposal


def fill_in_day(sheet: Sheet) -> None:
    """Write a proposed last day into its field."""
    field, text = pressed_proposal()
    if field == sheet.form.not_after.name:
        sheet.form.not_after.retype(text)


def shown(post: Post, sheet: Sheet, blanks: Sequence[ShownBlank]) -> dict[str, object]:
    """Return what the page shows: all proposals, and the buttons by the name of their field."""
    proposals = proposals_of(prefill.sources_of(post), now=ctx.now())
    not_after = sheet.form.not_after
    buttons = {blank.name: _for_blank(blank, proposals) for blank in blanks}
    if not_after.data is None:
        buttons[not_after.name] = _for_last_day(not_after.name, proposals)
    return {"proposals": proposals, "proposal_buttons_at": buttons, "proposal_labels": LABELS}


def _for_blank(blank: ShownBlank, proposals: Sequence[Proposal]) -> list[ProposalButton]:
    kind = KINDS_OF_BLANKS.get(blank.blank.lower())
    fitting = [proposal for proposal in proposals if proposal.mention.kind is kind]
    return [
        _button(blank.name, proposal.text_in(blank.language), proposal)
        for proposal in fitting[:MOST_AT_A_FIELD]
    ]


def _for_last_day(field: str, proposals: Sequence[Proposal]) -> list[ProposalButton]:
    """Return a button for each last day of a date that is mentioned."""
    by_day: dict[date, Proposal] = {}
    for proposal in proposals:
        if proposal.mention.kind is MentionKind.DATE and proposal.mention.last_day is not None:
            by_day.setdefault(proposal.mention.last_day, proposal)
    return [
        _button(field, dates.editable_day(day, page_language()), by_day[day])
        for day in sorted(by_day)[:MOST_AT_A_FIELD]
    ]


def _button(field: str, text: str, proposal: Proposal) -> ProposalButton:
    return ProposalButton(f"{USE}:{field}:{text}", text, proposal)
