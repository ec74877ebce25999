"""Every code has a label, so that no page shows a code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from publisher.intake.form import FIELDS, TEXT_FIELDS
from publisher.models.submissions import Priority, Submission
from publisher.states import CLAIMED_OR_SENDING, DeliveryState
from tests.web.site import Site
from web import messages
from web.messages.intake import FIELD_LABELS
from web.schedule.calendar import LEGEND

# These tables leave out members that never come to be shown by them.
INCOMPLETE = {"HAPPENS", "WAITING", "WAITS", "ALREADY", "SENTENCES", "DEAD", "ENDS"}


def tables() -> Iterator[tuple[str, Mapping[StrEnum, object]]]:
    """Yield the tables of labels by the members of an enum."""
    for module in iter_modules(messages.__path__, f"{messages.__name__}."):
        for name, table in vars(import_module(module.name)).items():
            if isinstance(table, Mapping) and all(isinstance(key, StrEnum) for key in table):
                yield name, table


@pytest.mark.parametrize(
    "table", [pytest.param(table, id=name) for name, table in tables() if name not in INCOMPLETE]
)
def test_every_member_of_an_enum_has_its_label(table: Mapping[StrEnum, object]) -> None:
    assert set(table) == set(type(next(iter(table))))


def test_the_calendar_explains_every_state_that_lasts() -> None:
    lasting = {state.value for state in DeliveryState} - set(CLAIMED_OR_SENDING)
    explained = {state for subject, state in LEGEND if subject == "delivery"}
    assert explained == lasting | {"paused", "by_hand"}


def test_every_field_of_a_submission_has_its_label() -> None:
    assert set(FIELD_LABELS) == {"kind", "wards", "files", *FIELDS}


def test_the_form_has_a_control_for_every_text_field(site: Site) -> None:
    page = site.browser("clerk").page("/submissions/new")
    assert [field for field in TEXT_FIELDS if not page.named(field)] == []


def test_the_page_of_a_submission_shows_every_text_field(site: Site) -> None:
    submission_id = site.city.hand_in()
    texts: dict[str, Any] = {name: f"text-of-{name}" for name in TEXT_FIELDS}
    with site.city.write() as session:
        submission = session.get_one(Submission, submission_id)
        submission.priority = Priority.URGENT
        for name, text in texts.items():
            setattr(submission, name, text)
    page = site.browser("clerk").page(f"/submissions/{submission_id}")
    assert [text for text in texts.values() if text not in page] == []
