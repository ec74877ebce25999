"""X as the rest of the house knows it; its client is imported when an account is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from publisher.platforms.base.charges import Billing, ChargeKind
from publisher.platforms.capabilities import (
    N_,
    AccountFromSettings,
    AnimationFit,
    Capabilities,
    Fold,
    Installation,
    OAuthFlow,
    Permalink,
    RenditionFit,
    address_base,
    read_credentials,
)
from publisher.platforms.oauth.types import ConnectableAccount
from publisher.platforms.x import text_length
from publisher.platforms.x.dialect import STRICT
from publisher.platforms.x.post_limits import LIMITS, WEB_URL
from publisher.platforms.x.url_detection import extract_urls

if TYPE_CHECKING:
    from publisher.platforms.base.protocol import Platform

_POST = re.compile(r"/(?P<handle>\w{1,30})/status/(?P<number>[0-9]{1,30})(?:/|$)")
_HOSTS = frozenset(
    {
        *("x.com", "www.x.com", "mobile.x.com"),
        *("twitter.com", "www.twitter.com", "mobile.twitter.com"),
    }
)
_NO_HANDLES = frozenset({"i", "web"})
_APP = ("x_consumer_key", "x_consumer_secret")
_NAMES = ("x_handle", *_APP, "x_access_token", "x_access_token_secret")


def read_permalink(url: str, _own_number: str) -> Permalink | None:
    """Parse /<handle>/status/<number>; a reply is a post like any other."""
    parts = urlsplit(url)
    match = _POST.search(parts.path)
    if match is None or match["handle"].lower() in _NO_HANDLES:
        return None
    handle, number = match["handle"], match["number"]
    base = address_base(parts, parts.path[: match.start()], hosts=_HOSTS, web_url=WEB_URL)
    return Permalink(handle, number, number, f"{base}/{handle}/status/{number}")


def _open_account(credentials: Mapping[str, str], installation: Installation) -> Platform:
    from publisher.platforms.x.api import XCredentials
    from publisher.platforms.x.platform import XPlatform

    return XPlatform(read_credentials(XCredentials, credentials), installation)


def _oauth() -> OAuthFlow:
    from publisher.platforms.x import oauth

    return oauth


def _configured_account(settings: Mapping[str, str]) -> ConnectableAccount:
    handle = settings["x_handle"].lstrip("@")
    return ConnectableAccount(
        platform_id=settings["x_access_token"].partition("-")[0],
        handle=handle,
        name=f"@{handle}",
        url=f"{WEB_URL}/{handle}",
        credentials={name.removeprefix("x_"): settings[name] for name in _NAMES[1:]},
    )


X: Final = Capabilities(
    name="x",
    label=N_("X"),
    icon="twitter-x",
    hosts=_HOSTS,
    read_permalink=read_permalink,
    limits=LIMITS,
    reply_limits=LIMITS,
    count=lambda text: text_length.count(text).weighted,
    counter="weighted",
    has_short_texts=True,
    fit=RenditionFit(
        side=4096,
        max_bytes=5_000_000,
        animation=AnimationFit(width=1280, height=1080, frames=350, pixels=300_000_000),
    ),
    has_link_field=False,
    link_advice=N_("On X the link goes at the end and counts as 23 characters."),
    has_handles=True,
    has_mentions=True,
    reply_needs_mention=True,
    tells_rights=False,
    rights={"write": N_("publish, change and delete posts")},
    rate_limits={
        "publish.15min": N_("Posts in 15 minutes"),
        "publish.app_day": N_("Posts of our app in 24 hours"),
        "publish.user_day": N_("Posts of the account in 24 hours"),
    },
    preview=Path(__file__).with_name("preview.html"),
    fold=Fold(
        text_length.LIMIT,
        None,
        {"mr": "आणखी दाखवा", "en": "Show more", "hi": "और दिखाएं"},
    ),
    open_account=_open_account,
    oauth=_oauth,
    connect_label=N_("Connect an account of X"),
    connect_advice=N_("Allow our app to read and write."),
    settings=AccountFromSettings(_NAMES, _APP, _configured_account),
    billing=Billing(
        prices={
            ChargeKind.POST_READ: "x_price_post_read",
            ChargeKind.OWNED_READ: "x_price_owned_read",
            ChargeKind.OWN_BY_ID: "x_price_own_by_id",
            ChargeKind.USER_READ: "x_price_user_read",
            ChargeKind.POST: "x_price_post",
            ChargeKind.POST_WITH_LINK: "x_price_post_with_link",
            ChargeKind.SUMMONED_REPLY: "x_price_summoned_reply",
            ChargeKind.ALT_TEXT: "x_price_alt_text",
            ChargeKind.HIDE: "x_price_hide",
            ChargeKind.DELETE: "x_price_delete",
        },
        budget="x_monthly_budget",
        has_link=lambda text: bool(extract_urls(text)),
        # As counted in tests/delivery/test_month_of_costs.py.
        dialect_costs={
            STRICT.name: "; X returns and bills authors and answered posts with each page in it,"
            " about $87 more a month for 300 comments and 150 answers a day"
        },
    ),
)
