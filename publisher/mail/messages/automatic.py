"""Recognise messages that no person wrote: automatic replies, bounces, lists (RFC 3834)."""

from __future__ import annotations

import re
from typing import Final

from publisher.mail.messages.message import AutomaticKind, MailAddress
from publisher.mail.messages.structure import Part

_SUBJECT: Final = re.compile(
    r"(automatic reply|auto[- ]?reply|autoreply|auto[- ]?response|out of (the )?office"
    r"|vacation reply|स्वयंचलित (उत्तर|प्रत्युत्तर)|स्वचालित (उत्तर|जवाब))\s*[:：]",
    re.IGNORECASE,
)
_DAEMONS: Final = re.compile(r"(mailer-daemon|postmaster|mail-daemon)@")
_FAILURE: Final = re.compile(
    r"undeliver|delivery (status|has failed|failure)|returned mail|mail delivery|failure notice",
    re.IGNORECASE,
)
_REPLY_HEADERS: Final = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-vacation")
_LIST_HEADERS: Final = ("list-id", "list-post", "list-unsubscribe", "mailing-list")


def automatic_kind(root: Part, sender: MailAddress, subject: str) -> AutomaticKind | None:
    """Return the kind of a message that no person wrote; None for a person's own message."""
    headers = root.headers
    submitted = headers.first("auto-submitted").lower()
    precedence = headers.first("precedence").lower()
    if root.mime == "multipart/report":
        receipt = root.parameters.get("report-type", "").lower() == "disposition-notification"
        return AutomaticKind.AUTO_REPLY if receipt else AutomaticKind.BOUNCE
    if headers.all("x-failed-recipients") or (
        _DAEMONS.match(sender.address) and _FAILURE.search(subject)
    ):
        return AutomaticKind.BOUNCE
    if (
        (submitted and not submitted.startswith("no"))
        or any(map(headers.all, _REPLY_HEADERS))
        or precedence in ("auto_reply", "auto-reply")
        or "rules agent" in headers.first("x-ms-exchange-generated-message-source").lower()
        or _SUBJECT.match(subject)
    ):
        return AutomaticKind.AUTO_REPLY
    if "<>" in "".join(headers.first("return-path").split()):
        return AutomaticKind.BOUNCE
    if precedence in ("list", "bulk", "junk") or any(map(headers.all, _LIST_HEADERS)):
        return AutomaticKind.LIST
    return None
