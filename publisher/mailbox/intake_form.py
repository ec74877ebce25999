"""A mail as the form that its sender would have filled in."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from publisher.intake.form import MOST_FILES, HandIn
from publisher.mail_messages.message import MailMessage
from publisher.mailbox import texts
from publisher.mailbox.mail_files import MailFiles
from publisher.models.submissions import SubmissionKind


def form_of(
    message: MailMessage,
    mail_files: MailFiles,
    *,
    department_id: int,
    content_digest: str,
    brought_by: str = "",
) -> HandIn:
    """Return the form; it names the mail by Message-ID and content, so that none counts twice."""
    text = texts.text_of(message)
    fields: dict[str, Any] = {texts.field_of(text): text}
    token = sha256(f"{message.message_id}\n{content_digest}".encode()).hexdigest()
    return HandIn(
        department_id=department_id,
        kind=SubmissionKind.OTHER,
        title=texts.title_of(message),
        files=mail_files.files[:MOST_FILES],
        form_token=token,
        brought_by=brought_by,
        **fields,
    )
