"""Failpoints: named points at which a test can kill a process. They are off by default."""

from __future__ import annotations

import os
import signal

NAMES = frozenset(
    {
        "approve.before_commit",
        "approve.after_commit",
        "schedule.before_commit",
        "schedule.after_commit",
        "edit.before_commit",
        "edit.after_commit",
        "answer.before_commit",
        "answer.after_commit",
        "publish.before_claim",
        "publish.in_claim_commit",
        "publish.claimed",
        "publish.uploaded",
        "publish.staged_unstored",
        "publish.staged",
        "publish.in_sending_commit",
        "publish.before_connect",
        "publish.half_sent",
        "publish.sent_unread",
        "publish.answer_unstored",
        "publish.in_receipt_commit",
        "publish.stored",
        "look.marked",
        "look.read",
        "look.in_commit",
        "look.stored",
        "listen.page_unstored",
        "listen.page_stored",
        "listen.between_pages",
        "webhook.unstored",
        "webhook.in_commit",
        "webhook.stored",
        "webhook.unworked",
        "webhook.read_unstored",
        "webhook.read_stored",
        "mailbox.fetched",
        "mailbox.stored",
        "mail.claimed",
        "mail.accepted_unstored",
        "sms.claimed",
        "sms.accepted_unstored",
        "backup.unfinished",
        "restore.in_commit",
        "restore.unsought",
        "tasks.refreshed",
        "tasks.look_in_commit",
        "tasks.told_in_commit",
        "store.unlaid",
        "store.unconfirmed",
        "store.medium_copied",
    }
)
ARMED = "NAGARVANI_CHECKPOINT"
LOG = "NAGARVANI_CHECKPOINT_LOG"


def is_armed(name: str) -> bool:
    """Return True if the environment arms this failpoint."""
    return os.environ.get(ARMED) == name


def hit(name: str) -> None:
    """Kill this process by SIGKILL if this failpoint is armed, and note that in the log.

    Raises `ValueError` for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(name)
    if not is_armed(name):
        return
    if log := os.environ.get(LOG):
        # Appended in one piece: another thread may arrive at the same moment.
        os.write(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND), f"{name}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
