"""What X's refusals mean, by their HTTP code and their words."""

from __future__ import annotations

from publisher.platforms.base.errors import RefusalCode
from publisher.platforms.http.answers import Answer, Fault, Finding

# What a refusal says, and what it means. The words for a reply that was not summoned and for
# an over-long text are not established; they are looked for here and nowhere else.
REFUSALS = (
    ("duplicate", RefusalCode.DUPLICATE),
    ("deleted or not visible", RefusalCode.TARGET_GONE),
    ("too long", RefusalCode.TOO_LONG),
    ("media id", RefusalCode.MEDIA_INVALID),
    ("mentioned", RefusalCode.NOT_SUMMONED),
    ("reply to this conversation", RefusalCode.NOT_SUMMONED),
    ("suspended", RefusalCode.BLOCKED),
    ("locked", RefusalCode.BLOCKED),
)
BY_CODE = {
    400: RefusalCode.INVALID,
    402: RefusalCode.PERMISSION,
    403: RefusalCode.PERMISSION,
    404: RefusalCode.TARGET_GONE,
    413: RefusalCode.MEDIA_TOO_LARGE,
}


def read_error(answer: Answer) -> Finding | None:
    """What an answer of X means beyond its HTTP code; None where the code says all."""
    if answer.code < 400 or answer.code in (401, 408, 429):
        return None
    said = answer.body.lower()
    if "expired token" in said:
        return Finding(Fault.CREDENTIALS)
    if answer.path.startswith("/2/media") and answer.code == 400:
        is_large = "too large" in said
        reason = RefusalCode.MEDIA_TOO_LARGE if is_large else RefusalCode.MEDIA_INVALID
        return Finding(Fault.REFUSED, reason)
    for words, reason in REFUSALS:
        if words in said:
            return Finding(Fault.REFUSED, reason)
    return Finding(Fault.REFUSED, BY_CODE.get(answer.code, RefusalCode.UNKNOWN))
