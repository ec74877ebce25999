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
    """POST /. Facebook: each of them counts as a call; the practice platform only reads so."""
    asked = _asked()
    if len(asked) > MOST:
        raise refusal(
            f"Too many requests in batch message. Maximum batch size is {MOST}",
            -3,
            kind="GraphBatchException",
        )
    given = [_one(turn, one, is_first=place == 0) for place, one in enumerate(asked)]
    return Answer(200, [{"code": one.code, "body": json.dumps(one.body)} for one in given])


def _asked() -> list[Json]:
    try:
        found = json.loads(request.form.get("batch", ""))
    except ValueError:
        raise bad_parameter("param batch must be an array.") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise bad_parameter("param batch must be an array.")
    return found


def _one(turn: Turn, asked: Json, *, is_first: bool) -> Answer:
    parts = urlsplit(VERSION.sub("", str(asked.get("relative_url", ""))))
    fields = parse_qs(parts.query).get("fields", [None])[0]
    try:
        if asked.get("method") != "GET":
            raise bad_parameter("The practice platform takes batches of GET only")
        if not is_first:  # the first is counted with the request
            FacebookVoice().count(turn, "lookup")
        return reading.shown(turn, parts.path, fields)
    except Refused as refused:
        return refused.answer
