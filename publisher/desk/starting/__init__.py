"""Starting texts, signature lines and hashtags: kept by the cell, put into a draft, filled in."""

from __future__ import annotations

from publisher.desk.starting.blanks import Blank, blanks_in, check_filled, fill, unfilled
from publisher.desk.starting.composing import (
    Closings,
    begun_with,
    closed_with,
    closings,
    in_language,
)
from publisher.desk.starting.keeping import TextForm, change, end, make
from publisher.desk.starting.looking import (
    Entry,
    every_text,
    history_of,
    suited,
    text_of,
)

__all__ = [
    "Blank",
    "Closings",
    "Entry",
    "TextForm",
    "begun_with",
    "blanks_in",
    "change",
    "check_filled",
    "closed_with",
    "closings",
    "end",
    "every_text",
    "fill",
    "history_of",
    "in_language",
    "make",
    "suited",
    "text_of",
    "unfilled",
]
