"""Every form of the URL map with every field empty, too long, deceiving or broken."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from tests.support.runs import Run
from tests.web.conftest import new_site
from tests.web.every_form import BY_HAND, Everywhere, Form, found_everywhere
from tests.web.html_page import Element, Page

pytestmark = pytest.mark.xdist_group("bad input")

SEQUENCES = "👩🏽‍🚒👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿❤️‍🔥"
"""A firefighter, a family, a flag of tags and a burning heart: four signs, many code points."""

REFUSED = {
    "empty": "",
    "invisible": "\u200b\u200d\u2060",
    "right to left": "पाणी \u202eउद्या",
    "half a character": "पाणी \ufffd",  # browsers send this for a lone surrogate
    "a control character": "पाणी\x00",
    "too long": "पाणी " * 4_200,
}
TAKEN = {
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
MAY_STAY_EMPTY = {"reviewing.withdraw_approval", "deliveries.it_is_live"}
TELLS_NOTHING = {"forgotten.send"}
"""Whoever asks for a new password by whatever they typed is answered in the same words."""

RARE = {
    "invisible",
    "right to left",
    "half a character",
    "emoji",
    "too long",
    "a control character",
    "another script",
    "lone surrogate",
    "a number that nothing has",
    "no number",
    "nothing",
}
"""What costs more than it finds day by day: `make proof` sends these."""

OF_NO_ACCOUNT = {"urgent_reason"}
"""Of what is not urgent no reason is kept, however long it is."""

MARATHI, LATIN = re.compile("[\u0900-\u097f]"), re.compile("[A-Za-z]{4,}")


def often(kinds: dict[str, str]) -> list[object]:
    """The names of kinds; the rare ones marked."""
    return [pytest.param(kind, marks=pytest.mark.proof) if kind in RARE else kind for kind in kinds]


@pytest.fixture(scope="module")
def everywhere(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everywhere]:
    """A city with something on every page, and every form."""
    folder = tmp_path_factory.mktemp("everywhere")
    every_form = found_everywhere(new_site(run, folder), folder)
    yield every_form
    every_form.site.city.database.dispose()


def test_the_table_of_forms_covers_every_route_that_accepts_a_post(everywhere: Everywhere) -> None:
    rules = everywhere.site.app.url_map.iter_rules()
    endpoints = {rule.endpoint for rule in rules if "POST" in (rule.methods or ())}
    assert endpoints - set(everywhere.forms) == set()


def typed_forms(everywhere: Everywhere) -> list[Form]:
    """The forms of pages that are sent and that somebody writes into."""
    return [
        form
        for name, form in everywhere.forms.items()
        if form.method == "post" and form.typed_names and name not in BY_HAND
    ]


@pytest.mark.parametrize("kind", often(REFUSED))
def test_bad_input_is_an_error_at_its_field_and_no_other_input_is_lost(
    everywhere: Everywhere, kind: str
) -> None:
    wrong, accepted = [], set()
    for form in typed_forms(everywhere):
        response = everywhere.send(form, form.filled(REFUSED[kind]))
        if response.status_code == 302:
            accepted.add(form.endpoint)
            everywhere.restore()
        wrong += [f"{form.endpoint}: {fault}" for fault in faults(form, response, REFUSED[kind])]
    assert wrong == []
    assert accepted == (MAY_STAY_EMPTY if kind == "empty" else TELLS_NOTHING)


@pytest.mark.parametrize("kind", often(TAKEN))
def test_unusual_text_is_accepted_or_is_an_error_at_its_field(
    everywhere: Everywhere, kind: str
) -> None:
    wrong = []
    for form in typed_forms(everywhere):
        response = everywhere.send(form, form.filled(TAKEN[kind]))
        if response.status_code == 302:
            everywhere.restore()
        wrong += [f"{form.endpoint}: {fault}" for fault in faults(form, response, TAKEN[kind])]
    assert wrong == []


def faults(form: Form, response: TestResponse, value: str) -> Iterator[str]:
    """What is wrong with an answer to a form whose typed fields all hold this."""
    if response.status_code not in (302, 422):
        yield f"answered {response.status_code}"
    if response.status_code != 422:
        return
    page = Page(response.text)
    at_fields = [tag for tag in page.all if tag.get("aria-invalid") == "true"]
    if not at_fields:
        yield f"no field is marked: {page.errors()}"
    for at_field in at_fields:
        yield from _unsaid(page, at_field, value)
    for name in sorted(form.typed_names) if "\ud800" not in value else ():
        lines = [_lines(field) for field in page.named(name)]
        if not lines or set(lines) != {"\n".join(value.splitlines())}:
            yield f"{name} holds {str(lines)[:60]}"


def _lines(element: Element) -> str:
    return "\n".join(
        (element.raw if element.tag == "textarea" else element.get("value")).splitlines()
    )


def _unsaid(page: Page, field: Element, value: str) -> Iterator[str]:
    """A field, or its group, is described by one sentence in Marathi, which may quote the value."""
    group = field.within("fieldset")
    described = f"{field.get('aria-describedby')} {group.get('aria-describedby') if group else ''}"
    tied = {own_id for own_id in described.split() if own_id.endswith("-error")}
    if not tied:
        yield f"{field.get('id')} is wrong and nothing says why"
    for own_id in tied:
        error = page.by_id(own_id).text
        strange = set(LATIN.findall(error.casefold())) - set(LATIN.findall(value.casefold()))
        if not MARATHI.search(error) or strange - {"https"}:
            yield f"{field.get('id')} is told {error!r}"


@pytest.mark.parametrize("kind", often(TAMPERED))
def test_tampered_hidden_fields_and_choices_are_no_server_error(
    everywhere: Everywhere, kind: str
) -> None:
    broken = []
    for form in everywhere.forms.values():
        response = everywhere.send(form, form.tampered(TAMPERED[kind]))
        if form.method == "post" and response.status_code in (200, 302):
            everywhere.restore()
        allowed = {200} if form.method == "get" else {200, 302, 400, 401, 403, 404, 409, 422}
        if response.status_code not in allowed:
            broken.append(f"{form.endpoint}: {response.status_code}")
        if response.status_code == 422 and form.endpoint not in BY_HAND:
            page = Page(response.text)
            marked = [tag for tag in page.all if tag.get("aria-invalid") == "true"]
            broken += [
                f"{form.endpoint}: {say}" for field in marked for say in _unsaid(page, field, "")
            ]
    assert broken == []


SOUGHT = {
    "a word without end": "अ" * 17_000,
    "emoji": SEQUENCES,
    "right to left": "\u202eपाणी",
    "half a character": "\ufffd\ud800",
    "a control character": "\x00\r\n",
}


@pytest.mark.parametrize("kind", SOUGHT)
def test_unusual_search_and_filter_parameters_are_no_server_error(
    everywhere: Everywhere, kind: str
) -> None:
    forms = [form for form in everywhere.forms.values() if form.method == "get"]
    codes = {
        form.endpoint: everywhere.send(form, form.filled(SOUGHT[kind])).status_code
        for form in forms
    }
    assert len(codes) > 5
    assert codes == dict.fromkeys(codes, 200)


def test_sequences_of_emoji_are_kept_as_they_were_written(everywhere: Everywhere) -> None:
    for endpoint in ("posts.note", "submissions.return_submission", "submissions.note"):
        form = everywhere.forms[endpoint]
        response = everywhere.send(form, form.filled(f"आग विझली {SEQUENCES}"))
        assert response.status_code == 302
        page = everywhere.browser(form.who).page(response.headers["Location"].partition("#")[0])
        assert f"आग विझली {SEQUENCES}" in page
        everywhere.restore()


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_an_overlong_text_in_any_field_is_an_error_and_no_input_is_lost(
    everywhere: Everywhere,
) -> None:
    wrong: list[str] = []
    for form in typed_forms(everywhere):
        for name in sorted(form.typed_names):
            long = "पाणी " * 14_000
            pairs = tuple((own, long if own == name else value) for own, value in form.fields)
            wrong += _lost(everywhere, form, everywhere.send(form, pairs), name, long)
    assert wrong == []


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_a_million_characters_in_any_form_are_an_error_and_nothing_is_lost(
    everywhere: Everywhere,
) -> None:
    wrong: list[str] = []
    for form in typed_forms(everywhere):
        name = max(form.typed_names, key=lambda name: (name.startswith("text"), name))
        million = "पाणी " * 200_000
        pairs = tuple((own, million if own == name else value) for own, value in form.fields)
        wrong += _lost(everywhere, form, everywhere.send(form, pairs), name, million)
    assert wrong == []


def _lost(
    everywhere: Everywhere, form: Form, response: TestResponse, name: str, value: str
) -> Iterator[str]:
    """What is wrong with the answer to one field that is far too long."""
    if response.status_code == 302:
        everywhere.restore()
        if form.endpoint not in TELLS_NOTHING and name not in OF_NO_ACCOUNT:
            yield f"{form.endpoint}: {name} was taken"
    elif response.status_code != 422:
        yield f"{form.endpoint}: {name} is answered {response.status_code}"
    elif value.strip() not in response.text:
        yield f"{form.endpoint}: {name} is lost"
