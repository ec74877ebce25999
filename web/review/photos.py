"""The photos of a revision for its review: each once, uncropped, with its descriptions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from approvals.errors import NotAllowed
from approvals.states import PostState
from publisher.drafting.renditions import source_digests
from publisher.media.image_checks import BadPicture
from publisher.media.store import StoreAway
from publisher.models.posts import PictureView, Rendition, Revision, Variant
from publisher.validation import NotFound
from web.core.database import end_reading
from web.core.media import SIZES, thumbnail
from web.messages.names import account_name
from web.previews import PictureAddress, address_of_post, make_shown_picture


class PhotosUnshown(NotAllowed):
    """A photo of the revision cannot be shown now, and nobody may approve what cannot be seen."""

    code = "photos_unshown"


@dataclass(frozen=True)
class WholePicture:
    """A picture as it is published: the accounts that get it, and its URL."""

    accounts: str
    href: str


@dataclass(frozen=True)
class ReviewedPhoto:
    """A photo of a revision with its number in it, which counts from 1.

    `src` is the URL of the photo as the page shows it, with `width` and `height`, and `copy` that
    of a smaller one. `descriptions` are pairs of a language and its description, empty if there is
    none; a description that two languages share is there once.
    """

    number: int
    src: str
    copy: str
    width: int
    height: int
    descriptions: tuple[tuple[str, str], ...]
    whole_pictures: tuple[WholePicture, ...]


def list_photos(
    revision: Revision, address: PictureAddress | None = None
) -> tuple[ReviewedPhoto, ...]:
    """Return the photos of all texts of a revision, each once."""
    photos, picture_address = [], address or address_of_post(revision.post_id)
    for number, digest in enumerate(source_digests(revision), start=1):
        renditions = [
            (variant, rendition)
            for variant in revision.variants
            for rendition in variant.renditions
            if rendition.source_sha256 == digest
        ]
        published = renditions[0][1]
        scale = max(1, max(published.width, published.height) / SIZES["whole"].side)
        photos.append(
            ReviewedPhoto(
                number,
                make_shown_picture(published, review_address(picture_address)).src,
                picture_address(digest, "light"),
                round(published.width / scale),
                round(published.height / scale),
                _descriptions(renditions),
                _whole_pictures(renditions, picture_address),
            )
        )
    return tuple(photos)


def review_address(address: PictureAddress) -> PictureAddress:
    """Return addresses of thumbnails of only one size, so a page loads each picture once."""
    return lambda sha256, size: address(sha256, size and "whole")


def waiting_photos(revision: Revision) -> tuple[str, ...]:
    """Return the digests of the photos of a revision, or none if it does not wait for a decision.

    Pressing a button twice then shows that the decision has been made.
    """
    post = revision.post
    waits = post.state is PostState.IN_REVIEW and revision.number == post.newest
    return source_digests(revision) if waits else ()


def check_shown(digests: Collection[str], reported: str) -> PictureView | None:
    """Return what the browser reported about these photos; None if there are none.

    Raises `PhotosUnshown` unless this web can show them, as the review page does. While the store
    is away, an approver who has seen them elsewhere needs no page that shows them. It ends the
    reading of the request, because the store may be slow.
    """
    if not digests:
        return None
    view = PictureView(reported) if reported in set(PictureView) else PictureView.NOT_KNOWN
    end_reading()
    for digest in digests:
        try:
            thumbnail(digest, SIZES["whole"])
        except StoreAway as problem:
            if view is PictureView.TICKED:
                return view
            raise PhotosUnshown from problem
        except (NotFound, BadPicture) as problem:
            raise PhotosUnshown(state="lost") from problem
    return view


def photo_numbers(revision: Revision) -> dict[int, list[int]]:
    """Return the numbers of the photos of each text, in order, by the id of the variant."""
    digests = source_digests(revision)
    return {
        variant.id: [digests.index(rendition.source_sha256) + 1 for rendition in variant.renditions]
        for variant in revision.variants
    }


def _descriptions(renditions: list[tuple[Variant, Rendition]]) -> tuple[tuple[str, str], ...]:
    languages: dict[str, str] = {}
    missing: dict[tuple[str, str], None] = {}
    for variant, rendition in renditions:
        if rendition.alt_text:
            languages.setdefault(rendition.alt_text, variant.language.value)
        else:
            missing[variant.language.value, ""] = None
    return (*((language, text) for text, language in languages.items()), *missing)


def _whole_pictures(
    renditions: list[tuple[Variant, Rendition]], address: PictureAddress
) -> tuple[WholePicture, ...]:
    """Return each published picture once; platforms that get the same bytes share it."""
    names: dict[str, dict[str, None]] = {}
    for variant, rendition in renditions:
        names.setdefault(rendition.sha256, {})[account_name(variant.account)] = None
    return tuple(
        WholePicture(", ".join(accounts), address(digest, None))
        for digest, accounts in names.items()
    )
