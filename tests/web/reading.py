"""A page as its reader meets it: elements by id, fields with what they hold, errors at fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"input", "img", "br", "meta", "link", "hr", "source", "use", "path"})
_SKIPPED = frozenset({"csrf_token", "made_under", "lang", "next"})


@dataclass
class Element:
    """One element with its attributes and everything written inside it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands in it, blanks folded."""
        return " ".join("".join(self.pieces).split())

    @property
    def raw(self) -> str:
        """What stands in it, as it stands; a first line end belongs to the markup."""
        return "".join(self.pieces).removeprefix("\r\n").removeprefix("\n")

    def get(self, name: str) -> str:
        """An attribute, or nothing."""
        return self.attributes.get(name, "")

    def within(self, tag: str) -> Element | None:
        """The nearest element of that tag around it."""
        around = self.parent
        while around is not None and around.tag != tag:
            around = around.parent
        return around


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.all: list[Element] = []
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.open[-1] if self.open else None
        element = Element(tag, {name: value or "" for name, value in attrs}, parent)
        self.all.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.pieces.append(data)


class Page:
    """A parsed answer."""

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        self.html = html
        self.all = reader.all

    def __contains__(self, words: str) -> bool:
        return " ".join(words.split()) in self.text

    @property
    def text(self) -> str:
        """Everything that is written on it."""
        return next((one.text for one in self.all if one.tag == "body"), "")

    def by_id(self, own_id: str) -> Element:
        """The element of that id; there has to be exactly one."""
        found = [one for one in self.all if one.get("id") == own_id]
        assert len(found) == 1, f"{len(found)} elements with the id {own_id}"
        return found[0]

    def named(self, name: str) -> list[Element]:
        """The controls of that name."""
        return [one for one in self.all if one.get("name") == name]

    def form(self, own_id: str) -> list[tuple[str, str]]:
        """What a browser would send of that form, the token aside."""
        form = self.by_id(own_id)
        return [
            (one.get("name"), value)
            for one in self.all
            if one.within("form") is form or one.get("form") == own_id
            if one.get("name") and one.get("name") not in _SKIPPED
            for value in _values(one, self.all)
        ]

    def form_to(self, path: str) -> list[tuple[str, str]]:
        """The same of the one form that is sent to this path."""
        forms = [one for one in self.all if one.tag == "form" and one.get("action") == path]
        assert len(forms) == 1, f"{len(forms)} forms are sent to {path}"
        return [
            (one.get("name"), one.get("value"))
            for one in self.all
            if one.within("form") is forms[0] and one.tag == "input"
            if one.get("name") and one.get("name") not in ("csrf_token", "made_under")
        ]

    def error_at(self, name: str) -> str:
        """The sentence that the control of this name is described by; it has to be invalid."""
        wrong = [one for one in self.named(name) if one.get("aria-invalid") == "true"]
        groups = [one for one in self.all if one.get("id") == name and one.tag == "fieldset"]
        wrong = wrong or [one for one in groups if one.get("aria-invalid") == "true"]
        assert wrong, f"nothing named {name} is marked as wrong: {self.errors()}"
        tied = [one for one in wrong[0].get("aria-describedby").split() if one.endswith("-error")]
        assert len(tied) == 1, f"{name} is described by {wrong[0].get('aria-describedby')!r}"
        return self.by_id(tied[0]).text

    def errors(self) -> list[str]:
        """Every error that stands at a field, and what stands above the form."""
        found = [one.text for one in self.all if "field-error" in one.get("class")]
        return found + [one.text for one in self.all if "error-summary" in one.get("class")]

    def notices(self) -> list[str]:
        """The sentences that stand in frames."""
        return [one.text for one in self.all if "notice" in one.get("class").split()]


def _values(control: Element, everything: list[Element]) -> Iterator[str]:
    kind = control.get("type")
    if control.tag == "textarea":
        yield control.raw
    elif control.tag == "select":
        yield from _chosen(control, everything)
    elif (
        control.tag == "input" and kind not in ("file", "submit", "checkbox", "radio")
    ) or "checked" in control.attributes:
        yield control.get("value")


def _chosen(select: Element, everything: list[Element]) -> Iterator[str]:
    options = [one for one in everything if one.tag == "option" and one.within("select") is select]
    marked = [one for one in options if "selected" in one.attributes]
    for one in (marked or options)[:1]:
        yield one.get("value")


def token_in(html: str) -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found is not None, "the page holds no token"
    return found.group(1)
