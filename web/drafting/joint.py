"""Further departments of a joint post on the drafting form: asked to approve, or only named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import request
from wtforms import Field, SelectField

from publisher.drafting.drafts import Draft
from publisher.models.people import Department
from publisher.models.posts import Post
from web.core.i18n import N_, _
from web.forms import department_options, number_of, options
from web.messages.names import department_name

ASKED, NAMED, OUT = "asked", "named", "out"
HOW: Mapping[str, str] = {
    ASKED: N_("is asked to approve"),
    NAMED: N_("is only named"),
    OUT: N_("remove"),
}


@dataclass(frozen=True)
class JointRow:
    """A further department of a post; it cannot be left out if the post has its submission."""

    department: Department
    is_source: bool
    how: str

    @property
    def name(self) -> str:
        """The name of the form field."""
        return f"joint_{self.department.id}"

    def field(self) -> SelectField:
        """Return the field that chooses how the department takes part."""
        ways = [how for how in HOW if how != OUT or not self.is_source]
        choices = options((how, _(HOW[how])) for how in ways)
        return SelectField(
            department_name(self.department),
            choices=choices,
            default=self.how,
            validate_choice=False,
        )


def rows(post: Post, draft: Draft, departments: Sequence[Department]) -> tuple[JointRow, ...]:
    """Return a row for each further department of the draft, the sent form and its addition."""
    departments_by_id = {department.id: department for department in departments}
    sources = {submission.department_id for submission in post.submissions}
    return tuple(
        JointRow(departments_by_id[department_id], department_id in sources, how)
        for department_id, how in dict(_departments_and_ways(draft)).items()
        if department_id in departments_by_id and department_id != post.department_id
    )


def _departments_and_ways(draft: Draft) -> Iterator[tuple[int, str]]:
    for how, ids in ((ASKED, draft.asked_ids), (NAMED, draft.named_ids)):
        yield from ((department_id, how) for department_id in ids)
    yielded = {*draft.asked_ids, *draft.named_ids}
    for text in request.form.getlist("joint"):
        if (key := number_of(text)) not in yielded:
            yield key, ASKED
    if added := number_of(request.form.get("joint_add")):
        yield added, request.form.get("joint_add_as", ASKED)


def set_choices(
    field: SelectField, joint_rows: Sequence[JointRow], departments: Sequence[Department]
) -> None:
    """Offer the departments that have no row yet, and reset the field."""
    row_ids = {row.department.id for row in joint_rows}
    without_row = [department for department in departments if department.id not in row_ids]
    field.choices = department_options(without_row, empty_label=_("Choose a department"))
    field.data, field.raw_data = "", []


def read(form: Mapping[str, Field], joint_rows: Sequence[JointRow], how: str) -> tuple[int, ...]:
    """Return the ids of the departments for which `how` was chosen."""
    return tuple(row.department.id for row in joint_rows if form[row.name].data == how)
