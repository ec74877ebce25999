"""The rows that the history events of a timeline refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.posts import Decision
from publisher.models.submission_details import SubmissionNote
from publisher.models.submissions import Submission


@dataclass(frozen=True)
class Background:
    """The rows that the history refers to, by id."""

    deliveries: Mapping[int, Delivery]
    decisions: Mapping[int, Decision]
    submission: Submission | None = None
    files: int = 0
    notes: Mapping[int, SubmissionNote] = field(default_factory=dict)
    undone: frozenset[int] = frozenset()  # events whose reason no longer stands

    def decision_of(self, event: Event) -> Decision | None:
        """Return the decision that the event records; of an approval, the one of its moment."""
        if event.verb != "approve":
            return self.decisions.get(event.details.get("decision", 0))
        moment = (event.person_id, event.at)
        approvals = (row for row in self.decisions.values() if (row.person_id, row.at) == moment)
        return next(approvals, None)
