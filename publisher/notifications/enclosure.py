"""The texts of a revision in the body of a mail to one of its approvers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from publisher.notifications import links

_NO_TEXTS: Final = re.compile(rf"\n*{links.TEXTS}\n*")


@dataclass(frozen=True)
class Enclosure:
    """The texts of a revision in a mail to one of its approvers.

    `path` is the review's, under which an answer to the mail is filed: the mail's own link is
    personal.
    """

    revision_id: int
    text: str
    path: str


def insert_texts(body: str, enclosure: Enclosure | None) -> str:
    """Return the body with the texts, exactly as they are, where its template has them."""
    if enclosure is None:
        return _NO_TEXTS.sub("\n\n", body)
    text = links.remove_marks(enclosure.text)
    return body.replace(links.TEXTS, f"{links.TEXTS}{text}{links.TEXTS}")
