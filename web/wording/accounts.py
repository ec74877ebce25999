"""What platforms say of accounts, in words: why connecting ended, rights, limits, endings."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from publisher.models.accounts import Allowance
from publisher.platforms.oauth.types import Why
from web.icons import N_
from web.words import _

TURNED: Mapping[str, str] = {
    Why.DENIED: N_("On the platform the permission was refused. Nothing was connected."),
    Why.EXPIRED: N_(
        "The permission was not confirmed in time, or its answer was used once already. Nothing "
        "was connected."
    ),
    Why.APP_KEYS: N_(
        "The platform does not accept the keys of our app. The administrator of the server checks "
        "the settings."
    ),
    Why.CALLBACK: N_(
        "The platform does not accept the address to come back to. It has to be registered in the "
        "app’s settings there."
    ),
    Why.UNREACHABLE: N_("The platform gave no clear answer. Nothing was connected. Try again."),
    Why.NO_PAGE: N_("No page was chosen on Facebook, so none can be connected."),
    Why.MISSING_RIGHTS: N_("Nothing was connected, for these rights are missing: %(about)s."),
    Why.OTHER_ACCOUNT: N_(
        "Another account than the one to be connected anew was chosen there: %(about)s. Nothing "
        "was changed."
    ),
    Why.OTHER_APP: N_("This access was given to another app than ours. Nothing was connected."),
    Why.WRONG_STATE: N_(
        "This answer belongs to no connecting that was begun in this session, or it was used "
        "already. Nothing was connected."
    ),
}
RIGHTS: Mapping[str, str] = {
    "pages_show_list": N_("see the list of pages"),
    "pages_manage_posts": N_("publish, change and delete posts"),
    "write": N_("publish, change and delete posts"),
    "pages_read_engagement": N_("read the page’s posts"),
    "pages_read_user_content": N_("read citizens’ comments"),
    "pages_manage_engagement": N_("answer and hide comments"),
    "CREATE_CONTENT": N_("role on the page: create content"),
    "MODERATE": N_("role on the page: moderate"),
}
OPERATIONS: Mapping[str, str] = {
    "publish.15min": N_("Publications in 15 minutes"),
    "publish.app_day": N_("Publications of our app in 24 hours"),
    "publish.user_day": N_("Publications of the account in 24 hours"),
    "publish.cap": N_("Our own daily cap"),
    "publish.app_hour": N_("Share of the app’s hour, in percent"),
    "publish.page_hour": N_("Share of the page’s hour, in percent"),
    "publish.business_hour": N_("Share of the page’s hour, in percent"),
}


def turned_sentence(why: str, about: str = "") -> str:
    """Why connecting ended, and what is to be done."""
    words = TURNED.get(why, TURNED[Why.UNREACHABLE])
    return _(words, about=rights_words(about.split(", ")) if why == Why.MISSING_RIGHTS else about)


def rights_words(rights: list[str]) -> str:
    """Rights in words, each with the platform's own name for it."""
    return ", ".join(f"{_(RIGHTS[one])} ({one})" if one in RIGHTS else one for one in rights)


def allowance_word(allowance: Allowance) -> str:
    """What a limit counts; empty for those that hold no publication."""
    return _(OPERATIONS[allowance.name]) if allowance.name in OPERATIONS else ""


def register(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.filters.update({"rights_words": rights_words, "turned_sentence": turned_sentence})
    app.jinja_env.filters["allowance_word"] = allowance_word
