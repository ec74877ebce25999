"""The annex on paper, in the two columns of the circular."""

from __future__ import annotations

from itertools import zip_longest

from publisher.coverage.annex import HEADINGS, Annex
from publisher.papers.pdf import Paper, Paragraph, Table

_NO_ROW = ("", "")
_OF_A_LINE = "केवळ {office} यांच्या देखरेखीखालील विभाग."


def annex_paper(annex: Annex, *, office: str = "") -> Paper:
    """Return the annex as a paper in Marathi, under the circular's own sentence.

    If it covers only the departments that an office oversees, `office` is its Marathi name.
    """
    pairs = ((row.cells for row in half) for half in annex.halves)
    rows = [(*left, *right) for left, right in zip_longest(*pairs, fillvalue=_NO_ROW)]
    table = Table((1.4, 7, 1.4, 7), rows, HEADINGS * 2, dense=True)
    note = [Paragraph(_OF_A_LINE.format(office=office))] if office else []
    return Paper(annex.sentence, [*note, table])
