"""Named places at which a test may stop a process; without a test's environment they do nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

NAMES = frozenset(
    {
        "approve.before_commit",
        "approve.after_commit",
        "publish.before_claim",
        "publish.claimed",
        "publish.before_connect",
        "publish.sent_unread",
        "publish.answer_unstored",
        "publish.stored",
        "listen.page_unstored",
        "listen.page_stored",
        "mail.claimed",
        "mail.accepted_unstored",
        "sms.claimed",
        "sms.accepted_unstored",
    }
)
ARMED = "NAGARVANI_CHECKPOINT"
LOG = "NAGARVANI_CHECKPOINT_LOG"


def reach(name: str) -> None:
    """Die here by SIGKILL where the environment arms this name; a log says it was reached."""
    if name not in NAMES:
        raise ValueError(name)
    if os.environ.get(ARMED) != name:
        return
    if log := os.environ.get(LOG):
        Path(log).write_text(name)
    os.kill(os.getpid(), signal.SIGKILL)
