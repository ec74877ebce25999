"""Propose for a draft what its submissions mention, each with the passage that mentions it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from publisher.content_checks.mentions import Mention, MentionKind, find_mentions
from publisher.drafting.prefill import submission_texts
from publisher.models.posts import Language
from publisher.models.submissions import Submission

AROUND = 40
"""How many code points of the text are shown before and after what is proposed."""

KINDS_OF_BLANKS: Mapping[str, MentionKind] = {
    "helpline": MentionKind.HELPLINE,
    "ward": MentionKind.PLACE,
    "place": MentionKind.PLACE,
    "date": MentionKind.DATE,
    "time": MentionKind.TIME,
}
"""What may fill a blank, by the blank's name in lower case."""


@dataclass(frozen=True)
class Proposal:
    """A mention with the submission's words before it, its own, and those after it.

    `language` is that of the submission's text.
    """

    mention: Mention
    language: Language
    before: str
    written: str
    after: str

    def text_in(self, language: Language) -> str:
        """Return what is proposed for a text in this language; mixed texts are read as Marathi."""
        return self.mention.texts.get(language.value, self.mention.texts[Language.MARATHI.value])


def make_proposals(submissions: Iterable[Submission], *, now: datetime) -> list[Proposal]:
    """Return what the submissions' texts mention, each once, where it is mentioned first."""
    proposals: dict[tuple[MentionKind, str], Proposal] = {}
    for submission in submissions:
        for language, text in submission_texts(submission):
            for proposal in _text_proposals(language, text, now):
                mention = proposal.mention
                proposals.setdefault((mention.kind, mention.value), proposal)
    return list(proposals.values())


def _text_proposals(language: Language, text: str, now: datetime) -> Iterator[Proposal]:
    for mention in find_mentions(text, now=now):
        before = text[: mention.start]
        after = text[mention.end :]
        yield Proposal(
            mention,
            language,
            before=_cut_start(before),
            written=text[mention.start : mention.end],
            after=_cut_end(after),
        )


def _cut_start(text: str) -> str:
    """Return the end of a text from the beginning of a word, with an ellipsis if it is cut."""
    if len(text) <= AROUND:
        return text
    return "…" + text[-AROUND:].partition(" ")[2]


def _cut_end(text: str) -> str:
    """Return the beginning of a text to the end of a word, with an ellipsis if it is cut."""
    if len(text) <= AROUND:
        return text
    return text[:AROUND].rpartition(" ")[0] + "…"
