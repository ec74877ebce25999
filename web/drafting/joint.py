"""The other departments of a joint post on the drafting form: asked to approve, or only named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import request
from wtforms import Field, SelectField

from publisher.drafting.drafts import Draft
from publisher.models.people import Department
from publisher.models.posts import Post
from web.core.i18n import _
from web.core.state_badges import N_
from web.forms import number_of, options
from web.messages.names import department_name

ASKED, NAMED, OUT = "asked", "named", "out"
HOW: Mapping[str, str] = {
    ASKED: N_("is asked to approve"),
    NAMED: N_("is only named"),
    OUT: N_("leave out"),
}


@dataclass(frozen=True)
class JointRow:
    """A department beside the owning one; one whose submission the post rests on stays named."""

    department: Department
    is_source: bool
    how: str

    @property
    def name(self) -> str:
        """The name of its field."""
        return f"joint_{self.department.id}"

    def field(self) -> SelectField:
        """What it is asked for."""
        ways = [one for one in HOW if one != OUT or not self.is_source]
        choices = options((one, _(HOW[one])) for one in ways)
        return SelectField(
            department_name(self.department),
            choices=choices,
            default=self.how,
            validate_choice=False,
        )


def rows(post: Post, draft: Draft, departments: Sequence[Department]) -> tuple[JointRow, ...]:
    """The departments of the draft, those that a form in hand holds, and the one it adds."""
    known = {one.id: one for one in departments}
    sources = {one.department_id for one in post.submissions}
    return tuple(
        JointRow(known[one], one in sources, how)
        for one, how in dict(_wanted(draft)).items()
        if one in known and one != post.department_id
    )


def _wanted(draft: Draft) -> Iterator[tuple[int, str]]:
    for how, ids in ((ASKED, draft.asked_ids), (NAMED, draft.named_ids)):
        yield from ((one, how) for one in ids)
    met = {*draft.asked_ids, *draft.named_ids}
    for typed in request.form.getlist("joint"):
        if (key := number_of(typed)) not in met:
            yield key, ASKED
    if added := number_of(request.form.get("joint_add")):
        yield added, request.form.get("joint_add_as", ASKED)


def choose_from(
    field: SelectField, taken: Sequence[JointRow], departments: Sequence[Department]
) -> None:
    """Offer the departments that have no row yet; what was added has got its own."""
    there = {one.department.id for one in taken}
    rest = [(str(one.id), department_name(one)) for one in departments if one.id not in there]
    field.choices = options([("", _("Choose a department")), *rest])
    field.data, field.raw_data = "", []


def read(form: Mapping[str, Field], taken: Sequence[JointRow], how: str) -> tuple[int, ...]:
    """The ids of the departments that are to be asked, or only named."""
    return tuple(one.department.id for one in taken if form[one.name].data == how)
