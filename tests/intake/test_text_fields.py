"""Each text field of the hand-in form is checked by its rule, in every part of the form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from publisher.intake.form import FIELDS, TEXT_FIELDS, HandIn, check
from publisher.models.submissions import Priority, SubmissionKind
from tests.support.tables import each

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@each("field", TEXT_FIELDS)
def test_a_text_that_is_too_long_is_refused(field: str) -> None:
    texts: dict[str, Any] = {
        "title": "पाणीपुरवठा बंद",
        "text_mr": "पाणीपुरवठा बंद राहील.",
        "urgent_reason": "आज कळणे आवश्यक",
        "brought_by": "मीरा",
        field: "x" * ((FIELDS[field].most or 2_000) + 1),
    }
    form = HandIn(
        department_id=1,
        kind=SubmissionKind.PUBLIC_NOTICE,
        priority=Priority.URGENT,
        form_token="a" * 32,
        **texts,
    )
    checked = check(form, at_desk=True, now=NOW)
    assert {problem.field for problem in checked.problems} == {field}
