"""The PDF of a page as a file, or the sentence that says why there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from flask import Response, flash, redirect
from werkzeug import Response as AnyResponse

from publisher.i18n import dates
from publisher.papers.characters import CannotShape
from publisher.papers.pdf import NoImage, Paper, Paragraph, make_sender, write
from publisher.working_time import local_day
from web.core.context import ctx
from web.core.database import end_reading
from web.core.i18n import _, page_language

log = logging.getLogger("nagarvani.web")
MOST_ROWS = 2000
"""The most rows of a table on paper, about a hundred pages; the paper says that there are more."""


def filter_line(filters: Iterable[tuple[str, str]]) -> list[Paragraph]:
    """Return the line that says what was chosen, by label and value; none if everything was."""
    line = "; ".join(f"{label}: {value}" for label, value in filters if value)
    return [Paragraph(line)] if line else []


def pdf_file(paper: Paper, *, name: str, back: str, language: str = "") -> AnyResponse:
    """Return a paper dated today as a file; if that fails, redirect to `back` with the reason.

    Without a `language` it is in that of the page. The outward number is filled in by hand.
    """
    now, language = ctx.now(), language or page_language()
    today = dates.editable_day(local_day(now), language)

    def content() -> bytes:
        sender = make_sender(ctx.settings, language)
        number = "" if sender.outward_number else None
        dated = replace(paper, date=today, number=number)
        return write([dated], sender=sender, language=language, now=now)

    return file_of_pdf(content, name=name, back=back)


def file_of_pdf(make: Callable[[], bytes], *, name: str, back: str) -> AnyResponse:
    """Return what `make` returns as a file; if it fails, redirect to `back` with the reason."""
    end_reading()  # typesetting takes a second or two
    try:
        content = make()
    except CannotShape as refusal:
        flash(
            _(
                "The PDF cannot be made: its font has no letters for %(characters)s in “%(text)s”.",
                characters=" ".join(refusal.characters[:10]),
                text=refusal.text[:60],
            ),
            "amber",
        )
        return redirect(back)
    except NoImage as problem:
        log.warning("The letterhead %s is no picture that can be read", problem.path)
        flash(
            _(
                "The PDF cannot be made: the image of the letterhead cannot be read. Tell the "
                "person who runs this system."
            ),
            "amber",
        )
        return redirect(back)
    return download(content, name=f"{name}.pdf", kind="application/pdf")


def download(content: bytes, *, name: str, kind: str) -> Response:
    """Return content of this media type as a file for download that no cache stores."""
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(content, mimetype=kind, headers=headers)
