"""Responses to requests that did not arrive as they should."""

from __future__ import annotations

import html

from waitress.task import ErrorTask

from publisher.i18n.catalogues import translate
from publisher.i18n.languages import LANGUAGES
from publisher.settings.logs import request_id
from web.core.access_log import log_unread
from web.core.i18n import N_

TOO_SLOW = N_("Your files took too long to arrive. Nothing was saved. Try again.")
TOO_MANY = N_(
    "Too many large files are arriving at the moment. Nothing was saved. Try again in a few "
    "minutes."
)


class ArrivalError:
    """The response to a request that did not arrive: a sentence in three languages."""

    def __init__(self, status: str, sentence: str) -> None:
        self.status = status
        self.sentence = sentence

    def to_response(self, _ident: str | None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return the status, the headers and the body, as waitress expects them."""
        paragraphs = (
            f'<p lang="{language}">{html.escape(translate(self.sentence, language))}</p>'
            for language in LANGUAGES
        )
        page = f'<!doctype html><meta charset="utf-8"><title>{self.status}</title>' + "".join(
            paragraphs
        )
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
        return self.status, headers, page.encode()


class RefusalTask(ErrorTask):
    """Answers a request that did not arrive as it should, and logs it."""

    def execute(self) -> None:
        """Answer, and log it."""
        request_id.set("")  # that of an earlier request in this thread
        super().execute()
        log_unread(
            address=str(self.channel.addr[0] if self.channel.addr else "-"),
            method=getattr(self.request, "command", "") or "-",
            status=self.status,
            size=self.content_length,
        )
