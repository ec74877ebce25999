"""Decode the bytes of mails, whose declared charset is often missing or wrong."""

from __future__ import annotations

import codecs
import re
from typing import Final

_ALIASES: Final = {
    "utf8": "utf-8",
    "utf": "utf-8",
    "utf-8-sig": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode": "utf-16",
    "unicode-1-1-utf-7": "utf-7",
    "ansi": "cp1252",
    "cp-1252": "cp1252",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-sjis": "shift-jis",
}
_SUPERSETS: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
"""What mail programs mean by a charset: as in HTML, Latin-1 has the quotation marks of Windows."""

_CODECS: Final = re.compile(
    r"ascii|utf-(7|8|16|32)(-[bl]e)?|iso8859-\d+|cp(125\d|437|85\d|86\d|874|932|949|950)"
    r"|koi8-[ru]|mac-roman|big5\w*|gb\w+|euc_\w+|shift_jis\w*|iso2022_\w+|hz|tis-620"
)
"""The charsets among Python's codecs: others, such as `punycode`, have other purposes."""

_MARKS: Final = (
    *((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
_WIDE: Final = ("utf-16", "utf-16-le", "utf-16-be")
_REPLACE_BUT_NULS: Final = "nagarvani.replace-but-nuls"
_DEVANAGARI: Final = re.compile(rb"\xe0[\xa4\xa5][\x80-\xbf]")
_SAMPLE: Final = 4_000


def decode(content: bytes, declared: str = "") -> tuple[str, bool]:
    """Return the text, and whether it is certain that the declared charset is that of the bytes.

    UTF-8 is recognised whatever is declared. Bytes that are not text in any of these ways are read
    as the charset of Windows, so nothing is ever lost. Without a declaration UTF-8 is certain.
    """
    codec = _codec(declared)
    for mark, marked in _MARKS:
        if content.startswith(mark):
            text = content.decode(marked, "replace").removeprefix("\ufeff")
            return text, "\ufffd" not in text and codec in (None, marked, "ascii")
    if not content.isascii() and (text_utf8 := _utf8(content, codec)) is not None:
        return text_utf8, codec in (None, "utf-8")
    if (text_wide := _wide(content, codec)) is not None:
        return text_wide, bool(codec and codec.startswith("utf-16"))
    return _decode_declared(content, codec)


def _codec(declared: str) -> str | None:
    name = declared.strip("\"' \t;").lower()
    try:
        codec = codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return codec if _CODECS.fullmatch(codec) else None


def _utf8(content: bytes, codec: str | None) -> str | None:
    """Return the text if the bytes are UTF-8, whatever was declared."""
    if codec not in (None, "utf-8") and not _is_single_byte(codec or "", content):
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_single_byte(codec: str, content: bytes) -> bool:
    """Return True if UTF-8 is likelier than this charset, in which such byte pairs are rare."""
    latin = codec in _SUPERSETS or codec == "cp1252"
    return (latin and not codec.startswith("gb")) or bool(_DEVANAGARI.search(content))


def _wide(content: bytes, codec: str | None) -> str | None:
    """Return the text of UTF-16 without a mark: every second byte has one of a few values."""
    sample = content[:_SAMPLE]
    if len(content) < 4 or (0 not in sample and codec not in _WIDE):
        return None
    high, low = sample[::2], sample[1::2]
    is_big = _page_bytes(high) > _page_bytes(low)
    if max(_page_bytes(high), _page_bytes(low)) * 3 < len(sample):
        return None
    name = codec if codec in ("utf-16-le", "utf-16-be") else f"utf-16-{'be' if is_big else 'le'}"
    return content.decode(name, "replace")


def _page_bytes(half: bytes) -> int:
    """Count the bytes that begin a letter of Latin or Devanagari in UTF-16."""
    return half.count(0) + half.count(9) + half.count(0x20)


def _decode_declared(content: bytes, codec: str | None) -> tuple[str, bool]:
    if content.isascii() and codec in (None, "utf-8", "ascii"):
        return content.decode("ascii"), True
    if codec == "utf-8":
        return _decode_broken_utf8(content), False
    if codec in _WIDE:
        codec = None
    try:
        text = content.decode(_SUPERSETS.get(codec or "", codec or "cp1252"))
    except (UnicodeError, ValueError):
        return _windows(content), False
    return text, codec not in (None, "ascii")


def _decode_broken_utf8(content: bytes) -> str:
    """Return UTF-8 in which letters were cut, or Windows text that was declared as UTF-8."""
    text = content.decode("utf-8", _REPLACE_BUT_NULS)
    lost = text.count("\ufffd")
    if sum(letter > "\x7f" for letter in text) > 2 * lost:
        return text
    return _windows(content)


def _replace_but_nuls(problem: UnicodeError) -> tuple[str, int]:
    # IMAP carries no NUL: Dovecot sends 0x80 instead, which is invalid by itself in UTF-8.
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    is_nul = problem.object[problem.start] == 0x80
    return "" if is_nul else "\ufffd", problem.end


codecs.register_error(_REPLACE_BUT_NULS, _replace_but_nuls)


def _windows(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")
