"""Posts as the cell writes them: each save is a revision with its author, note and pictures."""

from __future__ import annotations

from publisher.desk.drafting.comparing import Change, ChangeKind, Piece, PieceKind, changes
from publisher.desk.drafting.drafts import (
    Draft,
    Known,
    PictureDraft,
    PreparedDraft,
    PreparedPicture,
    PreparedVariant,
    VariantDraft,
)
from publisher.desk.drafting.preparing import known, prepare_pictures
from publisher.desk.drafting.proposing import draft_of, first_draft, warnings
from publisher.desk.drafting.reading import post_for, usable_accounts
from publisher.desk.drafting.saving import save, start
from publisher.desk.drafting.writing import write_revision

__all__ = [
    "Change",
    "ChangeKind",
    "Draft",
    "Known",
    "PictureDraft",
    "Piece",
    "PieceKind",
    "PreparedDraft",
    "PreparedPicture",
    "PreparedVariant",
    "VariantDraft",
    "changes",
    "draft_of",
    "first_draft",
    "known",
    "post_for",
    "prepare_pictures",
    "save",
    "start",
    "usable_accounts",
    "warnings",
    "write_revision",
]
