"""Where X takes no reply of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from publisher.desk.warning.shapes import Known, Place, Text, Warned, WarningCode
from publisher.models.comments import Comment

X = "x"


def refused(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """A reply on X to somebody who did not mention us, under a post that is not ours."""
    if known.may_reply:
        return
    for index, text in enumerate(texts):
        if text.target and text.platform == X:
            yield Warned(WarningCode.REPLY_REFUSED, Place(index, "text"))


def may_reply(comment: Comment) -> bool:
    """Whether X takes a reply to this comment: it stands under a post of ours, or mentions us."""
    is_ours = comment.thread.receipt_id is not None
    return takes_reply(comment.account.platform, comment.account.handle, comment.text, is_ours)


def takes_reply(platform: str, handle: str, text: str, is_ours: bool) -> bool:
    """The same by what decides it: the comment's text, and whether the post above is ours."""
    if platform != X or is_ours:
        return True
    name = re.escape(handle.lstrip("@"))
    return re.search(rf"(?<![\w@])[@＠]{name}(?!\w)", text, re.IGNORECASE) is not None
