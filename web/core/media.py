"""Pictures and files, each served only to who may see the submission or post it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from publisher.drafting import drafts
from publisher.intake import queries
from publisher.media import images
from publisher.media.store import MediumChanged, MediumMissing
from publisher.validation import NotFound
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.permissions import for_roles

routes = Blueprint("media", __name__)
SMALL = 480
_PIECE = 1_000_000
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"})


@routes.get("/submissions/<int:submission_id>/files/<int:file_id>")
@for_roles()
@reads
def submission_file(session: Session, submission_id: int, file_id: int) -> Response:
    """A file as the department handed it in, to be saved; `?size=small` shows a picture small."""
    submission = queries.submission_for(session, actor=actor(), submission_id=submission_id)
    for file in submission.files:
        if file.id == file_id:
            return _serve(file.sha256, file.mime, file.name)
    raise NotFound(file_id)


@routes.get("/posts/<int:post_id>/pictures/<sha256>")
@for_roles()
@reads
def picture(session: Session, post_id: int, sha256: str) -> Response:
    """A rendition of a post, exactly as the platform gets it, or the original it was made from."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    for revision in post.revisions:
        for variant in revision.variants:
            for one in variant.renditions:
                if one.sha256 == sha256:
                    return _serve(one.sha256, one.mime, "")
                if one.source_sha256 == sha256:
                    return _serve(sha256, "image/jpeg", "", always_small=True)
    raise NotFound(sha256)


def _serve(sha256: str, mime: str, name: str, *, always_small: bool = False) -> Response:
    if always_small or (mime in _PICTURES and request.args.get("size") == "small"):
        small = images.thumbnail(_whole(sha256), SMALL)
        response = Response(small.content, mimetype=small.mime)
    else:
        response = Response(_pieces(_opened(sha256)), mimetype=mime)
    shown_as = "inline" if mime in _PICTURES and not name else "attachment"
    response.headers["Content-Disposition"] = (
        f"{shown_as}; filename*=UTF-8''{quote(name or sha256)}"
    )
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _opened(sha256: str) -> BinaryIO:
    try:
        return ctx.store.open_file(sha256)
    except (MediumMissing, MediumChanged) as problem:
        raise NotFound(sha256) from problem


def _whole(sha256: str) -> bytes:
    with _opened(sha256) as file:
        return file.read()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """A long video is never held in memory as a whole."""
    with file:
        while piece := file.read(_PIECE):
            yield piece
