"""Refuse to review a post whose texts still have blanks like {helpline}."""

from __future__ import annotations

from approvals.placeholders import blank_names, format_blank
from publisher.models.posts import Revision
from publisher.validation import Validator


def check_filled(revision: Revision) -> None:
    """Raise `Invalid` if a text or a description of this revision still has blanks."""
    validator = Validator()
    for index, variant in enumerate(revision.variants):
        _check_text(validator, f"variants-{index}-text", variant.text)
        for picture_index, rendition in enumerate(variant.renditions):
            field = f"variants-{index}-pictures-{picture_index}-alt_text"
            _check_text(validator, field, rendition.alt_text)
    validator.finish()


def _check_text(validator: Validator, field: str, text: str) -> None:
    if names := blank_names(text):
        validator.add(field, "blank_left", blanks=", ".join(map(format_blank, names)))
