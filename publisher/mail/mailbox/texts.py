"""Turn a mail into the fields of a submission: its title, and its text in a language."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from publisher.i18n import text_cleaning
from publisher.intake.form import LONGEST_TEXT, LONGEST_TITLE
from publisher.mail.messages.message import MailMessage

WITHOUT_SUBJECT: Final = "(विषय नाही)"
WITHOUT_TEXT: Final = "(मजकूर नाही)"
_ANSWERS: Final = re.compile(r"^(?:\s*(?:re|fwd?|fw|उत्तर|अग्रेषित)\s*:)+\s*", re.IGNORECASE)
_HINDI: Final = frozenset(
    """
    है हैं था थी थे और का की के को में से ने पर यह वह इस नहीं लिए किया करें जाएगा जाएगी होगा होगी
    रहेगा रहेगी हेतु तथा एवं द्वारा
    """.split()  # noqa: SIM905  a list of words
)
_MARATHI: Final = frozenset(
    """
    आहे आहेत होते होता होती आणि व चा ची चे च्या ला मध्ये हा ही हे त्या नाही साठी केले करावे करा
    होईल होणार राहील राहणार येईल येथे यांनी तसेच सर्व
    """.split()  # noqa: SIM905  a list of words
)


def mail_title(message: MailMessage) -> str:
    """Return the subject without "Re:" or "Fwd:", else the first line of the text."""
    subject = line(_ANSWERS.sub("", message.subject))
    lines = (line(text_line) for text_line in message.text.splitlines())
    title = subject or next(filter(None, lines), "") or WITHOUT_SUBJECT
    return _cut(title, LONGEST_TITLE)


def mail_text(message: MailMessage) -> str:
    """Return the text, else the subject; shortened if a submission has no room for it."""
    text = clean_text(message.text) or line(message.subject) or WITHOUT_TEXT
    return _cut(text, LONGEST_TEXT)


def choose_field(text: str) -> str:
    """Return the field of a submission for this text: by its script, then by its words."""
    if text_cleaning.detect_language(text) == "en":
        return "text_en"
    letter_groups = re.findall(r"[\u0900-\u097f]+", text)
    hindi = sum(word in _HINDI for word in letter_groups)
    marathi = sum(word in _MARATHI or "ळ" in word for word in letter_groups)
    return "text_hi" if hindi > marathi else "text_mr"


def clean_text(text: str) -> str:
    """Return the text in NFC without characters that are never stored, and stripped."""
    composed = text_cleaning.clean(text)
    plain = composed.text
    if composed.problems:
        bad = {problem.index for problem in composed.problems}
        letters = (letter for at, letter in enumerate(plain) if at not in bad)
        plain = unicodedata.normalize("NFC", "".join(letters))
    stripped = plain.strip()
    return stripped if text_cleaning.is_visible(stripped) else ""


def line(text: str) -> str:
    """Return the cleaned text in one line."""
    return " ".join(clean_text(text).split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
