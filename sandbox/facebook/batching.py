"""Several readings in one request: POST / with `batch`, each answered as if it had come alone.

Facebook: its page on batch requests. GET /?ids= is no more since version 26.0 of its interface.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

from flask import request

from sandbox.exchange import Answer, Refused, Turn
from sandbox.facebook import reading
from sandbox.facebook.errors import FacebookVoice, bad_parameter, refusal

MOST = 50
VERSION = re.compile(r"^/?(?:v\d+\.\d+/)?")
Json = dict[str, object]


def several(turn: Turn) -> Answer:
    """Handle POST /, a batch. Each part counts as a call; only reads are supported."""
    batch = _asked()
    if len(batch) > MOST:
        raise refusal(
            f"Too many requests in batch message. Maximum batch size is {MOST}",
            -3,
            kind="GraphBatchException",
        )
    answers = [_one(turn, part, is_first=index == 0) for index, part in enumerate(batch)]
    return Answer(
        200, [{"code": answer.code, "body": json.dumps(answer.body)} for answer in answers]
    )


def _asked() -> list[Json]:
    try:
        batch = json.loads(request.form.get("batch", ""))
    except ValueError:
        raise bad_parameter("param batch must be an array.") from None
    if not isinstance(batch, list) or not all(isinstance(part, dict) for part in batch):
        raise bad_parameter("param batch must be an array.")
    return batch


def _one(turn: Turn, part: Json, *, is_first: bool) -> Answer:
    parts = urlsplit(VERSION.sub("", str(part.get("relative_url", ""))))
    fields = parse_qs(parts.query).get("fields", [None])[0]
    try:
        if part.get("method") != "GET":
            raise bad_parameter("The practice platform takes batches of GET only")
        if not is_first:  # the first is counted with the request
            FacebookVoice().count(turn, "lookup")
        return reading.shown(turn, parts.path, fields)
    except Refused as refused:
        return refused.answer
