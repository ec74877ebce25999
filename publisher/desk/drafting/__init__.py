"""Posts as the cell writes them: each save is a revision with its author, note and pictures."""

from __future__ import annotations

from publisher.desk.drafting.comparing import (
    Change,
    ChangeKind,
    Piece,
    PieceKind,
    changes,
    difference,
)
from publisher.desk.drafting.drafts import (
    Draft,
    Known,
    PictureDraft,
    PreparedDraft,
    PreparedPicture,
    PreparedVariant,
    VariantDraft,
)
from publisher.desk.drafting.fitting import link_left, pictures_out
from publisher.desk.drafting.graphemes import FinePiece, Run, finely, graphemes
from publisher.desk.drafting.joining import join, part
from publisher.desk.drafting.notes import notes_of, reads_notes, write_note
from publisher.desk.drafting.opening import close_draft, open_draft, others_at
from publisher.desk.drafting.preparing import known, prepare_pictures
from publisher.desk.drafting.proposing import (
    as_corrected,
    begun,
    draft_of,
    first_draft,
    sources_of,
)
from publisher.desk.drafting.reading import post_for, usable_accounts
from publisher.desk.drafting.restoring import restore
from publisher.desk.drafting.saving import save, start
from publisher.desk.drafting.writing import write_revision

__all__ = [
    "Change",
    "ChangeKind",
    "Draft",
    "FinePiece",
    "Known",
    "PictureDraft",
    "Piece",
    "PieceKind",
    "PreparedDraft",
    "PreparedPicture",
    "PreparedVariant",
    "Run",
    "VariantDraft",
    "as_corrected",
    "begun",
    "changes",
    "close_draft",
    "difference",
    "draft_of",
    "finely",
    "first_draft",
    "graphemes",
    "join",
    "known",
    "link_left",
    "notes_of",
    "open_draft",
    "others_at",
    "part",
    "pictures_out",
    "post_for",
    "prepare_pictures",
    "reads_notes",
    "restore",
    "save",
    "sources_of",
    "start",
    "usable_accounts",
    "write_note",
    "write_revision",
]
