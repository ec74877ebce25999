"""Text is read in any charset in which mails are written, declared rightly or wrongly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.mail.messages.charsets import decode
from tests.support.mail_samples.builder import NOTICE

MARATHI = st.text(
    st.characters(min_codepoint=0x0904, max_codepoint=0x0964) | st.just(" "), min_size=4
)
LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
UNICODE = ["utf-8", "UTF8", "utf-16", "utf-16-le", "utf-16-be", "utf-7", '"UTF-8"', "utf-32"]
WRONG = [
    "",
    "us-ascii",
    "iso-8859-1",
    "windows-1252",
    "x-unknown",
    "utf-16",
    "iso-8859-5",
    "gb2312",
]


@pytest.mark.parametrize("charset", UNICODE)
@given(text=MARATHI)
def test_marathi_in_unicode_reads_back_equal(charset: str, text: str) -> None:
    python_name = charset.strip('"')
    assert decode(text.encode(python_name), charset)[0] == text


@pytest.mark.parametrize("charset", WRONG)
@given(text=MARATHI.filter(lambda text: not text.isspace()))
def test_utf_8_is_read_whatever_is_declared(charset: str, text: str) -> None:
    assert decode(text.encode(), charset)[0] == text


@pytest.mark.parametrize("charset", ["us-ascii", "iso-8859-1", "cp1252", "utf-8", "koi8-r", "big5"])
@given(text=LATIN)
def test_plain_letters_read_back_equal(charset: str, text: str) -> None:
    assert decode(text.encode(charset), charset)[0] == text


@given(content=st.binary(max_size=200), charset=st.text(max_size=20) | st.sampled_from(WRONG))
def test_any_bytes_are_some_text(content: bytes, charset: str) -> None:
    text, _certain = decode(content, charset)
    assert isinstance(text, str)


@pytest.mark.parametrize(
    ("content", "declared", "text", "certain"),
    [
        (NOTICE.encode(), "", NOTICE, True),
        (NOTICE.encode(), "utf-8", NOTICE, True),
        (NOTICE.encode(), "iso-8859-1", NOTICE, False),
        (b"caf\xe9", "iso-8859-1", "café", True),
        (b"\x93a\x94", "iso-8859-1", "“a”", True),
        (b"caf\xe9", "", "café", False),
        (b"caf\xe9", "utf-8", "café", False),
        ("काय".encode()[:-1], "utf-8", "का\ufffd", False),
        (b"\xef\xbb\xbf" + NOTICE.encode(), "us-ascii", NOTICE, True),
        (b"plain", "punycode", "plain", True),
        (b"\xc2\xa4", "undefined", "¤", True),
    ],
)
def test_it_is_told_whether_the_declared_charset_was_used(
    content: bytes, declared: str, text: str, certain: bool
) -> None:
    assert decode(content, declared) == (text, certain)


def test_a_nul_for_which_a_mailbox_has_another_byte_ends_no_word() -> None:
    content = NOTICE[:6].encode() + b"\x80" + NOTICE[6:].encode()
    assert decode(content, "utf-8") == (NOTICE, False)
    assert decode(b"\x80 500", "utf-8") == ("€ 500", False)
