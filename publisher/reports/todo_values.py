"""A task as Today shows it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from publisher.models.posts import Language
from publisher.reports.types import AccountName, Office, Who
from publisher.tasks.specs import DueKind, TaskKind


@dataclass(frozen=True)
class Waiting:
    """A task as plain values; fields that its kind does not use stay empty.

    `subject` is the table of its subject. `quote` is a citizen's or a department's text,
    `text` ours. `code` is the reason from a delivery or an account. `by` handed in the submission
    or wrote the revision, `holder` has taken it. `author` is the citizen, who wrote at
    `written_at`. `called_urgent` is true if the department marked it as urgent. `post_id` is the
    post that it is a part of; `parts` are all the tasks of that post, if there are several.
    """

    kind: TaskKind
    subject: str
    subject_id: int
    since_at: datetime
    path: str = ""
    due_at: datetime | None = None
    due_kind: DueKind | None = None
    urgent: bool = False
    called_urgent: bool = False
    written_at: datetime | None = None
    title: str = ""
    quote: str = ""
    text: str = ""
    number: str = ""
    department: Office | None = None
    revision: int | None = None
    languages: tuple[Language, ...] = ()
    platforms: tuple[str, ...] = ()
    account: AccountName | None = None
    author: str = ""
    by: Who | None = None
    holder: Who | None = None
    code: str = ""
    post_id: int | None = None
    parts: tuple[Waiting, ...] = ()
