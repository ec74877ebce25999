"""Undo: a button in the message about what was done, and the response when it is pressed."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, WrongRole
from publisher.validation import Invalid
from web.core.auth import writing
from web.messages.field_errors import problem_sentence
from web.messages.refusals import refusal_sentence


def flash_with_undo(sentence: str, path: str) -> None:
    """Say on the next page what was done, with a button that posts to `path` to undo it.

    Without a path there is no button.
    """
    flash(sentence)
    if path:
        flash(path, "undo")


def undone(undo: Callable[[Session], object], sentence: str) -> bool:
    """Undo in a transaction, and say so on the next page, or say why not and return False."""
    try:
        with writing() as session:
            undo(session)
    except WrongRole:
        raise
    except NotAllowed as refusal:
        flash(refusal_sentence(refusal), "amber")
        return False
    except Invalid as refusal:
        flash(" ".join(problem_sentence(problem) for problem in refusal.problems), "amber")
        return False
    flash(sentence)
    return True
