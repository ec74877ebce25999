"""A tiny application that renders every macro in every state, in Marathi and in English.

`python -m tests.web_look.lookbook` serves it on loopback; the pages are listed on `/`.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, Response, abort, flash, g, render_template, send_file
from flask_babel import Babel
from flask_wtf import CSRFProtect
from jinja2 import FileSystemLoader
from markupsafe import Markup

from tests.web_look.forms import SignInForm, hand_in
from tests.web_look.pictures import picture
from tools import fonts
from web import preview_filters
from web.core import filters, icons, state_badges
from web.core.layout import ActingLabel, Banner, Chrome, Help, LanguageChoice, MenuEntry, Tab

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CATALOGUES = ROOT / "publisher" / "i18n" / "translations" / "mr" / "LC_MESSAGES"
NOW = datetime(2026, 11, 25, 8, 40, tzinfo=UTC)
CODES = (400, 403, 404, 413, 429, 500, 503)
CSP = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'"

# Marathi, English, what waits there, whether it is loud.
CELL_TABS = (
    ("आजची कामे", "Today", 6, False),
    ("प्रस्ताव", "Submissions", None, False),
    ("दिनदर्शिका", "Calendar", None, False),
    ("निर्णयासाठी", "For decision", 4, True),
    ("टिप्पण्या", "Comments", 9, False),
    ("विभाग", "Departments", None, False),
    ("अहवाल", "Reports", None, False),
)
OFFICER_TABS = (
    ("आजची कामे", "Today", 4, True),
    ("टिप्पण्या", "Comments", 3, False),
    ("प्रस्ताव", "Submissions", None, False),
    ("सादर करा", "Submit", None, False),
)
# page: (which tabs, the tab it belongs to)
PAGES: dict[str, tuple[str, str]] = {
    "states": ("cell", ""),
    "sign_in": ("", ""),
    "today": ("officer", "Today"),
    "empty": ("officer", "Today"),
    "review": ("officer", "Today"),
    "stale": ("officer", "Today"),
    "hand_in": ("officer", "Submit"),
    "hand_in_wrong": ("officer", "Submit"),
    "submissions": ("cell", "Submissions"),
    "drafting": ("cell", "Submissions"),
    "calendar": ("cell", "Calendar"),
    "inbox": ("officer", "Comments"),
    "comment": ("officer", "Comments"),
    "timeline": ("officer", "Submissions"),
    "decisions": ("cell", "For decision"),
}


def catalogue(lang: str) -> NullTranslations:
    """Return the translations of the .po files, and of the file that LOOKBOOK_PO names."""
    translations = NullTranslations()
    extra = os.environ.get("LOOKBOOK_PO")
    files = [*sorted(CATALOGUES.glob("*.po")), *([Path(extra)] if extra else [])]
    for path in files if lang == "mr" else []:
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file))
        compiled.seek(0)
        compiled_translations = GNUTranslations(compiled)
        compiled_translations.add_fallback(translations)
        translations = compiled_translations
    return translations


TRANSLATIONS = {lang: catalogue(lang) for lang in ("mr", "en")}


def _install_gettext(app: Flask) -> None:
    """Install gettext with the translations of the .po files, so that none has to be compiled."""

    def gettext(text: str) -> str:
        return TRANSLATIONS[g.lang].gettext(text)

    def ngettext(singular: str, plural: str, number: int) -> str:
        return TRANSLATIONS[g.lang].ngettext(singular, plural, number)

    install: Callable[..., None] = getattr(app.jinja_env, "install_gettext_callables")  # noqa: B009 - it is put there by an extension
    install(gettext, ngettext, newstyle=True)


def _translation(marathi: str, english: str) -> str:
    return marathi if g.lang == "mr" else english


def _tabs(page: str) -> tuple[Tab, ...]:
    whose, here = PAGES.get(page, ("officer", ""))
    chosen = {"cell": CELL_TABS, "officer": OFFICER_TABS}.get(whose, ())
    return tuple(
        Tab(_translation(mr, en), "#tab", count, loud, here=en == here)
        for mr, en, count, loud in chosen
    )


def _acting(page: str) -> ActingLabel | None:
    if page == "sign_in":
        return None
    if PAGES.get(page, ("officer",))[0] == "cell":
        return ActingLabel("स्वाती रणपिसे", "कक्षातील कर्मचारी, सोशल मिडिया कक्ष", "p2")
    return ActingLabel("मेधा सातपुते", "समन्वयक १, पाणीपुरवठा विभाग", "p1", "#appointments")


def _menu() -> tuple[MenuEntry, ...]:
    return (
        MenuEntry(_translation("माझी माहिती", "My details"), "#me", "person"),
        MenuEntry(_translation("साइन आउट करा", "Sign out"), "#out", "box-arrow-right", post=True),
    )


def _page_frame(page: str) -> Chrome:
    acting = _acting(page)
    stop = MenuEntry(
        _translation("सर्व प्रसिद्धी तातडीने थांबवा", "Stop all publication"), "#stop", "stop-circle"
    )
    stopped = Banner("सर्व प्रसिद्धी थांबविली आहे.", "red", href="#stop", link="पाहा")
    return Chrome(
        locale=g.lang,
        city=_translation("पुणे महानगरपालिका", "Pune Municipal Corporation"),
        office=_translation("सोशल मिडिया कक्ष", "Social Media Cell"),
        path=f"/{g.lang}/{page}",
        language_action="/language",
        languages=(LanguageChoice("en", "English"),)
        if g.lang == "mr"
        else (LanguageChoice("mr", "मराठी"),),
        tabs=_tabs(page),
        acting=acting,
        search_href="#search" if acting else None,
        menu=_menu() if acting else (),
        stop=stop if acting and acting.person_key == "p2" else None,
        banners=(stopped,) if page == "calendar" else (),
        help=Help("०२०-५५५०-०१००", "tel:+912055500100", "सोमवार ते शनिवार, सकाळी १० ते सायं. ६"),
    )


def make_app() -> Flask:
    """Return the application of the look book."""
    app = Flask(
        "lookbook",
        root_path=str(ROOT / "web"),
        static_folder=str(ROOT / "web" / "static"),
    )
    app.config.update(SECRET_KEY=secrets.token_hex(), SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.jinja_loader = FileSystemLoader([str(ROOT / "web" / "templates"), str(HERE / "templates")])
    CSRFProtect(app)
    Babel(app)
    icons.register(app)
    state_badges.register(app)
    preview_filters.register(app)
    filters.register(app, lambda: str(g.lang))
    _install_gettext(app)
    _add_routes(app)
    return app


def _add_routes(app: Flask) -> None:
    app.add_url_rule("/", "index", _index)
    app.add_url_rule("/<any(mr, en):lang>/<page>", "look", _page)
    app.add_url_rule("/<any(mr, en):lang>/error/<int:code>", "error", _error)
    app.add_url_rule("/picture/<int:number>.svg", "picture", picture)
    app.add_url_rule("/static/fonts/<name>", "font", _font)
    app.add_url_rule("/<any(mr, en):lang>/sent", "sent", _sent, methods=["POST"])
    app.after_request(_set_policy)
    app.url_value_preprocessor(_language)


def _language(_endpoint: str | None, values: dict[str, str] | None) -> None:
    g.lang = (values or {}).pop("lang", "mr")


def _set_policy(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    if response.status_code == 304:
        response.close()  # nothing is sent, so nothing else closes the file
    return response


def _index() -> str:
    paths = [f"/{lang}/{page}" for lang in ("mr", "en") for page in PAGES]
    paths += [f"/{lang}/error/{code}" for lang in ("mr", "en") for code in CODES]
    return Markup("<br>").join(Markup('<a href="{0}">{0}</a>').format(path) for path in paths)


def _page(page: str) -> str:
    if page not in PAGES:
        abort(404)
    return render_template(
        f"look/{page}.html",
        chrome=_page_frame(page),
        now=NOW,
        hours=lambda count: NOW + timedelta(hours=count),
        sign_in=SignInForm(formdata=None),
        hand_in=hand_in(with_errors=page.endswith("wrong")),
        states=list(state_badges.STATE_BADGES),
    )


def _error(code: int) -> tuple[str, int]:
    page = render_template(
        "errors/error.html",
        chrome=_page_frame("error"),
        code=code,
        kept_note="आपण लिहिलेला मजकूर जपून ठेवला आहे, दुपारी २:१०." if code in {413, 500} else "",
        reference="" if code == 404 else "7F3K-2M9Q",
        retry_link={"label": "पुन्हा प्रयत्न करा", "href": "#"} if code in {500, 503} else None,
    )
    return page, code


def _sent() -> str:
    flash("प्रस्ताव सादर केला.")
    flash("hand-in", "draft-done")
    return _page("today")


def _font(name: str) -> Response:
    path = ROOT / "web" / "static" / "fonts" / name
    if not path.is_file():
        path = Path(tempfile.gettempdir()) / f"lookbook-{os.getuid()}" / name
        fonts.make_font(path)
    return send_file(path)


def main() -> None:
    """Serve the look book on loopback."""
    make_app().run("127.0.0.1", int(os.environ.get("PORT", "5099")))


if __name__ == "__main__":
    main()
