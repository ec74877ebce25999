"""Sends every form of the URL map with empty, too long, deceptive and broken values."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from tests.support.runs import Run
from tests.web.conftest import new_site
from tests.web.every_form import OTHER_FORMS, AllForms, Form, read_all_forms
from tests.web.html_page import Element, Page
from tests.web.world import SIGNED

SEQUENCES = "👩🏽‍🚒👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿❤️‍🔥"
"""A firefighter, a family, a flag and a burning heart: four emoji of many code points."""

REFUSED = {
    "empty": "",
    "spaces": " \u00a0\u2003\u3000 ",
    "invisible": "\u200b\u200d\u2060",
    "selectors": "\u180b\ufe0f\U000e0100",
    "right to left": "पाणी \u202eउद्या",
    "half a character": "पाणी \ufffd",  # browsers send this for a lone surrogate
    "a control character": "पाणी\x00",
    "too long": "-.- " * 5_250,  # in all fields at once within the limit of a form
}
UNUSUAL = {
    "another script": "Вода 水 ماء νερό",
    "emoji": SEQUENCES,
    "lone surrogate": "पाणी\ud800",  # only a machine sends its bytes; they arrive spelled out
    "markup": "<b>\"'{{ 7 * 7 }}%s%(a)s{0}\r\nBcc: a",
}
TAMPERED = {
    "a number without end": "9" * 40,
    "a number that nothing has": "99",
    "no number": "²\x00",
    "nothing": "",
}
MAY_STAY_EMPTY = {"review.withdraw_approval", "deliveries.it_is_live"}
ALWAYS_ACCEPTED = {"password_reset.ask"}
"""A request for a new password gets the same response, whatever was typed."""

RARE = {
    "a number without end",
    "invisible",
    "selectors",
    "spaces",
    "right to left",
    "half a character",
    "emoji",
    "too long",
    "a control character",
    "another script",
    "lone surrogate",
    "markup",
    "a number that nothing has",
    "no number",
    "nothing",
}
"""The values that only `make proof` sends, since they rarely find a fault."""

IGNORED_FIELDS = {"urgent_reason"}
"""The reason for urgency is ignored, however long it is, if the submission is not urgent."""

MARATHI, LATIN = re.compile("[\u0900-\u097f]"), re.compile("[A-Za-z]{4,}")


def with_marks(kinds: dict[str, str]) -> list[object]:
    """Return the kinds as parameters, the rare ones with the mark `proof`."""
    # Reading all forms takes a quarter of a minute: `make ci` does so once.
    proof, ci = pytest.mark.proof, pytest.mark.ci
    return [pytest.param(kind, marks=proof if kind in RARE else ci) for kind in kinds]


@pytest.fixture(scope="module")
def all_forms(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AllForms]:
    """Read all forms of a city with examples on every page."""
    folder = tmp_path_factory.mktemp("everywhere")
    forms = read_all_forms(new_site(run, folder), folder)
    yield forms
    forms.site.city.database.dispose()


@pytest.mark.ci
def test_the_table_of_forms_covers_every_route_that_accepts_a_post(all_forms: AllForms) -> None:
    rules = all_forms.site.app.url_map.iter_rules()
    endpoints = {rule.endpoint for rule in rules if "POST" in (rule.methods or ())}
    assert endpoints - set(all_forms.forms) == SIGNED


def typed_forms(all_forms: AllForms) -> list[Form]:
    """Return the forms that are sent by POST and have typed fields."""
    return [
        form
        for name, form in all_forms.forms.items()
        if form.method == "post" and form.typed_names and name not in OTHER_FORMS
    ]


@pytest.mark.parametrize("kind", with_marks(REFUSED))
def test_bad_input_is_an_error_at_its_field_and_no_other_input_is_lost(
    all_forms: AllForms, kind: str
) -> None:
    wrong, accepted = [], set()
    for form in typed_forms(all_forms):
        response = all_forms.send(form, form.with_typed(REFUSED[kind]))
        if response.status_code == 302:
            accepted.add(form.endpoint)
            all_forms.restore()
        wrong += [f"{form.endpoint}: {fault}" for fault in faults(form, response, REFUSED[kind])]
    assert wrong == []
    expected = MAY_STAY_EMPTY if kind in ("empty", "spaces") else set()
    assert accepted == expected | (ALWAYS_ACCEPTED if kind != "empty" else set())


@pytest.mark.parametrize("kind", with_marks(UNUSUAL))
def test_unusual_text_is_accepted_or_is_an_error_at_its_field(
    all_forms: AllForms, kind: str
) -> None:
    wrong = []
    for form in typed_forms(all_forms):
        response = all_forms.send(form, form.with_typed(UNUSUAL[kind]))
        if response.status_code == 302:
            all_forms.restore()
        wrong += [f"{form.endpoint}: {fault}" for fault in faults(form, response, UNUSUAL[kind])]
    assert wrong == []


def faults(form: Form, response: TestResponse, value: str) -> Iterator[str]:
    """Yield what is wrong with the response to a form with this value in all typed fields."""
    if response.status_code not in (302, 422):
        yield f"answered {response.status_code}"
    if response.status_code != 422:
        return
    page = Page(response.text)
    at_fields = [tag for tag in page.all if tag.get("aria-invalid") == "true"]
    if not at_fields:
        yield f"no field is marked: {page.errors()}"
    for at_field in at_fields:
        yield from _bad_messages(page, at_field, value)
    for name in sorted(form.typed_names) if "\ud800" not in value else ():
        lines = [_lines(field) for field in page.named(name)]
        if not lines or set(lines) != {"\n".join(value.splitlines())}:
            yield f"{name} holds {str(lines)[:60]}"


def _lines(element: Element) -> str:
    return "\n".join(
        (element.raw if element.tag == "textarea" else element.get("value")).splitlines()
    )


def _bad_messages(page: Page, field: Element, value: str) -> Iterator[str]:
    """Yield a line for each error of a field or its group that is missing or not in Marathi."""
    group = field.within("fieldset")
    described = f"{field.get('aria-describedby')} {group.get('aria-describedby') if group else ''}"
    error_ids = {error_id for error_id in described.split() if error_id.endswith("-error")}
    if not error_ids:
        yield f"{field.get('id')} is wrong and nothing says why"
    for error_id in error_ids:
        error = page.by_id(error_id).text
        foreign_words = set(LATIN.findall(error.casefold())) - set(LATIN.findall(value.casefold()))
        if not MARATHI.search(error) or foreign_words - {"https"}:
            yield f"{field.get('id')} is told {error!r}"


@pytest.mark.parametrize("kind", with_marks(TAMPERED))
def test_tampered_hidden_fields_and_choices_are_no_server_error(
    all_forms: AllForms, kind: str
) -> None:
    broken = []
    for form in all_forms.forms.values():
        response = all_forms.send(form, form.with_all(TAMPERED[kind]))
        if form.method == "post" and response.status_code in (200, 302):
            all_forms.restore()
        allowed = {200} if form.method == "get" else {200, 302, 400, 401, 403, 404, 409, 422}
        if response.status_code not in allowed:
            broken.append(f"{form.endpoint}: {response.status_code}")
        if response.status_code == 422 and form.endpoint not in OTHER_FORMS:
            page = Page(response.text)
            marked = [tag for tag in page.all if tag.get("aria-invalid") == "true"]
            broken += [
                f"{form.endpoint}: {say}"
                for field in marked
                for say in _bad_messages(page, field, "")
            ]
    assert broken == []


SEARCHES = {
    "a word without end": "अ" * 17_000,
    "emoji": SEQUENCES,
    "right to left": "\u202eपाणी",
    "half a character": "\ufffd\ud800",
    "a control character": "\x00\r\n",
}


@pytest.mark.ci
@pytest.mark.parametrize("kind", SEARCHES)
def test_unusual_search_and_filter_parameters_are_no_server_error(
    all_forms: AllForms, kind: str
) -> None:
    forms = [form for form in all_forms.forms.values() if form.method == "get"]
    codes = {
        form.endpoint: all_forms.send(form, form.with_typed(SEARCHES[kind])).status_code
        for form in forms
    }
    assert len(codes) > 5
    assert codes == dict.fromkeys(codes, 200)


@pytest.mark.ci
def test_sequences_of_emoji_are_kept_as_they_were_written(all_forms: AllForms) -> None:
    for endpoint in ("posts.note", "submissions.return_submission", "submissions.note"):
        form = all_forms.forms[endpoint]
        response = all_forms.send(form, form.with_typed(f"आग विझली {SEQUENCES}"))
        assert response.status_code == 302
        page = all_forms.browser(form.who).page(response.headers["Location"].partition("#")[0])
        assert f"आग विझली {SEQUENCES}" in page
        all_forms.restore()


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_an_overlong_text_in_any_field_is_an_error_and_no_input_is_lost(
    all_forms: AllForms,
) -> None:
    wrong: list[str] = []
    for form in typed_forms(all_forms):
        for name in sorted(form.typed_names):
            long = "ααα " * 17_500
            pairs = tuple((own, long if own == name else value) for own, value in form.fields)
            wrong += _overlong_faults(all_forms, form, all_forms.send(form, pairs), name, long)
    assert wrong == []


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_a_very_long_text_in_any_form_is_an_error_and_nothing_is_lost(
    all_forms: AllForms,
) -> None:
    wrong: list[str] = []
    for form in typed_forms(all_forms):
        name = max(form.typed_names, key=lambda name: (name.startswith("text"), name))
        long = "aaa " * 62_500
        pairs = tuple((own, long if own == name else value) for own, value in form.fields)
        response = all_forms.send(form, pairs)
        if form.who == "-":  # without a session so long a form is not read
            assert response.status_code == 413
        else:
            wrong += _overlong_faults(all_forms, form, response, name, long)
    assert wrong == []


def _overlong_faults(
    all_forms: AllForms, form: Form, response: TestResponse, name: str, value: str
) -> Iterator[str]:
    """Yield what is wrong with the response to a field that is far too long."""
    if response.status_code == 302:
        all_forms.restore()
        if form.endpoint not in ALWAYS_ACCEPTED and name not in IGNORED_FIELDS:
            yield f"{form.endpoint}: {name} was taken"
    elif response.status_code != 422:
        yield f"{form.endpoint}: {name} is answered {response.status_code}"
    elif value.strip() not in response.text:
        yield f"{form.endpoint}: {name} is lost"
