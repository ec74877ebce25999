"""A parsed page: its elements by id, its fields with their values, and the errors at its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"input", "img", "br", "meta", "link", "hr", "source", "use", "path"})
_SKIPPED = frozenset({"csrf_token", "made_under", "lang", "next"})


@dataclass
class Element:
    """An element with its attributes and the text inside it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text inside, with white space folded."""
        return " ".join("".join(self.pieces).split())

    @property
    def raw(self) -> str:
        """The text inside, unchanged except for a first line break, which belongs to the markup."""
        return "".join(self.pieces).removeprefix("\r\n").removeprefix("\n")

    def get(self, name: str) -> str:
        """Return an attribute; empty if the element does not have it."""
        return self.attributes.get(name, "")

    def within(self, tag: str) -> Element | None:
        """Return the nearest enclosing element with this tag, or None."""
        ancestor = self.parent
        while ancestor is not None and ancestor.tag != tag:
            ancestor = ancestor.parent
        return ancestor


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
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.pieces.append(data)


class Page:
    """A parsed HTML response with unique ids; `in` looks for a text, with white space folded."""

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        self.html = html
        self.all = reader.all
        ids = [element_id for element in self.all if (element_id := element.get("id"))]
        assert len(ids) == len(set(ids)), sorted({own for own in ids if ids.count(own) > 1})

    def __contains__(self, text: str) -> bool:
        return " ".join(text.split()) in self.text

    @property
    def text(self) -> str:
        """All text of the body."""
        return next((element.text for element in self.all if element.tag == "body"), "")

    def by_id(self, element_id: str) -> Element:
        """Return the element with this id; there has to be exactly one."""
        elements = [element for element in self.all if element.get("id") == element_id]
        assert len(elements) == 1, f"{len(elements)} elements with the id {element_id}"
        return elements[0]

    def named(self, name: str) -> list[Element]:
        """Return the controls with this name."""
        return [element for element in self.all if element.get("name") == name]

    def form(self, form_id: str) -> list[tuple[str, str]]:
        """Return the fields that a browser sends for the form with this id, without the token."""
        form = self.by_id(form_id)
        return [
            (element.get("name"), value)
            for element in self.all
            if element.within("form") is form or element.get("form") == form_id
            if element.get("name") and element.get("name") not in _SKIPPED
            for value in _values(element, self.all)
        ]

    def form_to(self, path: str) -> list[tuple[str, str]]:
        """Return the input fields of the only form that is sent to this path, without the token."""
        forms = [
            element
            for element in self.all
            if element.tag == "form" and element.get("action") == path
        ]
        assert len(forms) == 1, f"{len(forms)} forms are sent to {path}"
        return [
            (element.get("name"), element.get("value"))
            for element in self.all
            if element.within("form") is forms[0] and element.tag == "input"
            if element.get("name") and element.get("name") not in ("csrf_token", "made_under")
        ]

    def error_at(self, name: str) -> str:
        """Return the error of the control with this name; it has to be marked invalid."""
        invalid_elements = [
            element for element in self.named(name) if element.get("aria-invalid") == "true"
        ]
        groups = [
            element
            for element in self.all
            if element.get("id") == name and element.tag == "fieldset"
        ]
        invalid_elements = invalid_elements or [
            element for element in groups if element.get("aria-invalid") == "true"
        ]
        assert invalid_elements, f"nothing named {name} is marked as wrong: {self.errors()}"
        described_by = invalid_elements[0].get("aria-describedby")
        error_ids = [own_id for own_id in described_by.split() if own_id.endswith("-error")]
        assert len(error_ids) == 1, f"{name} is described by {described_by!r}"
        return self.by_id(error_ids[0]).text

    def errors(self) -> list[str]:
        """Return the errors at all fields, and the summary above the form."""
        sentences = [element.text for element in self.all if "field-error" in element.get("class")]
        return sentences + [
            element.text for element in self.all if "error-summary" in element.get("class")
        ]

    def notices(self) -> list[str]:
        """Return the texts of all notices."""
        return [element.text for element in self.all if "notice" in element.get("class").split()]


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
    options = [
        option
        for option in everything
        if option.tag == "option" and option.within("select") is select
    ]
    selected = [option for option in options if "selected" in option.attributes]
    for option in (selected or options)[:1]:
        yield option.get("value")
