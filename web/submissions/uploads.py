"""The files of the form that hands in: each a row that the page carries, in the order it shows."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import BinaryIO, cast

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import FileStorage

from publisher.intake import uploads
from publisher.intake.form import MOST_FILES
from publisher.intake.uploads import KeptFile, UploadedFile, UploadRefused, own_name
from publisher.media import images
from publisher.media.images import BadPicture
from publisher.media.store import MediumChanged, MediumMissing, Store, StoreAway
from publisher.validation import FieldError, Invalid
from web.core.auth import actor
from web.core.context import ctx
from web.core.request import HeldFile
from web.messages.field_errors import problem_sentence

SIDE = 160
ACTS = ("up", "down", "out")


@dataclass
class FileRow:
    """A file that the form holds, by a key of its own; `errors` by the name of the field."""

    key: str
    file: KeptFile
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def thumbnail(self) -> str:
        """A small picture of it that stands in the page itself; empty where it shows none."""
        return _thumbnail(self.file.sha256) if self.file.is_picture else ""

    @property
    def token(self) -> str:
        """The row as the page carries it: signed, and of use to this person alone."""
        one = self.file
        measures = [one.size, one.width, one.height, one.seconds]
        return _seal().dumps(
            [actor().person_id, self.key, one.name, one.sha256, one.mime, *measures]
        )


def _thumbnail(digest: str) -> str:
    try:
        content = _small(ctx.store, digest)
    except (MediumMissing, MediumChanged, BadPicture):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()


@lru_cache(maxsize=128)
def _small(store: Store, digest: str) -> bytes:
    """Made once while a form goes to and fro."""
    return images.thumbnail(store.open(digest), SIDE).content


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(ctx.settings.secret_key, salt="kept file")


def rows_of(files: Iterable[UploadedFile | KeptFile]) -> list[FileRow]:
    """Rows for those of the files that lie in the store."""
    return [FileRow(secrets.token_hex(4), one) for one in files if isinstance(one, KeptFile)]


def row_of_token(token: str, alt_mr: str = "", alt_en: str = "") -> FileRow | None:
    """The row that the page carried; None where this person's page never did."""
    try:
        person, key, name, digest, mime, size, width, height, seconds = _seal().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    if person != actor().person_id:
        return None
    file = KeptFile(name, digest, mime, size, width, height, seconds, alt_mr, alt_en)
    return FileRow(str(key), file)


def carried() -> list[FileRow]:
    """The rows of the form in hand, in their order, with what is written beside each."""
    words = {name: request.form.getlist(name) for name in ("alt_mr", "alt_en")}
    found = []
    for place, token in enumerate(request.form.getlist("kept")):
        alt_mr, alt_en = (_at(words[name], place) for name in ("alt_mr", "alt_en"))
        if (row := row_of_token(token, alt_mr, alt_en)) is not None:
            found.append(row)
    return found


def _at(words: Sequence[str], place: int) -> str:
    return words[place] if place < len(words) else ""


def take_up(rows: list[FileRow]) -> list[FieldError]:
    """Add the files that were chosen now; gives what is wrong with those that were not taken."""
    chosen = [one for one in request.files.getlist("files") if one.filename]
    if len(rows) + len(chosen) > MOST_FILES:
        values = {"found": len(chosen), "most": MOST_FILES, "kept": len(rows)}
        return [FieldError("files", "too_many_chosen_files", values)] if chosen else []
    problems = []
    for one in chosen:
        try:
            rows.append(_taken(one, rows))
        except UploadRefused as bad:
            problems.append(FieldError("files", bad.code, bad.values))
        except Invalid as invalid:
            problems.extend(invalid.problems)
    return problems


def _taken(chosen: FileStorage, rows: Sequence[FileRow]) -> FileRow:
    """One file, looked over, counted and stored. Raises `Refused` or `Invalid`."""
    name = chosen.filename or ""
    stream = chosen.stream
    if isinstance(stream, HeldFile) and stream.is_cut:
        raise UploadRefused("too_many_bytes", {"name": own_name(name)})
    source = cast(BinaryIO, stream)
    file = uploads.look_at(name, source)
    if file.sha256 in {row.file.sha256 for row in rows}:
        raise UploadRefused("same_file_twice", {"name": file.name})
    with ctx.database.transaction() as session:
        counted = uploads.admit(session, actor=actor(), now=ctx.now(), file=file)
    try:
        ctx.store.save_file(source)
    except StoreAway as away:
        with ctx.database.transaction() as session:
            uploads.give_back(session, upload_id=counted)
        raise UploadRefused("store_away", {"name": file.name}) from away
    return rows_of([file])[0]


def act_on(rows: list[FileRow], act: str) -> list[FileRow]:
    """Move a row up or down, or take it out: "up-<key>", "down-<key>", "out-<key>"."""
    verb, _dash, key = act.partition("-")
    at = next((place for place, row in enumerate(rows) if row.key == key), None)
    if verb not in ACTS or at is None:
        return rows
    moved = [*rows]
    row = moved.pop(at)
    if verb != "out":
        moved.insert(max(0, at + (-1 if verb == "up" else 1)), row)
    return moved


def show_problems(rows: Sequence[FileRow], problems: Iterable[FieldError]) -> list[FieldError]:
    """Put each problem of a file beside its row; gives those that belong to no row."""
    rest = []
    for problem in problems:
        parts = problem.field.split("-")
        if parts[0] != "files" or len(parts) < 2:
            rest.append(problem)
            continue
        name = parts[2] if len(parts) > 2 else "file"
        worded = problem_sentence(replace(problem, field=name))
        rows[int(parts[1])].errors.setdefault(name, []).append(worded)
    return rest


def summary_of(rows: Sequence[FileRow]) -> list[tuple[str, str]]:
    """The sentences at the rows, each with the place it leads to."""
    return [
        (sentence, f"{name}-{row.key}")
        for row in rows
        for name, sentences in row.errors.items()
        for sentence in sentences
    ]
