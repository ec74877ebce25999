"""The kill points of `publisher.failpoints`, grouped by what a process is doing there."""

from __future__ import annotations

PUBLISHING = (
    "publish.before_claim",
    "publish.in_claim_commit",
    "publish.claimed",
    "publish.uploaded",
    "publish.in_sending_commit",
    "publish.before_connect",
    "publish.half_sent",
    "publish.sent_unread",
    "publish.answer_unstored",
    "publish.in_receipt_commit",
    "publish.stored",
)
IN_TWO_STEPS = ("publish.staged_unstored", "publish.staged")
LOOKING = ("look.marked", "look.read", "look.in_commit", "look.stored")
LISTENING = ("listen.page_unstored", "listen.page_stored")
BETWEEN_PAGES = ("listen.between_pages",)
"""Only posts that are read together come here, with more than a page of comments."""
RECEIVING = ("webhook.unstored", "webhook.in_commit", "webhook.stored")
BEING_TOLD = ("webhook.unworked", "webhook.read_unstored", "webhook.read_stored")
APPROVING = ("approve.before_commit", "approve.after_commit")
SCHEDULING = ("schedule.before_commit", "schedule.after_commit")
EDITING = ("edit.before_commit", "edit.after_commit")
ANSWERING = ("answer.before_commit", "answer.after_commit")
BACKING_UP = ("backup.unfinished", "restore.in_commit", "restore.unsought")
MOVING = ("store.unlaid", "store.unconfirmed", "store.medium_copied")
"""These are tested in tests/cli/test_media.py."""
ACTING = ("tasks.refreshed", "tasks.look_in_commit", "tasks.told_in_commit")
TAKING_IN = ("mailbox.fetched", "mailbox.stored")
WRITING = ("mail.claimed", "mail.accepted_unstored", "sms.claimed", "sms.accepted_unstored")
"""These are tested in tests/notifications."""
