"""The texts, pictures and descriptions of a revision, as mails to its approvers show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from publisher.i18n.catalogues import translate
from publisher.i18n.languages import digits
from publisher.models.posts import Language, PostKind, Revision, Variant
from publisher.notifications.formatting import format_values
from publisher.platforms.capabilities import N_

TITLE: Final = N_("This is what will be published")
PERSONAL: Final = N_(
    "The link is for you alone, and asks for a code, your passkey or your sign-in. Please do not "
    "forward this email."
)
_CORRECTS: Final = N_("This corrects the post published there: %(target)s")
_LINK: Final = N_("Link: %(link)s")
_PHOTO: Final = N_("Photo %(number)s")
_DESCRIPTION: Final = N_("Photo %(number)s, description: %(description)s")
_NO_DESCRIPTION: Final = N_("Photo %(number)s: no description is given.")


@dataclass(frozen=True)
class MailedPicture:
    """A picture of a text: `digest` is that of the bytes that are published.

    `number` is its number in the revision. `caption` includes the description; `description` is
    that alone, or empty.
    """

    number: int
    digest: str
    description: str
    caption: str


@dataclass(frozen=True)
class MailedText:
    """A text of a revision; `heading` says where it is published, and in which language.

    `language` is its code, empty for mixed languages. `notes` are the lines below it.
    """

    heading: str
    language: str
    text: str
    notes: tuple[str, ...]
    pictures: tuple[MailedPicture, ...]


def mailed_texts(revision: Revision, language: str) -> tuple[MailedText, ...]:
    """Return the texts of a revision, for a reader of this language."""
    numbers: dict[str, int] = {}
    for variant in revision.variants:
        for rendition in variant.renditions:
            numbers.setdefault(rendition.source_sha256, len(numbers) + 1)
    return tuple(_mailed_text(variant, numbers, language) for variant in revision.variants)


def _mailed_text(variant: Variant, numbers: Mapping[str, int], language: str) -> MailedText:
    pictures = []
    for rendition in variant.renditions:
        number, description = numbers[rendition.source_sha256], rendition.alt_text
        sentence = _DESCRIPTION if description else _NO_DESCRIPTION
        caption = translate_sentence(sentence, language, number=number, description=description)
        pictures.append(MailedPicture(number, rendition.sha256, description, caption))
    return MailedText(
        heading=_heading(variant, language),
        language="" if variant.language is Language.MIXED else variant.language.value,
        text=variant.text,
        notes=tuple(_notes(variant, language)),
        pictures=tuple(pictures),
    )


def _heading(variant: Variant, language: str) -> str:
    account = variant.account
    values = {"platform": account.platform, "language": variant.language.value}
    names = format_values(values, language, now=variant.revision.saved_at)
    return f"{names['platform']} · {account.name} · {names['language']}"


def _notes(variant: Variant, language: str) -> Iterator[str]:
    if variant.link:
        yield translate_sentence(_LINK, language, link=variant.link)
    if variant.target and variant.revision.post.kind is PostKind.POST:
        yield translate_sentence(_CORRECTS, language, target=variant.target)


def plain_text(texts: tuple[MailedText, ...], language: str) -> str:
    """Return the texts with their pictures' descriptions, for a mail that is plain text."""
    blocks = [translate(PERSONAL, language), translate(TITLE, language)]
    for number, text in enumerate(texts, start=1):
        blocks += [f"{digits(str(number), language)}. {text.heading}", text.text]
        lines = [*text.notes, *(picture.caption for picture in text.pictures)]
        blocks += ["\n".join(lines)] if lines else []
    return "\n\n".join(blocks)


def photo_name(number: int, language: str) -> str:
    """Return the name of a photo of a revision."""
    return translate_sentence(_PHOTO, language, number=number)


def translate_sentence(sentence: str, language: str, **values: str | int) -> str:
    """Return one of our sentences in this language, with these values; numbers in its digits."""
    names = {
        name: digits(str(value), language) if isinstance(value, int) else value
        for name, value in values.items()
    }
    return translate(sentence, language) % names
