"""A call to the heads of departments: answers, slips and late ones, over HTTP and SMS."""

from __future__ import annotations

import csv
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import cycle
from pathlib import Path

import pytest

from tests.journey.called_city import LEAD, CalledCity, HeadPhone
from tests.journey.called_heads import Head, day, heads
from tests.journey.nomination_slips import SLIPS
from tests.journey.sandbox_letters import INVITATION, LINK
from tests.support.processes import Starter

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
HEADS = heads()


@dataclass(frozen=True)
class CalledHeads:
    """The heads of a call, by what becomes of it with them; each is in one of the first five.

    Those without a mobile sign in. `again` answer the second call too, of these `changed` by
    naming another officer; officers of the last of them take up their work. Each slip is made by
    `slip_rounds` heads, and `mistyped` heads type a wrong code.
    """

    first_day: list[Head]
    silent: list[Head]
    by_sign_in: list[Head]
    unconfirmed: list[Head]
    unrecorded: list[Head]
    again: list[Head]
    changed: list[Head]
    slip_rounds: int
    mistyped: int
    answer_count: int

    @property
    def confirmed(self) -> list[Head]:
        """Those whom a second person confirms before the call."""
        return [*self.first_day, *self.silent, *self.by_sign_in]

    @property
    def recorded(self) -> list[Head]:
        """Those whom the lead's file holds."""
        return [*self.confirmed, *self.unconfirmed]

    @property
    def everybody(self) -> list[Head]:
        """All of them, in the order of the departments."""
        return sorted([*self.recorded, *self.unrecorded], key=lambda head: head.number)

    @property
    def named(self) -> list[Head]:
        """Those who name two officers while the first call is open."""
        return [*self.first_day, *self.by_sign_in, *self.unconfirmed]

    @property
    def late(self) -> list[Head]:
        """Those who open the link of the second call, and answer after its last day."""
        by_link = [*self.first_day, *self.silent, *self.unconfirmed]
        return [head for head in by_link if head not in self.again]


ALL = CalledHeads(
    first_day=HEADS[:50] + HEADS[57:60],
    silent=HEADS[50:57],
    by_sign_in=HEADS[60:63],
    unconfirmed=HEADS[63:65],
    unrecorded=HEADS[65:],
    again=HEADS[:40],
    changed=HEADS[:10],
    slip_rounds=4,
    mistyped=16,
    answer_count=200,
)
#: The same story, so small that each change can be tried on it.
TWELVE = CalledHeads(
    first_day=[*HEADS[:4], *HEADS[8:10], HEADS[57]],
    silent=[HEADS[50]],
    by_sign_in=[HEADS[60]],
    unconfirmed=[HEADS[63]],
    unrecorded=HEADS[65:],
    again=[HEADS[9], *HEADS[:3]],
    changed=[HEADS[9], HEADS[0]],
    slip_rounds=1,
    mistyped=2,
    answer_count=40,
)
NAMED, WAITS = "नावे दिली", "नावे दिली; दुसऱ्या व्यक्तीची पुष्टी बाकी"
ASKED, TO_BE_PHONED = "लिंक पाठविली", "दूरध्वनी करावा: विभागप्रमुखांची पुष्टी नाही"

ACTIVE, TWO = "दोन्ही समन्वयक सक्रिय", "दोन समन्वयक, किमान एक सक्रिय नाही"
NONE = "समन्वयक नाही"
ROWS_OF_A_PAGE = 25


@pytest.fixture
def city(postgres_url: str, start: Starter, tmp_path: Path) -> Iterator[CalledCity]:
    """Run the city on PostgreSQL alone: tests/nominations takes its steps on SQLite too."""
    running = CalledCity(start, postgres_url, tmp_path)
    running.set_up()
    yield running
    running.database.dispose()


@pytest.mark.parametrize(
    "called",
    [
        pytest.param(TWELVE, marks=pytest.mark.ci, id="12"),
        pytest.param(ALL, marks=pytest.mark.proof, id="67"),
    ],
)
def test_heads_who_are_called_name_their_officers(
    city: CalledCity, called: CalledHeads, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    city.import_heads(called.recorded)
    city.confirm([head.name for head in called.confirmed])
    call = city.open_call("साप्रवि/माप्र/४५", day(7), called.everybody)
    _phone_those_not_reached(city, call, called)
    phones = _open_links(city, called.confirmed)
    _write_slips([phones[head.number] for head in called.first_day[1:]], called.slip_rounds)
    first_day = [phones[head.number] for head in called.first_day]
    _name_by_code(city, first_day, wrong_first=called.mistyped)
    _name_by_sign_in(city, called.by_sign_in)
    _name_by_code(city, list(_open_links(city, called.unconfirmed).values()))
    silent, unrecorded = len(called.silent), len(called.unrecorded)
    expected = {NAMED: len(called.named), ASKED: silent, TO_BE_PHONED: unrecorded}
    assert _answers(city, call) == expected
    _take_up(city, called.again[-1])
    second = _answer_the_second_call(city, called)
    _answer_too_late(city, second, called)
    _check_figures(city, call, second, called)
    _check_letters(city, called)
    record_property("forms that heads sent, by step and status", sorted(city.forms_sent.items()))
    record_property("seconds", round(time.monotonic() - began))
    assert _answer_count(city) == called.answer_count


def _answer_count(city: CalledCity) -> int:
    """Return how often names or a code were sent, or officers kept; not what only asks or looks.

    A nomination that was taken counts once, though its names and then its code were sent.
    """
    forms = city.forms_sent
    refused = sum(number for (_step, code), number in forms.items() if code != 200)
    return refused + forms["name", 200] + forms["keep", 200]


def _open_links(
    city: CalledCity, asked: Sequence[Head], *, number: int = 1
) -> dict[int, HeadPhone]:
    """Open the newest link of each head, as it came by mail and, the same, by SMS."""
    addresses = [address for head in asked for address in head.addresses]
    paths = city.letterbox.wait_for_paths(LINK, addresses, number=number)
    for head in asked:
        assert len({paths[address] for address in head.addresses}) == 1, head
    return {
        head.number: city.phone(head, paths[head.addresses[0]])
        for head in asked
        if head.mobile  # the others sign in first
    }


def _write_slips(phones: Sequence[HeadPhone], rounds: int) -> None:
    """Let heads make each slip: it is said at its field, and what was written stays."""
    for phone, slip in zip(cycle(phones), SLIPS * rounds):
        fields = slip.change(phone.head, phone.head.fields())
        page = phone.check(fields, code=422)
        assert f'id="{slip.field}-error"' in page.html, (slip.name, page.text)
        typed = dict(page.form("#name-officers").fields)
        assert {name: typed.get(name, "") for name in fields} == fields, slip.name


def _name_by_code(city: CalledCity, phones: Sequence[HeadPhone], *, wrong_first: int = 0) -> None:
    """Name two officers by the code from the SMS; some of them type that of another head first.

    Every tenth presses the button twice, or goes back and presses it again.
    """
    for phone in phones:
        phone.check(phone.head.fields())
    codes = city.letterbox.wait_for_codes(Counter(phone.head.mobile for phone in phones))
    for phone in phones[:wrong_first]:
        phone.send("name", {"code": codes[phones[-1].head.mobile]}, code=422)
    if wrong_first:
        _type_five_wrong_codes(city, phones[wrong_first], codes)
    for phone in phones:
        code = codes[phone.head.mobile]
        shown = phone.page
        page = phone.send("name", {"code": f"{code[:4]} {code[4:]}"})
        assert "समन्वयक नेमले आहेत" in page.text, page.text
        if phone.head.number % 10 == 9:
            phone.page = shown
            page = phone.send("name", {"code": code}, code=409)
            assert phone.head.name in page.text


def _type_five_wrong_codes(city: CalledCity, phone: HeadPhone, codes: dict[str, str]) -> None:
    """The page is closed after five, and takes a new code a quarter of an hour later."""
    for _ in range(5):
        phone.send("name", {"code": "00000000"}, code=422)
    page = phone.send("name", {"code": codes[phone.head.mobile]}, code=422)
    assert "पंधरा मिनिटांनी" in page.text
    city.let_a_quarter_of_an_hour_pass()
    phone.check({})
    codes |= city.letterbox.wait_for_codes(
        Counter({phone.head.mobile: city.codes_asked[phone.head.mobile]})
    )


def _name_by_sign_in(city: CalledCity, asked: Sequence[Head]) -> None:
    """Heads without a mobile sign in, and propose; the second person ticks their officers."""
    mails = [head.mail for head in asked]
    invitations = city.letterbox.wait_for_paths(INVITATION, mails)
    links = city.letterbox.wait_for_paths(LINK, mails)
    for head in asked:
        visitor = city.take_up(head.mail, invitations[head.mail])
        phone = city.phone(head, links[head.mail], visitor)
        phone.check(head.fields())
        assert "हा प्रस्ताव आहे" in phone.page.text
        assert "दुसऱ्या व्यक्तीने पुष्टी केल्यावर" in phone.send("name").text
    officers = [head.officer(rank)["name_mr"] for head in asked for rank in (1, 2)]
    assert _answers(city, "/calls/1")[WAITS] == len(asked)
    city.confirm(officers)


def _phone_those_not_reached(city: CalledCity, call: str, called: CalledHeads) -> None:
    """The list to call has those not confirmed or not recorded; then the former are confirmed.

    The clock asks those within a minute, while the others answer.
    """
    lead = city.visitors[LEAD]
    page = lead.get(f"{call}?view=not_reached")
    by_place = sorted(called.unconfirmed, key=lambda head: page.html.index(head.name))
    assert page.links("^tel:") == [f"tel:+91{head.mobile}" for head in by_place]
    ticks: list[str] = re.findall(r'action="([^"]+/telephoned\?[^"]+)"', page.html)
    assert len(ticks) == len(called.unconfirmed) + len(called.unrecorded)
    for path in ticks:
        lead.send(page, path)
    page = lead.get(f"{call}?view=not_reached")
    assert page.text.count("दूरध्वनी केला: प्रसाद केंजळे") == len(ticks)
    city.confirm([head.name for head in called.unconfirmed])


def _take_up(city: CalledCity, head: Head) -> None:
    """Let both officers of a department set a password by their invitations, and sign in."""
    mobile = re.sub(r"\D", "", "96" + f"{head.number * 10 + 2:08}")
    logins = [head.officer(1)["mail"], mobile]
    paths = city.letterbox.wait_for_paths(INVITATION, logins)
    for login in logins:
        city.take_up(login, paths[login])


def _answer_the_second_call(city: CalledCity, called: CalledHeads) -> str:
    """A second call to all: most keep the two they have, some name another one."""
    call = city.open_call("साप्रवि/माप्र/५२", day(7), called.everybody)
    asked = [*called.again, *called.late]
    phones = _open_links(city, asked, number=2)
    for head in called.again:
        phone = phones[head.number]
        assert head.officer(1)["name_mr"] not in phone.page.text
        if head in called.changed:
            phone.check(head.fields(second=3))
        else:
            phone.press("send", {})
    codes = city.letterbox.wait_for_codes(
        Counter({head.mobile: city.codes_asked[head.mobile] for head in called.again})
    )
    for head in called.again:
        phone, code = phones[head.number], {"code": codes[head.mobile]}
        if head in called.changed:
            phone.send("name", code)
            continue
        page = phone.press("look", code)
        assert head.officer(1)["name_mr"] in page.text
        digest = re.findall(r'name="digest" value="(\w+)"', page.html)[0]
        phone.press("keep", {**code, "digest": digest})
    assert _answers(city, call)[NAMED] == len(called.again)
    return call


def _answer_too_late(city: CalledCity, call: str, called: CalledHeads) -> None:
    """The last day passes with the page open: nothing is taken any more, and the page says so."""
    paths = city.letterbox.paths(LINK)
    late = {head.number: city.phone(head, paths[head.addresses[0]][0]) for head in called.late}
    city.let_the_last_day_pass(call, days=8)
    for phone in late.values():
        path = phone.page.path
        late_page = phone.send("check", phone.head.fields(), code=404)
        assert "मुदत संपली" in late_page.text
        assert phone.head.officer(1)["name_mr"] in late_page.text
        phone.open(path, code=404)
    page = city.visitors[LEAD].get(f"{call}?view=open")
    unanswered = len(called.everybody) - len(called.again)
    assert page.html.count('class="late"') == min(unanswered, ROWS_OF_A_PAGE)


def _rows(city: CalledCity, path: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    response = city.visitors[LEAD].browser.get(city.web + path, timeout=30)
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))


def _answers(city: CalledCity, call: str) -> Counter[str]:
    """Return how many departments have given each answer to a call, by its CSV."""
    return Counter(row["प्रतिसाद"] for row in _rows(city, f"{call}.csv"))


def _check_figures(city: CalledCity, call: str, second: str, called: CalledHeads) -> None:
    """What was answered, the coverage, the annex of today and the CSV of the call are one."""
    rows = _rows(city, f"{call}.csv")
    nobody = {row["संकेतांक"] for row in rows if not row["समन्वयक १"]}
    assert nobody == {head.department for head in [*called.silent, *called.unrecorded]}
    uncalled = {head.department for head in HEADS if head not in called.everybody}
    coverage = _rows(city, "/coverage.csv")
    named = len(called.named)
    states = Counter(row["स्थिती"] for row in coverage)
    assert states == {ACTIVE: 1, TWO: named - 1, NONE: len(HEADS) - named}
    assert {row["संकेतांक"] for row in coverage if not row["समन्वयक १"]} == nobody | uncalled
    page = city.visitors[LEAD].get("/coverage").text
    assert "६७ विभाग" in page
    annex = _rows(city, "/annex.csv")
    assert {row["संकेतांक"] for row in annex} == nobody | uncalled
    assert len(annex) == len(nobody | uncalled)
    shown = city.visitors[LEAD].get("/annex").text
    assert all(row["विभाग"] in shown for row in annex)
    changed = {row["संकेतांक"]: row for row in coverage}
    for head in called.changed:
        names = {head.officer(1)["name_mr"], head.officer(3)["name_mr"]}
        assert {changed[head.department][f"समन्वयक {rank}"] for rank in "१२"} == names
    unanswered = len(called.late) + len(called.by_sign_in)
    expected = {NAMED: len(called.again), ASKED: unanswered, TO_BE_PHONED: len(called.unrecorded)}
    assert _answers(city, second) == expected


def _check_letters(city: CalledCity, called: CalledHeads) -> None:
    """Links and codes went to their head alone, and nothing was sent twice."""
    letters = city.letterbox.letters()
    owners = {address: head.number for head in HEADS for address in head.addresses}
    heads_of_links: dict[str, set[int | None]] = {}
    for letter in letters:
        for path in LINK.findall(letter.text):
            heads_of_links.setdefault(path, set()).add(owners.get(letter.to))
    assert all(None not in heads and len(heads) == 1 for heads in heads_of_links.values())
    codes = {code for letter in letters for code in letter.codes}
    for letter in letters:
        if letter.to not in {head.mobile for head in HEADS if head.mobile}:
            assert not codes & set(re.findall(r"\d{8}", letter.text)), letter
    repeated = [letter for letter, number in Counter(letters).items() if number > 1]
    assert repeated == []
    sent = Counter(letter.to for letter in letters if letter.codes)
    assert sent == city.codes_asked
    asked = Counter(letter.to for letter in letters if LINK.search(letter.text))
    addresses = [address for head in called.recorded for address in head.addresses]
    assert asked == Counter(addresses * 2), "one link a call"
    invited = Counter(letter.to for letter in letters if INVITATION.search(letter.text))
    assert set(invited.values()) == {1}
