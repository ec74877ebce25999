"""Declares settings as fields of dataclasses, and reads them from their texts."""

from __future__ import annotations

import math
import re
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import Field, field, fields
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

PREFIX = "NAGARVANI_"
KEY_HINT = "write at least 32 characters that nobody can guess"
CLAMD_HINT = "write tcp://host:port or unix:/path/to/clamd.ctl"
NAME = r"[A-Za-z0-9._@-]{0,50}"
"""The pattern of the name of a clock or a server."""
Value = TypeVar("Value")
Parser: TypeAlias = Callable[[str], Value]
"""Converts a text to a value; raises `ValueError` if it is invalid."""


class WrongSetting(Exception):
    """A setting cannot be used; the message says which, why, and what to write."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"{PREFIX}{name}: {hint}")
        self.name = name


class Reader:
    """Reads settings from their texts, by name without the prefix.

    Relative paths begin at `folder`.
    """

    def __init__(self, texts: Mapping[str, str], folder: Path = Path()) -> None:
        self.texts = texts
        self.folder = folder

    def read(
        self,
        name: str,
        parse: Parser[Value],
        hint: str = "",
        default: str | Callable[[Reader], Value] = "",
        *,
        is_repeated: bool = True,
        is_path: bool = False,
    ) -> Value:
        """Return a setting, or its default; the parameters are those of `setting`.

        Raises `WrongSetting` with `hint`, which says what to write, if `parse` raises `ValueError`.
        """
        if name not in self.texts:
            if callable(default):
                return default(self)
            return parse(default) if default else cast(Value, "")
        text = self.texts[name]
        try:
            return parse(str(self.folder / text) if is_path else text)
        except ValueError as error:
            if not is_repeated:
                raise WrongSetting(name, hint) from None
            raise WrongSetting(name, f"{text!r}: {hint}") from error

    def read_group(self, kind: Callable[..., Value]) -> Value:
        """Return the settings that this dataclass declares; raises `WrongSetting`."""
        values = {
            part.name: part.metadata["read"](self, setting_name(part))
            for part in fields(cast(Any, kind))
        }
        return kind(**values)


def setting_name(part: Field[Any]) -> str:
    """Return the name of the setting that a field declares, without the prefix."""
    return part.metadata.get("name") or part.name.upper()


def setting(
    parse: Parser[Value],
    hint: str = "",
    default: str | Callable[[Reader], Value] = "",
    *,
    name: str = "",
    is_secret: bool = False,
    is_repeated: bool = True,
    is_path: bool = False,
) -> Value:
    """Declare a setting as a field: how its text is parsed, and what to write if that fails.

    `default` is a text, "" for none, or a function of other settings. The name is the field's,
    unless `name` is given. A setting that may hold a password or a key `is_secret`: no log and no
    command prints it. Errors, which end up in logs, repeat other texts, unless `is_repeated` is
    false. A text that `is_path` may be relative to the reader's folder.
    """

    def read(reader: Reader, name: str) -> Value:
        repeats = is_repeated and not is_secret
        return reader.read(name, parse, hint, default, is_repeated=repeats, is_path=is_path)

    return declare(read, is_secret=is_secret, name=name, default=default)


def address(default: str = "", *schemes: str, is_secret: bool = False) -> str:
    """Declare the address of a server as a field, by https or http unless it has other schemes."""
    return setting(*address_parser(*schemes), default, is_secret=is_secret)


def group(kind: Callable[..., Value], read: Callable[[Reader], Value] | None = None) -> Value:
    """Declare a field that has the settings of another dataclass; `read` checks them together."""
    return declare(
        lambda reader, _name: read(reader) if read else reader.read_group(kind), group=kind
    )


def declare(
    read: Callable[[Reader, str], Value], *, is_secret: bool = False, **metadata: object
) -> Value:
    """Declare a field with the function that reads it, which also returns the default."""
    attribute: Any = field(
        default_factory=lambda: read(Reader({}), ""),
        repr=not is_secret,
        metadata={"read": read, **metadata},
    )
    return cast(Value, attribute)


def var_path(name: str) -> Callable[[Reader], Path]:
    """Return the default of a path: this name below `var/` in the reader's folder."""
    return lambda reader: reader.folder / "var" / name


def address_parser(*schemes: str) -> tuple[Parser[str], str]:
    """Return a parser of addresses with one of these schemes, and the hint."""
    schemes = schemes or ("https", "http")
    hint = f"write an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    return partial(read_url, schemes=schemes), hint


def parser(parse: Parser[Value], accepts: Callable[[Value], object]) -> Parser[Value]:
    """Return a parser that raises `ValueError` for values that are not accepted."""

    def parse_accepted(text: str) -> Value:
        value = parse(text)
        if not accepts(value):
            raise ValueError(text)
        return value

    return parse_accepted


def matching(pattern: str) -> Parser[str]:
    """Return a parser that accepts only texts of this pattern."""
    return parser(str, re.compile(pattern).fullmatch)


def choice(*spellings: str) -> Parser[str]:
    """Return a parser that accepts only these, in capitals or not."""
    folded = [spelling.casefold() for spelling in spellings]
    return lambda text: spellings[folded.index(text.casefold())]


def whole(least: int, most: float = math.inf) -> Parser[int]:
    """Return a parser of whole numbers within these bounds."""
    return parser(int, lambda number: least <= number <= most)


def positive(most: float = sys.float_info.max) -> Parser[float]:
    """Return a parser of numbers above 0, up to a finite one."""
    return parser(float, lambda number: 0 < number <= most)


def is_loopback(address: str) -> bool:
    """Return True if an address is this machine's."""
    return urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")


def read_url(text: str, schemes: tuple[str, ...]) -> str:
    """Parse an address with one of these schemes; raises `ValueError`."""
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
        raise ValueError(text)
    return text.rstrip("/")


def read_database_url(text: str) -> str:
    """Parse the address of a database; raises `ValueError`."""
    kind, _, path = text.partition("://")
    if kind not in ("sqlite", "postgresql", "postgresql+psycopg") or not path.strip("/"):
        raise ValueError(text)
    if kind == "sqlite" and not path.startswith("/"):
        raise ValueError(text)
    # A password with a bare @ would end there, and the rest would be printed as the host.
    if kind != "sqlite" and path.count("@") > 1:
        raise ValueError(text)
    return text


read_long_secret: Parser[str] = parser(str, lambda text: len(text) >= 32)
"""Parses a secret of at least 32 characters; raises `ValueError`."""


def read_keys(text: str) -> tuple[str, ...]:
    """Parse Fernet keys, separated by commas or blanks; raises `ValueError`."""
    keys = tuple(text.replace(",", " ").split())
    if any(len(urlsafe_b64decode(key)) != 32 for key in keys):
        raise ValueError("no key")
    return keys


def read_yes_or_no(text: str) -> bool:
    """Parse 1 for yes and 0 for no; raises `ValueError`."""
    return bool(("0", "1").index(text))


def read_clamd(text: str) -> str:
    """Return the address of a virus scanner, a clamd; raises `ValueError` if it is not valid."""
    parts = urlsplit(text)
    is_path = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
    is_host = parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path
    if not (is_path or is_host):
        raise ValueError(text)
    return text
