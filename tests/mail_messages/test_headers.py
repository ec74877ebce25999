"""Headers are read as programs write them: names, files, ids, dates, addresses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.mail.messages.headers import (
    Headers,
    decode_words,
    read_addresses,
    read_date,
    read_ids,
)
from publisher.mail.messages.message import MailAddress
from publisher.mail.messages.structure import read_structure
from tests.support.mail_samples.builder import b_word, percent, q_word
from tests.support.tables import each

NAME = "पुणे सूचना.pdf"


def as_header(text: str) -> str:
    """Return a raw text as the reader gets it from the wire."""
    return text.encode().decode("ascii", "surrogateescape")


@each(
    "header",
    [
        f"attachment; filename*=UTF-8''{percent(NAME)}",
        f"attachment; filename*=utf-8'mr'{percent(NAME)}",
        f"attachment; filename*0*=UTF-8''{percent(NAME)[:20]}; filename*1*={percent(NAME)[20:]}",
        f"attachment; filename*1*={percent(NAME)[24:]}; filename*0*=UTF-8''{percent(NAME)[:24]}",
        f"attachment; filename=\"=?x?=\"; filename*=UTF-8''{percent(NAME)}",
        f'attachment; filename="{b_word(NAME)}"',
        f"attachment; filename={b_word(NAME)}",
        f'attachment; filename="{q_word(NAME[:5])}\r\n {q_word(NAME[5:])}"',
        as_header(f'attachment; filename="{NAME}"'),
        as_header(f"attachment; filename={NAME}"),
        as_header(f'ATTACHMENT ; size=12; FileName = "{NAME}" ; x=y'),
        as_header(f'attachment; filename="{NAME}'),
    ],
)
def test_a_file_name_is_read_in_every_way_of_writing_it(header: str) -> None:
    raw = f"Content-Disposition: {header}\r\n\r\nx".encode("utf-8", "surrogateescape")
    assert read_structure(raw).filename == NAME


@each(
    "header, addresses",
    [
        ("a@b.example", [("a@b.example", "")]),
        ("A@B.Example (Ward)", [("a@b.example", "Ward")]),
        ('"Office, Ward" <a@b.example>', [("a@b.example", "Office, Ward")]),
        ("Office, Ward <a@b.example>", [("a@b.example", "Office, Ward")]),
        ('"x@y.example" <a@b.example>', [("a@b.example", "x@y.example")]),
        ("x@y.example <a@b.example>", [("x@y.example", ""), ("a@b.example", "")]),
        ("a@b.example <a@b.example>", [("a@b.example", "")]),
        ('"Ward <a@b.example>', [("a@b.example", "Ward")]),
        (f"{b_word('<x@y.example>')} <a@b.example>", [("a@b.example", "<x@y.example>")]),
        (f"{b_word('पुणे')}<a@b.example>", [("a@b.example", "पुणे")]),
        ("a@b.example, Ward <c@d.example>", [("a@b.example", ""), ("c@d.example", "Ward")]),
        ("a@b.example; c@d.example", [("a@b.example", ""), ("c@d.example", "")]),
        ("undisclosed-recipients:;", []),
        ("Wards: a@b.example, c@d.example;", [("a@b.example", ""), ("c@d.example", "")]),
        ("<>", []),
        ("<a b@c.example>", [("", "")]),
        ("Ward", [("", "Ward")]),
        ("", []),
        ("<'a@b.example'>", [("a@b.example", "")]),
    ],
)
def test_addresses_are_read_as_programs_write_them(
    header: str, addresses: list[tuple[str, str]]
) -> None:
    assert list(read_addresses(header)) == [MailAddress(*pair) for pair in addresses]


@each(
    "header, ids",
    [
        ("<a@b>", ("a@b",)),
        ("<a@b>\r\n <c@d>", ("a@b", "c@d")),
        ("<a@b><c@d>", ("a@b", "c@d")),
        ("<a@b> <a@b>", ("a@b",)),
        ("Message of ward <a@b>", ("a@b",)),
        ("a@b", ("a@b",)),
        ("<[abc@mail.example]>", ("[abc@mail.example]",)),
        ("<a @b>", ("a@b",)),
        ("nothing at all", ()),
        ("", ()),
        (f"<{'x' * 10_000}@b>", ("x" * 998,)),
    ],
)
def test_ids_are_read_without_brackets(header: str, ids: tuple[str, ...]) -> None:
    assert read_ids(header) == ids


def test_the_last_200_references_are_read() -> None:
    header = " ".join(f"<{number}@x>" for number in range(500))
    assert read_ids(header) == tuple(f"{number}@x" for number in range(300, 500))


@pytest.mark.parametrize(
    ("date", "certain"),
    [
        ("Mon, 12 Oct 2026 10:15:00 +0530", True),
        ("12 Oct 26 10:15:00 +0530 (IST)", True),
        ("Mon, 12 Oct 2026 04:45:00", True),
        ("Mon, 12 Oct 2026 04:45:00 -0000", True),
    ],
)
def test_a_date_is_read_in_utc(date: str, certain: bool) -> None:
    headers = Headers([("date", date)])
    assert read_date(headers) == (datetime(2026, 10, 12, 4, 45, tzinfo=UTC), certain)


@pytest.mark.parametrize("date", ["", "soon", "Mon, 32 Oct 2026 10:15:00 +0530", "1 Jan 99999"])
def test_a_date_that_is_none_is_uncertain(date: str) -> None:
    assert read_date(Headers([("date", date)])) == (None, False)


def test_a_date_long_before_its_time_is_uncertain() -> None:
    headers = Headers([("date", "Thu, 1 Jan 1970 00:00:00 +0000")])
    assert read_date(headers)[1] is False


@given(
    text=st.text(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="?="), min_size=1
    ),
    size=st.integers(1, 9),
)
def test_a_text_that_is_cut_anywhere_and_encoded_reads_back_equal(text: str, size: int) -> None:
    content = text.encode()
    cuts = [content[start : start + size] for start in range(0, len(content), size)]
    for word in (b_word, q_word):
        assert decode_words("\r\n ".join(map(word, cuts))) == text.removeprefix("\ufeff")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_header_is_read(text: str) -> None:
    raw = as_header(text)
    decode_words(raw)
    read_addresses(raw)
    read_ids(raw)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=300))
def test_any_parameter_is_read(text: str) -> None:
    rows = (
        f"Content-Type: text/plain; charset={text}; a*=utf-8''{text}; {text}",
        f"Content-Disposition: {text}; filename*0*={text}; filename*1*={text}; filename*2={text}",
        f"Content-Transfer-Encoding: {text}",
        f"{text}: {text}",
    )
    for header in rows:
        raw = f"X: y\r\n{header}\r\n\r\né".encode()
        assert read_structure(raw).headers.first("x").startswith("y")
