"""What the frame round every page needs: bar, tabs, acting appointment, menu, banners, foot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Locale = Literal["mr", "en", "hi"]


@dataclass(frozen=True)
class Tab:
    """One tab; `count` is what waits there, `loud` sets it white on ink, `here` marks the page."""

    label: str
    href: str
    count: int | None = None
    loud: bool = False
    here: bool = False


@dataclass(frozen=True)
class MenuEntry:
    """One line of the menu; with `post` it is a button in a form, else a link."""

    label: str
    href: str
    icon: str = ""
    post: bool = False


@dataclass(frozen=True)
class LanguageChoice:
    """One language that the page can be turned to, named in itself."""

    code: Locale
    name: str


@dataclass(frozen=True)
class ActingLabel:
    """The person and the appointment under which this session works.

    `person_key` is an opaque, lasting mark of the person: drafts kept in the browser are filed
    under it. `switch_href` is there only where the person has more than one appointment.
    """

    name: str
    post: str
    person_key: str
    switch_href: str | None = None


@dataclass(frozen=True)
class Banner:
    """A sentence over every page while it holds, such as a stop or a freeze."""

    text: str
    tone: Literal["red", "amber"] = "amber"
    icon: str = "exclamation-triangle-fill"
    href: str | None = None
    link: str = ""


@dataclass(frozen=True)
class Help:
    """Where a person gets help: the same words at the same place on every page."""

    phone: str = ""
    phone_href: str = ""
    hours: str = ""
    mail: str = ""


@dataclass(frozen=True)
class Chrome:
    """Everything that `layout/base.html` reads, as the template variable `chrome`.

    `language_action` takes a POST of `lang`, `next` and the CSRF token, keeps the choice and
    leads back to `next` (a path of this site). `path` is what `next` is to be. Without
    `search_href`, `stop` or `acting` the frame leaves these out.
    """

    locale: Locale
    city: str
    home_href: str = "/"
    path: str = "/"
    office: str = ""
    language_action: str = ""
    languages: tuple[LanguageChoice, ...] = ()
    tabs: tuple[Tab, ...] = ()
    acting: ActingLabel | None = None
    search_href: str | None = None
    search_words: str = ""
    menu: tuple[MenuEntry, ...] = ()
    stop: MenuEntry | None = None
    banners: tuple[Banner, ...] = ()
    help: Help = field(default_factory=Help)
