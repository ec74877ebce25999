"""The sandbox's own count of a post's length, with X's weights."""

from __future__ import annotations

import re
import unicodedata

# X: characters that count one; all others count two (counting characters, version 3 of the
# published configuration).
SINGLE = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
URL_LENGTH = 23
EMOJI_LENGTH = 2

_PICTURE = (
    "[\U0001f000-\U0001f0ff\U0001f170-\U0001f19a\U0001f201-\U0001f251\U0001f300-\U0001faff"
    "\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25aa-\u25fe\u2600-\u27bf\u2b05-\u2b55"
    "\u2934\u2935\u2190-\u21ff\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299]"
)
_ONE = f"(?:{_PICTURE}|[\u00a9\u00ae](?=\ufe0f))[\U0001f3fb-\U0001f3ff]?\ufe0f?\u20e3?"
EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    f"|{_ONE}(?:[\U000e0020-\U000e007e]+\U000e007f)?(?:\u200d{_ONE})*"
)
_ENDINGS = (
    "com|org|net|edu|gov|int|info|biz|io|co|in|uk|us|eu|de|fr|jp|cn|au|dev|app|ly|me|tv|news|"
    "city|online|site"
)
_PATH = r"[\w!*';:=+,.$/%#\[\]\-~@|&?(]"
URL = re.compile(
    r"(?<![A-Za-z0-9@\uff20$#\uff03])"
    r"(?:https?://(?:[^\s!-,./:-@\[-^`{-~]+\.)+[^\s!-/:-@\[-^`{-~]{2,}"
    r"|(?<![\-_./])(?a:(?:[a-z0-9][a-z0-9\-]*\.)+(?:" + _ENDINGS + r"))(?![a-z0-9@\-]|\.[a-z0-9]))"
    r"(?a::\d+)?(?a:[/?#](?:" + _PATH + r"*[\w/=&#\-+%~])?)?",
    re.IGNORECASE,
)
LONGEST_LABEL = 63


def addresses(text: str) -> list[re.Match[str]]:
    """Return the matches of URLs in a text, bare domains too, as X finds them."""
    return [match for match in URL.finditer(text) if _is_address(match.group())]


def _is_address(text: str) -> bool:
    host = re.sub("^https?://", "", text, flags=re.IGNORECASE)
    labels = re.split("[/?#:]", host)[0].split(".")
    return all(len(_in_ascii(label)) <= LONGEST_LABEL for label in labels)


def _in_ascii(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def weighted_length(text: str) -> int:
    """Return the weighted length: URLs 23, an emoji 2, the rest by ranges."""
    text = unicodedata.normalize("NFC", text)
    total, rest, done = 0, "", 0
    for match in addresses(text):
        total += URL_LENGTH
        rest += text[done : match.start()]
        done = match.end()
    rest, emoji = EMOJI.subn("", rest + text[done:])
    return total + EMOJI_LENGTH * emoji + sum(_weight(ord(character)) for character in rest)


def _weight(point: int) -> int:
    return 1 if any(low <= point <= high for low, high in SINGLE) else 2
