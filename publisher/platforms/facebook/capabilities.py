"""Facebook as the rest of the house knows it; its client is imported when a page is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from publisher.platforms.capabilities import (
    N_,
    AccountFromSettings,
    Capabilities,
    Fold,
    Installation,
    OAuthFlow,
    Permalink,
    RenditionFit,
    Webhooks,
    WebhookSupport,
    address_base,
    read_credentials,
)
from publisher.platforms.facebook.post_limits import COMMENT_LIMITS, LIMITS, WEB_URL
from publisher.platforms.oauth.types import ConnectableAccount

if TYPE_CHECKING:
    from publisher.platforms.base.protocol import Platform

_POST = re.compile(r"/(?P<page>[^/]+)/posts/(?:[^/]+/)?(?P<number>[0-9]+|pfbid\w+)/?$")
_LONGEST_NUMBER = 40
_HOSTS = frozenset(f"{prefix}facebook.com" for prefix in ("", "www.", "m.", "web.", "business."))
_OF_A_REPLY = ("comment_id", "reply_comment_id")


def read_permalink(url: str, own_number: str) -> Permalink | None:
    """Parse /<page>/posts/… or permalink.php?story_fbid=…&id=…, with comment_id for a reply.

    Ids are `<page>_<post>`, and `<post>_<comment>` for a reply. Links of the newer form (pfbid…)
    hold no number, and so no id.
    """
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if "story_fbid" in query and "id" in query:
        page, number = query["id"], query["story_fbid"]
        prefix = parts.path.rpartition("/")[0]
    elif match := _POST.search(parts.path):
        page, number = match["page"], match["number"]
        prefix = parts.path[: match.start()]
    else:
        return None
    base = address_base(parts, prefix, hosts=_HOSTS, web_url=WEB_URL)
    reply = urlencode({name: query[name] for name in _OF_A_REPLY if name in query})
    comment = query.get("reply_comment_id") or query.get("comment_id", "")
    page_number = page if _is_number(page) else own_number
    return Permalink(
        owner=page,
        post_id=_join_ids(page_number, number, comment or "0"),
        reply_id=_join_ids(number, comment) if comment else None,
        url=f"{base}/{_quote_segment(page)}/posts/{_quote_segment(number)}"
        + (f"?{reply}" if reply else ""),
    )


def _quote_segment(text: str) -> str:
    return quote(unquote(text), safe="")


def _join_ids(first: str, second: str, *others: str) -> str:
    """Return the id of two numbers; "" unless they and the others are numbers."""
    is_numbered = all(_is_number(part) for part in (first, second, *others))
    return f"{first}_{second}" if is_numbered else ""


def _is_number(text: str) -> bool:
    """Return True for ASCII digits that fit into a receipt's column."""
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER


def _open_account(credentials: Mapping[str, str], installation: Installation) -> Platform:
    from publisher.platforms.facebook.api import FacebookCredentials
    from publisher.platforms.facebook.platform import FacebookPlatform

    return FacebookPlatform(read_credentials(FacebookCredentials, credentials), installation)


def _oauth() -> OAuthFlow:
    from publisher.platforms.facebook import oauth

    return oauth


def _webhooks() -> Webhooks:
    from publisher.platforms.facebook import webhooks

    return webhooks


def _configured_account(settings: Mapping[str, str]) -> ConnectableAccount:
    page_id = settings["facebook_page_id"]
    return ConnectableAccount(
        platform_id=page_id,
        handle=page_id,
        name=page_id,
        url=f"{WEB_URL}/{page_id}",
        credentials={
            "page_id": page_id,
            "page_token": settings["facebook_page_token"],
            "app_secret": settings["facebook_app_secret"],
        },
    )


FACEBOOK: Final = Capabilities(
    name="facebook",
    label=N_("Facebook"),
    icon="facebook",
    hosts=_HOSTS,
    read_permalink=read_permalink,
    limits=LIMITS,
    reply_limits=COMMENT_LIMITS,
    count=len,
    counter="plain",
    has_short_texts=False,
    # Facebook takes 10 MB, although its older error texts mention 4; it shows only the first frame
    # of an animation.
    fit=RenditionFit(side=2048, max_bytes=4_000_000),
    has_link_field=True,
    link_advice="",
    has_handles=False,
    has_mentions=False,
    reply_needs_mention=False,
    tells_rights=True,
    rights={
        "pages_show_list": N_("see the list of pages"),
        "pages_manage_posts": N_("publish, change and delete posts"),
        "pages_read_engagement": N_("read the page’s posts"),
        "pages_read_user_content": N_("read citizens’ comments"),
        "pages_manage_engagement": N_("answer and hide comments"),
        "pages_manage_metadata": N_("get comments at once"),
        "business_management": N_("find the page in the business portfolio"),
        "CREATE_CONTENT": N_("role on the page: create content"),
        "MODERATE": N_("role on the page: moderate"),
    },
    rate_limits={
        "publish.app_hour": N_("Share of the app’s hour, in percent"),
        "publish.page_hour": N_("Share of the page’s hour, in percent"),
        "publish.business_hour": N_("Share of the page’s hour, in percent"),
    },
    preview=Path(__file__).with_name("preview.html"),
    fold=Fold(477, 5, {"mr": "आणखी पाहा", "en": "See more", "hi": "और देखें"}),
    open_account=_open_account,
    oauth=_oauth,
    connect_label=N_("Connect a page of Facebook"),
    connect_advice=N_(
        "Allow our app. On Facebook choose the page, and leave every permission ticked."
    ),
    settings=AccountFromSettings(
        ("facebook_page_id", "facebook_page_token"),
        ("facebook_app_id", "facebook_app_secret"),
        _configured_account,
    ),
    webhooks=WebhookSupport(
        _webhooks,
        ("facebook_app_id", "facebook_app_secret", "facebook_verify_token"),
        "pages_manage_metadata",
    ),
)
