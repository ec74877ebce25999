"""CSV files that spreadsheets open, with no cell that they read as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from flask import stream_with_context
from werkzeug import Response

from publisher.working_time import local
from web.core.context import ctx
from web.core.i18n import _

BOM = "\ufeff"
"""Excel reads a CSV file as UTF-8 only if it begins with this byte order mark."""
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_response(name: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Response:
    """Return a streamed CSV file; `headings` are msgids, and today's date is added to `name`."""
    file_name = f"{name}-{local(ctx.now()):%Y-%m-%d}.csv"
    response = Response(stream_with_context(_csv_lines(headings, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={file_name}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _csv_lines(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield BOM + _csv_line(_(heading) for heading in headings)
    for row in rows:
        yield _csv_line(defuse(cell) for cell in row)


def _csv_line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def defuse(cell: str) -> str:
    """Return the cell, prefixed with an apostrophe if a spreadsheet would read it as a formula."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_STARTS_A_FORMULA) else cell
