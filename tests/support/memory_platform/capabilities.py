"""The platform in memory as the rest of the house would know it, for tests that register it.

Its texts are in English only, as those of a platform that nobody has translated yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from publisher.platforms.capabilities import (
    AccountFromSettings,
    AnimationFit,
    Capabilities,
    Fold,
    Installation,
    OAuthFlow,
    Permalink,
    RenditionFit,
)
from publisher.platforms.oauth.types import ConnectableAccount
from tests.support.memory_platform import oauth
from tests.support.memory_platform.platform import LIMITS, MemoryPlatform
from tests.support.memory_platform.store import HOST, OURSELVES, length

_POST = re.compile(r"/(?P<number>[0-9]{1,30})/?$")


def read_permalink(url: str, _own_number: str) -> Permalink | None:
    """Parse /<number>: every post that has an address is the city's, replies too."""
    match = _POST.match(urlsplit(url).path)
    address = url.partition("?")[0]
    return Permalink(OURSELVES, match["number"], match["number"], address) if match else None


def _open_account(_credentials: Mapping[str, str], installation: Installation) -> MemoryPlatform:
    return MemoryPlatform(now=installation.now, name=MEMORY.name, can_edit=True)


def _oauth() -> OAuthFlow:
    return oauth


def _account_in(settings: Mapping[str, str]) -> ConnectableAccount:
    return oauth.account_of(settings["memory_handle"], settings["memory_token"])


MEMORY: Final = Capabilities(
    name="memory",
    label="Notice board",
    icon="megaphone",
    hosts=frozenset({HOST}),
    read_permalink=read_permalink,
    limits=replace(LIMITS, text_units=500, can_edit=True),
    reply_limits=replace(LIMITS, text_units=300, media=1, can_edit=True),
    count=length,
    counter="",
    has_short_texts=True,
    fit=RenditionFit(
        side=1_000,
        max_bytes=300_000,
        animation=AnimationFit(width=640, height=640, frames=50, pixels=20_000_000),
    ),
    has_link_field=True,
    link_advice="It is shown below the notice.",
    has_handles=False,
    has_mentions=True,
    reply_needs_mention=False,
    tells_rights=False,
    rights={"pin": "pin notices up"},
    rate_limits={"publish.board_week": "Notices in a week"},
    preview=Path(__file__).with_name("preview.html"),
    fold=Fold(120, 2, {"en": "Read on"}),
    open_account=_open_account,
    oauth=_oauth,
    connect_label="Connect a notice board",
    connect_advice="Hang up the key of our app.",
    settings=AccountFromSettings(
        ("memory_handle", "memory_token"), ("memory_app_key",), _account_in
    ),
)
