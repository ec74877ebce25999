"""Files of the hand-in form: the page carries each as a signed row, in the order shown."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import BytesIO
from itertools import zip_longest
from typing import BinaryIO, cast

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import FileStorage

from publisher.intake import scans, uploads
from publisher.intake.form import MOST_FILES
from publisher.intake.uploads import KeptFile, UploadedFile, UploadRefused, own_name
from publisher.media import images
from publisher.media.image_checks import BadPicture
from publisher.media.store import MediumChanged, MediumMissing, StoreAway
from publisher.media.virus_scanner import Clamd, clamd
from publisher.models.submissions import ScanResult
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, actor_now, writing
from web.core.context import ctx
from web.core.database import end_reading
from web.core.request import HeldFile
from web.messages.field_errors import problem_sentence

SIDE = 160
ACTS = ("up", "down", "out")


@dataclass
class FileRow:
    """An uploaded file in the form, with its own key and errors by field name.

    `thumbnail` is a data URL, which `show_thumbnails` adds; empty without a readable picture.
    """

    key: str
    file: KeptFile
    errors: dict[str, list[str]] = field(default_factory=dict)
    thumbnail: str = ""

    @property
    def token(self) -> str:
        """The row as a signed token, valid only for the signed-in person."""
        file = self.file
        measures = [file.size, file.width, file.height, file.seconds]
        return _serializer().dumps(
            [actor().person_id, self.key, file.name, file.sha256, file.mime, *measures, file.scan]
        )


def show_thumbnails(rows: Iterable[FileRow]) -> None:
    """Add the thumbnails of pictures, before the page is rendered.

    If the store is away, the others get none: it is not asked for each of them.
    """
    end_reading()
    for file_row in rows:
        if file_row.file.is_picture and file_row.file.is_usable:
            try:
                file_row.thumbnail = _thumbnail(file_row.file.sha256)
            except StoreAway:
                return


def _thumbnail(digest: str) -> str:
    """Return a thumbnail as a data URL; empty without a readable picture. Raises `StoreAway`."""
    try:
        content = _thumbnail_bytes(ctx.store.address, digest)
    except (MediumMissing, MediumChanged, BadPicture):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()


@lru_cache(maxsize=128)
def _thumbnail_bytes(_store_address: str, digest: str) -> bytes:
    # Cached, because a form that is sent several times shows the same thumbnails.
    return images.thumbnail(ctx.store.open(digest), SIDE).content


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(ctx.settings.secret_key, salt="kept file")


def make_rows(files: Iterable[UploadedFile | KeptFile]) -> list[FileRow]:
    """Return rows for those files that are stored; skips files that are not."""
    return [FileRow(secrets.token_hex(4), file) for file in files if isinstance(file, KeptFile)]


def row_of_token(token: str, alt_mr: str = "", alt_en: str = "") -> FileRow | None:
    """Return the row of a token; None if it is invalid or was signed for another person."""
    try:
        fields = _serializer().loads(token)
        person, key, name, digest, mime, size, width, height, seconds, *scan = fields
    except (BadSignature, ValueError, TypeError):
        return None
    if person != actor().person_id:
        return None
    result = _result(scan[0] if scan else None)
    file = KeptFile(name, digest, mime, size, width, height, seconds, alt_mr, alt_en, result)
    return FileRow(str(key), file)


def _result(scan: str | None) -> ScanResult | None:
    """Return the scanner's result; a file from before a scanner was set waits for it."""
    if scan is None:
        return ScanResult.UNSCANNED if ctx.settings.clamd_url else None
    return ScanResult(scan)


def read_carried_rows() -> list[FileRow]:
    """Return the rows of the sent form in their order, with their descriptions."""
    columns = (request.form.getlist(name) for name in ("kept", "alt_mr", "alt_en"))
    rows = (row_of_token(*fields) for fields in zip_longest(*columns, fillvalue=""))
    return [row for row in rows if row is not None]


def take_up(rows: list[FileRow]) -> list[FieldError]:
    """Append the newly uploaded files to `rows`; returns the errors of those refused."""
    chosen = [upload for upload in request.files.getlist("files") if upload.filename]
    if len(rows) + len(chosen) > MOST_FILES:
        values = {"found": len(chosen), "most": MOST_FILES, "kept": len(rows)}
        return [FieldError("files", "too_many_chosen_files", values)] if chosen else []
    end_reading()  # the scanner may be slow
    problems, scanner = [], clamd(ctx.settings.clamd_url)
    ends_at = scanner.monotonic() + scans.ENDS_WITHIN if scanner is not None else 0.0
    is_away = False
    for upload in chosen:
        if is_away:  # the store is not asked for each file: each answer may be slow
            name = own_name(upload.filename or "")
            problems.append(FieldError("files", "store_away", {"name": name}))
            continue
        try:
            rows.append(_store_upload(upload, rows, scanner, ends_at))
        except UploadRefused as bad:
            problems.append(FieldError("files", bad.code, bad.values))
            is_away = isinstance(bad.__cause__, StoreAway)
        except Invalid as invalid:
            problems.extend(invalid.problems)
    return problems


def _store_upload(
    chosen: FileStorage, rows: Sequence[FileRow], scanner: Clamd | None, ends_at: float
) -> FileRow:
    """Check, scan, count and store a file. Raises `UploadRefused` or `Invalid`."""
    name = chosen.filename or ""
    stream = chosen.stream
    if isinstance(stream, HeldFile) and stream.is_cut:
        raise UploadRefused("too_many_bytes", {"name": own_name(name)})
    source = cast(BinaryIO, stream)
    file = uploads.check_file(name, source)
    if file.sha256 in {row.file.sha256 for row in rows}:
        raise UploadRefused("same_file_twice", {"name": file.name})
    if scanner is not None:
        scanned_source = source if file.content is None else BytesIO(file.content)
        file = scans.scan_file(scanner, file, scanned_source, ends_at=ends_at)
    counted = None
    try:
        with writing(names_files=True) as session:
            counted = uploads.admit(session, **actor_now(), file=file)
        if file.content is not None:
            ctx.store.save(file.content)
        else:
            ctx.store.save_file(source)
    except StoreAway as away:
        with writing() as session:
            uploads.give_back(session, upload_id=counted)
        raise UploadRefused("store_away", {"name": file.name}) from away
    return make_rows([replace(file, content=None)])[0]


def apply_act(rows: list[FileRow], act: str) -> list[FileRow]:
    """Move a row up or down, or remove it: "up-<key>", "down-<key>", "out-<key>"."""
    verb, _dash, key = act.partition("-")
    position = next((index for index, row in enumerate(rows) if row.key == key), None)
    if verb not in ACTS or position is None:
        return rows
    moved = [*rows]
    row = moved.pop(position)
    if verb != "out":
        moved.insert(max(0, position + (-1 if verb == "up" else 1)), row)
    return moved


def show_problems(rows: Sequence[FileRow], problems: Iterable[FieldError]) -> list[FieldError]:
    """Store each error of a file in its row; returns the errors without a row."""
    unplaced = []
    for problem in problems:
        parts = problem.field.split("-")
        if parts[0] != "files" or len(parts) < 2:
            unplaced.append(problem)
            continue
        name = parts[2] if len(parts) > 2 else "file"
        sentence = problem_sentence(replace(problem, field=name))
        rows[int(parts[1])].errors.setdefault(name, []).append(sentence)
    return unplaced


def summarize_errors(rows: Sequence[FileRow]) -> list[tuple[str, str]]:
    """Return the error sentences of the rows, each with the HTML id it links to."""
    return [
        (sentence, f"{name}-{row.key}")
        for row in rows
        for name, sentences in row.errors.items()
        for sentence in sentences
    ]
