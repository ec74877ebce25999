"""Submissions, and the posts that are made from them."""

from __future__ import annotations

from publisher.models.content.posts import (
    Decision,
    DecisionKind,
    Language,
    Post,
    PostKind,
    Rendition,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.models.content.submissions import (
    Counter,
    PostSubmission,
    Priority,
    Submission,
    SubmissionFile,
    SubmissionKind,
)

__all__ = [
    "Counter",
    "Decision",
    "DecisionKind",
    "Language",
    "Post",
    "PostKind",
    "PostSubmission",
    "Priority",
    "Rendition",
    "Revision",
    "RevisionDepartment",
    "Submission",
    "SubmissionFile",
    "SubmissionKind",
    "Variant",
]
