"""The annex on paper, in the two columns of the circular."""

from __future__ import annotations

from itertools import zip_longest

from publisher.coverage.annex import HEADINGS, Annex
from publisher.papers.pdf import Paper, Table

_NO_ROW = ("", "")


def annex_paper(annex: Annex) -> Paper:
    """Return the annex as a paper in Marathi, under the circular's own sentence."""
    pairs = ((row.cells for row in half) for half in annex.halves)
    rows = [(*left, *right) for left, right in zip_longest(*pairs, fillvalue=_NO_ROW)]
    return Paper(annex.sentence, [Table((1.4, 7, 1.4, 7), rows, HEADINGS * 2)])
