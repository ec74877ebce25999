"""The mail to an approver as it is sent: plain text, and the same with the pictures as HTML.

The texts are those stored when the mail was queued; the pictures are read from the media store and
made small, and their total size is limited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from functools import cache
from typing import Final

from jinja2 import PackageLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from sqlalchemy.orm import joinedload, selectinload

from publisher.database.session import Database
from publisher.i18n.catalogues import translate
from publisher.media import images
from publisher.media.image_checks import BadPicture
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from publisher.models.notifications import Notice
from publisher.models.posts import Revision, Variant
from publisher.notifications import links, review_content
from publisher.notifications.dispatch import NoticeDeferred
from publisher.notifications.review_content import MailedPicture, MailedText
from publisher.platforms.capabilities import N_

PICTURE_SIDE: Final = 640
MOST_BYTES: Final = 750_000
"""The most bytes of all pictures of a mail; encoding makes them a third larger."""

WAITING_TRIES: Final = 3
"""How often the mail waits for photos that cannot be read, some eight minutes in all.

Nobody should approve what they have not seen, but an approver who gets no mail cannot decide at
all. So the mail is then sent without them, and says that they are on the page.
"""

_BUTTON: Final = N_("See it and decide")
_BROKEN: Final = N_("Cannot be shown here, as the file is missing or damaged: %(photos)s")
_TOO_MANY: Final = N_("Not in this email, as it would be too large: %(photos)s")
_AWAY: Final = N_(
    "Cannot be shown here at the moment. Look at it on the page before you decide: %(photos)s"
)
_LINK: Final = re.compile(rf"^{links.BASE}(\S+)$", re.MULTILINE)


@dataclass
class MailedPictures:
    """The small pictures of a mail by their number.

    A missing picture is `broken`, there was `no_room` for it, or it could not be read because the
    store is `away`.
    """

    contents: dict[int, bytes] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    no_room: list[int] = field(default_factory=list)
    away: list[int] = field(default_factory=list)

    def sentences(self, language: str) -> list[str]:
        """Return the sentences about the missing pictures."""
        missing = ((_BROKEN, self.broken), (_TOO_MANY, self.no_room), (_AWAY, self.away))
        return [
            review_content.translate_sentence(
                sentence,
                language,
                photos=", ".join(review_content.photo_name(number, language) for number in numbers),
            )
            for sentence, numbers in missing
            if numbers
        ]


@dataclass(frozen=True)
class ReviewParts:
    """What a mail to an approver has in addition to its stored body."""

    texts: tuple[MailedText, ...]
    pictures: MailedPictures


def load_parts(database: Database, store: MediaStore | None, notice: Notice) -> ReviewParts | None:
    """Return the texts and small pictures of the mail's revision; None if it has none.

    No transaction is open while the pictures are read. One that is missing or damaged is left out;
    without a `store` all are. Raises `NoticeDeferred` if the mail is to wait for them.
    """
    if notice.revision_id is None:
        return None
    with database.reading() as session:
        revision = session.get_one(
            Revision,
            notice.revision_id,
            options=[
                joinedload(Revision.post),
                selectinload(Revision.variants).joinedload(Variant.account),
                selectinload(Revision.variants).selectinload(Variant.renditions),
            ],
        )
        texts = review_content.mailed_texts(revision, notice.language)
    # Each photo once, as the first of the texts has it.
    pictures = {picture.number: picture for text in reversed(texts) for picture in text.pictures}
    mailed = _small(store, (pictures[number] for number in sorted(pictures)))
    if mailed.away and notice.tries <= WAITING_TRIES:
        raise NoticeDeferred("the photos cannot be read now")
    return ReviewParts(texts, mailed)


def _small(store: MediaStore | None, pictures: Iterable[MailedPicture]) -> MailedPictures:
    mailed, room = MailedPictures(), MOST_BYTES
    for picture in pictures:
        if mailed.away:  # the store is not asked again: each answer may take long
            mailed.away.append(picture.number)
            continue
        try:
            if store is None:
                raise MediumMissing(picture.digest)
            content = images.thumbnail(store.open(picture.digest), PICTURE_SIDE).content
        except StoreAway:
            mailed.away.append(picture.number)
            continue
        except (MediumMissing, MediumChanged, BadPicture, OSError):
            mailed.broken.append(picture.number)
            continue
        if len(content) > room:
            mailed.no_room.append(picture.number)
            continue
        mailed.contents[picture.number] = content
        room -= len(content)
    return mailed


def plain_body(body: str, parts: ReviewParts, language: str) -> str:
    """Return the stored body with the sentences about pictures that are not in the mail."""
    opening, enclosed, end = body.split(links.TEXTS)
    return opening + "\n\n".join([enclosed, *parts.pictures.sentences(language)]) + end


def add_html(
    message: EmailMessage, notice: Notice, body: str, parts: ReviewParts, base_url: str
) -> None:
    """Add the body as HTML to a mail that has its plain text, with the pictures inside."""
    message_id = str(message["Message-ID"]).strip("<>")
    ids = {number: f"photo-{number}.{message_id}" for number in parts.pictures.contents}
    html_part = EmailMessage(policy=WIRE)
    html = _html(notice, body, parts, ids, base_url)
    html_part.set_content(html, subtype="html", charset="utf-8", cte="base64")
    for number, content in parts.pictures.contents.items():
        html_part.add_related(
            content,
            "image",
            "jpeg",
            cid=f"<{ids[number]}>",
            filename=f"photo-{number}.jpg",
            disposition="inline",
        )
    message.make_alternative()
    message.attach(html_part)


def _html(notice: Notice, body: str, parts: ReviewParts, ids: dict[int, str], base_url: str) -> str:
    opening, _enclosed, end = body.split(links.TEXTS)
    before, path, after = _LINK.split(opening, maxsplit=1)
    return _template().render(
        language=notice.language,
        subject=notice.subject,
        before=_paragraphs(before),
        href=base_url + path,
        button=translate(_BUTTON, notice.language),
        after=_paragraphs(after),
        personal=translate(review_content.PERSONAL, notice.language),
        title=translate(review_content.TITLE, notice.language),
        texts=parts.texts,
        ids=ids,
        missing=parts.pictures.sentences(notice.language),
        end=_paragraphs(end),
    )


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip("\n") for paragraph in text.split("\n\n") if paragraph.strip()]


@cache
def _template() -> Template:
    environment = SandboxedEnvironment(
        loader=PackageLoader("publisher.i18n", "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("review_mail.html")
