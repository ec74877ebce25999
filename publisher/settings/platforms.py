"""Settings of the platforms: addresses, and the keys of our apps and of the first accounts.

A new platform adds the names that its `Capabilities` require.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PlatformSetting:
    """A setting of a platform, named as in the environment without the prefix, in small letters.

    `pattern` is a regular expression that a text has to match, and `hint` says what to write. If
    the address in `beside` is on this machine, it is the default of this address too.
    """

    name: str
    default: str = ""
    is_address: bool = False
    pattern: str = ""
    beside: str = ""
    is_secret: bool = False
    hint: str = ""


_PRICE: Final = r"[0-9]{1,3}(\.[0-9]{1,6})?"
_PRICE_HINT: Final = "write dollars from 0 to 999, such as 0.005"


def _price(name: str, default: str) -> PlatformSetting:
    return PlatformSetting(f"x_price_{name}", default, pattern=_PRICE, hint=_PRICE_HINT)


PLATFORM_SETTINGS: Final = (
    PlatformSetting("x_api_url", "https://api.x.com", is_address=True),
    PlatformSetting("x_signed_url", is_address=True),
    PlatformSetting("x_web_url", "https://x.com", is_address=True),
    PlatformSetting("x_handle"),
    PlatformSetting("x_consumer_key", is_secret=True),
    PlatformSetting("x_consumer_secret", is_secret=True),
    PlatformSetting("x_access_token", is_secret=True),
    PlatformSetting("x_access_token_secret", is_secret=True),
    _price("post_read", "0.005"),
    # X may charge less for these; this is the full price until a bill has shown it.
    _price("owned_read", "0.005"),
    _price("own_by_id", "0.005"),
    _price("user_read", "0.010"),
    _price("post", "0.015"),
    _price("post_with_link", "0.200"),
    _price("summoned_reply", "0.010"),
    _price("alt_text", "0.005"),
    _price("hide", "0.005"),
    _price("delete", "0.010"),
    PlatformSetting(
        "x_monthly_budget",
        # Publishing is never stopped, so a budget of 0 could not be met.
        pattern=r"[1-9][0-9]{0,5}",
        hint="write whole dollars from 1 on, such as 250, or leave it empty for no budget",
    ),
    PlatformSetting("graph_api_url", "https://graph.facebook.com", is_address=True),
    PlatformSetting("graph_api_version", "v26.0", pattern=r"v\d{1,3}\.\d"),
    PlatformSetting(
        "facebook_web_url", "https://www.facebook.com", is_address=True, beside="graph_api_url"
    ),
    PlatformSetting("facebook_page_id"),
    PlatformSetting("facebook_page_token", is_secret=True),
    PlatformSetting("facebook_app_id"),
    PlatformSetting("facebook_app_secret", is_secret=True),
    PlatformSetting("facebook_login_config_id"),
    PlatformSetting("facebook_verify_token", is_secret=True),
)
