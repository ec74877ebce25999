"""The base of every form: CSRF, and problems of the house put beside their fields."""

from __future__ import annotations

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import Field

from publisher.validation import Problem
from web.wording.problems import problem_sentence


class Form(FlaskForm):
    """A form whose fields can take the problems that a use case found.

    `aliases` names the form's field for a use case's, where the two differ.
    """

    aliases: dict[str, str] = {}  # noqa: RUF012  WTForms reads annotated class variables as fields

    def show(self, problems: Iterable[Problem]) -> list[str]:
        """Put each problem at its field; gives the sentences that belong to no field here."""
        rest = []
        for problem in problems:
            field = self._field(problem.field)
            sentence = problem_sentence(problem)
            if field is None:
                rest.append(sentence)
            elif sentence not in field.errors:
                field.errors = [*field.errors, sentence]
        return rest

    def _field(self, name: str) -> Field | None:
        found: Field | None = self._fields.get(self.aliases.get(name, name))
        return found
