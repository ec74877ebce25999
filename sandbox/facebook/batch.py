"""Batch requests: POST / with `batch`, each part answered like a request of its own.

Facebook: its page on batch requests. GET /?ids= was removed in version 26.0 of the API.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

from flask import request

from sandbox.exchange import Answer, Refused, RequestContext
from sandbox.facebook import reads
from sandbox.facebook.errors import FacebookResponses, bad_parameter, refusal

MAX_REQUESTS = 50
VERSION = re.compile(r"^/?(?:v\d+\.\d+/)?")
Json = dict[str, object]


def handle_batch(request_context: RequestContext) -> Answer:
    """Handle POST /, a batch. Each part counts as a call; only reads are supported."""
    batch = _parse_batch()
    if len(batch) > MAX_REQUESTS:
        raise refusal(
            f"Too many requests in batch message. Maximum batch size is {MAX_REQUESTS}",
            -3,
            kind="GraphBatchException",
        )
    answers = [
        _read_one(request_context, part, is_first=index == 0) for index, part in enumerate(batch)
    ]
    return Answer(
        200, [{"code": answer.code, "body": json.dumps(answer.body)} for answer in answers]
    )


def _parse_batch() -> list[Json]:
    try:
        batch = json.loads(request.form.get("batch", ""))
    except ValueError:
        raise bad_parameter("param batch must be an array.") from None
    if not isinstance(batch, list) or not all(isinstance(part, dict) for part in batch):
        raise bad_parameter("param batch must be an array.")
    return batch


def _read_one(request_context: RequestContext, part: Json, *, is_first: bool) -> Answer:
    parts = urlsplit(VERSION.sub("", str(part.get("relative_url", ""))))
    fields = parse_qs(parts.query).get("fields", [None])[0]
    try:
        if part.get("method") != "GET":
            raise bad_parameter("The practice platform takes batches of GET only")
        if not is_first:  # the first is counted with the request
            FacebookResponses().count(request_context, "lookup")
        return reads.read_object(request_context, parts.path, fields)
    except Refused as refused:
        return refused.answer
