"""The templates that come with the product: drafts until their departments approve them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.emergency import template_editing
from publisher.emergency.template_editing import BlankForm, TemplateForm
from publisher.models.emergency import EmergencyTemplate
from publisher.models.people import Department
from publisher.people.departments import is_in_force


def insert_missing(session: Session, *, now: datetime) -> int:
    """Insert the missing templates, without an approval; return how many were inserted.

    Existing templates stay as they are, even if they were changed or ended. Templates of a
    department that is not in the register, or is closed, are left out.
    """
    existing_codes = set(session.scalars(select(EmergencyTemplate.code)))
    departments = {
        department.code: department
        for department in session.scalars(select(Department))
        if is_in_force(department, now=now)
    }
    missing = [
        row
        for row in rows()
        if row["code"] not in existing_codes and row["department"] in departments
    ]
    for row in missing:
        wording = template_editing.validate_template(
            session, row_to_form(row, departments[row["department"]].id), now=now
        )
        template = EmergencyTemplate(code=row["code"], newest=0, made_at=now)
        session.add(template)
        template_editing.add_revision(session, template, wording, now=now)
        transitions.record(session, template, "lay_template", actor=CLOCK, now=now)
    return len(missing)


def row_to_form(row: Mapping[str, Any], department_id: int) -> TemplateForm:
    """Return a row of the file as a form."""
    return TemplateForm(
        name_mr=row["name_mr"],
        name_en=row["name_en"],
        department_id=department_id,
        text_mr=row["text_mr"],
        text_en=row["text_en"],
        late_limit=row["late_limit"],
        blanks=tuple(BlankForm(**blank) for blank in row["blanks"]),
    )


def rows() -> list[dict[str, Any]]:
    """Return the templates of the file: texts, blanks and the owning department's code."""
    source = files(__package__).joinpath("texts", "templates.toml")
    templates: list[dict[str, Any]] = tomllib.loads(source.read_text(encoding="utf-8"))["template"]
    return templates
