"""The data of the page layout: tabs, menu, acting appointment, banners and help."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Tab:
    """A tab; `count` is the number of open items, `loud` emphasises it, `here` marks the page."""

    label: str
    href: str
    count: int | None = None
    loud: bool = False
    here: bool = False


@dataclass(frozen=True)
class MenuEntry:
    """An entry of the menu: a link, or with `post` a button in a form."""

    label: str
    href: str
    icon: str = ""
    post: bool = False


@dataclass(frozen=True)
class LanguageChoice:
    """A language that can be chosen, with its name in that language."""

    code: str
    name: str


@dataclass(frozen=True)
class ActingLabel:
    """The person and the appointment under which this session works.

    `person_key` is an opaque, stable key of the person; drafts in the browser are stored under
    it. `switch_href` is None unless the person has more than one appointment; `waiting` counts what
    waits under the others.
    """

    name: str
    post: str
    person_key: str
    switch_href: str | None = None
    waiting: int = 0


@dataclass(frozen=True)
class Banner:
    """A sentence above every page while a condition lasts, such as a stop or a freeze."""

    text: str
    tone: Literal["red", "amber"] = "amber"
    icon: str = "exclamation-triangle-fill"
    href: str | None = None
    link: str = ""


@dataclass(frozen=True)
class Help:
    """How to get help, shown on every page."""

    phone: str = ""
    phone_href: str = ""
    hours: str = ""
    mail: str = ""


@dataclass(frozen=True)
class Chrome:
    """Everything that `layout/base.html` reads, as the template variable `chrome`.

    `language_action` accepts a POST of `lang`, `next` and the CSRF token, stores the choice and
    redirects to `next` (a path of this site); `path` is the value for `next`. With `mark` the open
    page asks what has changed since; if the request `is_by_itself`, it takes no message away. If
    `search_href`, `stop` or `acting` is None, the layout leaves it out. `keys_href` lists the keys;
    without it they do nothing.
    """

    locale: str
    city: str
    home_href: str = "/"
    path: str = "/"
    office: str = ""
    language_action: str = ""
    mark: str = ""
    is_by_itself: bool = False
    languages: tuple[LanguageChoice, ...] = ()
    tabs: tuple[Tab, ...] = ()
    acting: ActingLabel | None = None
    guides_href: str = ""
    search_href: str | None = None
    search_words: str = ""
    keys_href: str = ""
    menu: tuple[MenuEntry, ...] = ()
    stop: MenuEntry | None = None
    banners: tuple[Banner, ...] = ()
    help: Help = field(default_factory=Help)
