"""Keys of the sandbox. All are invented and open no real account anywhere."""

from __future__ import annotations

from dataclasses import dataclass

X_CONSUMER_KEY = "practice-consumer-key"
X_CONSUMER_SECRET = "practice-consumer-secret-not-real"  # noqa: S105  # invented
X_APP_BEARER = "practice-app-bearer-not-real"

FACEBOOK_APP_ID = "700000000000001"
FACEBOOK_APP_SECRET = "practice-app-secret-not-real"  # noqa: S105  # invented
FACEBOOK_APP_TOKEN = f"{FACEBOOK_APP_ID}|{FACEBOOK_APP_SECRET}"
FACEBOOK_PERSON_ID = "500000000000001"
FACEBOOK_PERSON_NAME = "सराव प्रशासक"
FACEBOOK_PORTFOLIO_ID = "600000000000001"
FACEBOOK_CONFIG_ID = "800000000000001"
FACEBOOK_SCOPES = (
    "pages_show_list",
    "pages_manage_posts",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "business_management",
)
FACEBOOK_EXPIRED_TOKEN = "PRACTICE-EXPIRED-PAGE-TOKEN"  # noqa: S105  # invented


@dataclass(frozen=True)
class XAccount:
    """A handle on the sandbox's X. The token begins with the account's id, as real ones do."""

    id: str
    username: str
    name: str
    token: str
    token_secret: str
    bearer: str


@dataclass(frozen=True)
class FacebookPage:
    """A page on the sandbox's Facebook with its never-expiring page token."""

    id: str
    name: str
    token: str


def _x(key: str, username: str, name: str) -> XAccount:
    return XAccount(
        key,
        username,
        name,
        token=f"{key}-practice-token",
        token_secret=f"practice-token-secret-{username}",
        bearer=f"practice-bearer-{username}",
    )


def _page(key: str, name: str) -> FacebookPage:
    return FacebookPage(key, name, token=f"PRACTICE-PAGE-TOKEN-{key}")


X_ACCOUNTS = (
    _x("9000000001", "sarav_nagar", "सराव महानगरपालिका"),
    _x("9000000002", "sarav_pani", "सराव पाणीपुरवठा"),
    _x("9000000003", "sarav_arogya", "सराव आरोग्य"),
)
FACEBOOK_PAGES = (
    _page("100000000000001", "सराव महानगरपालिका"),
    _page("100000000000002", "सराव पाणीपुरवठा"),
    _page("100000000000003", "सराव आरोग्य"),
)
