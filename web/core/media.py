"""Serves pictures and files to those who may see the submission or post they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from io import SEEK_END
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import quote

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from publisher.drafting import drafts
from publisher.intake import queries
from publisher.media import images, metadata
from publisher.media.store import MediumChanged, MediumMissing
from publisher.models.posts import Revision
from publisher.validation import NotFound
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.database import end_reading
from web.core.permissions import allow_roles
from web.core.static_files import A_YEAR

routes = Blueprint("media", __name__)


class ThumbnailSize(NamedTuple):
    """The longer side of a thumbnail in pixels, and its most bytes if they are limited."""

    side: int
    max_bytes: int | None = None


SIZES: Final = {
    "small": ThumbnailSize(272),
    "wide": ThumbnailSize(480),
    # A review shows each photo whole; the four of a post have 120 kB.
    "whole": ThumbnailSize(720, 30_000),
    # Offered if that does not load.
    "light": ThumbnailSize(400, 15_000),
}
"""The sizes of thumbnails by their names in the address; no two have the same side."""

_CHUNK_BYTES = 1_000_000
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"})


@routes.get("/submissions/<int:submission_id>/files/<int:file_id>")
@allow_roles()
@reads
def submission_file(session: Session, submission_id: int, file_id: int) -> Response:
    """Serve a file of a submission for download; `?size=small` or `wide` serves a thumbnail.

    A file that the virus scanner has not checked is not served.
    """
    submission = queries.get_submission(session, actor=actor(), submission_id=submission_id)
    for file in submission.files:
        if file.id == file_id and file.is_usable:
            return serve(file.sha256, file.mime, file.name)
    raise NotFound(file_id)


@routes.get("/posts/<int:post_id>/pictures/<sha256>")
@allow_roles()
@reads
def picture(session: Session, post_id: int, sha256: str) -> Response:
    """Serve a rendition as the platform gets it, or a thumbnail of the original."""
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    return serve_picture(post.revisions, sha256)


def serve_picture(revisions: Iterable[Revision], sha256: str) -> Response:
    """Serve a rendition of these revisions, or a thumbnail of its original."""
    for revision in revisions:
        for variant in revision.variants:
            for rendition in variant.renditions:
                if rendition.sha256 == sha256:
                    return serve(rendition.sha256, rendition.mime, "")
                if rendition.source_sha256 == sha256:
                    return serve(sha256, "image/jpeg", "", always_small=True)
    raise NotFound(sha256)


def serve(sha256: str, mime: str, name: str, *, always_small: bool = False) -> Response:
    """Serve a stored file: one with a name is downloaded. Raises `NotFound`, or `StoreAway`."""
    end_reading()  # reading and scaling it takes time
    thumbnail_size = SIZES.get(
        request.args.get("size", ""), SIZES["wide"] if always_small else None
    )
    kept_for = "max-age=3600"
    size: int | None = None
    if thumbnail_size and mime in _PICTURES:
        response = Response(thumbnail(sha256, thumbnail_size), mimetype="image/webp")
        kept_for = f"max-age={A_YEAR}, immutable"  # its address names its content and its size
    elif mime in _PICTURES and name:
        # Files stored before metadata was stripped on arrival still have theirs.
        with _open(sha256) as stored:
            response = Response(metadata.strip_metadata(stored.read()), mimetype=mime)
    else:
        # A long video must not be read into memory as a whole.
        file = _open(sha256)
        size = file.seek(0, SEEK_END)
        file.seek(0)
        response = Response(FileWrapper(file, _CHUNK_BYTES), mimetype=mime)
        response.content_length = size
    disposition = "inline" if mime in _PICTURES and not name else "attachment"
    response.headers["Content-Disposition"] = (
        f"{disposition}; filename*=UTF-8''{quote(name or sha256)}"
    )
    # The address of a submission's file does not name its content.
    response.headers["Cache-Control"] = f"private, {'no-cache' if name else kept_for}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.set_etag(f"{sha256}-{thumbnail_size.side if thumbnail_size else 0}")
    # An interrupted download can be resumed.
    try:
        response.make_conditional(request, accept_ranges=size is not None, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response


def thumbnail(sha256: str, size: ThumbnailSize) -> bytes:
    """Return a thumbnail of this size. Raises `NotFound`, or `StoreAway`."""

    def make(content: bytes) -> bytes:
        return images.thumbnail(content, size.side, kind="WEBP", max_bytes=size.max_bytes).content

    try:
        return (ctx.thumbnails or ctx.store).thumbnail(sha256, size.side, make)
    except (MediumMissing, MediumChanged) as problem:
        raise NotFound(sha256) from problem


def _open(sha256: str) -> BinaryIO:
    try:
        return ctx.store.open_file(sha256)
    except (MediumMissing, MediumChanged) as problem:
        raise NotFound(sha256) from problem
