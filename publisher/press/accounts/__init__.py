"""The city's accounts: sealed access, owners and users, connecting, and what of them ends."""

from __future__ import annotations

from publisher.press.accounts.connecting import (
    LIFE,
    candidates,
    come_back,
    finish,
    is_from_page,
    keep_found,
    refuse,
    set_out,
    walk_of,
)
from publisher.press.accounts.endings import WARN_BEFORE, ends, tick_tokens
from publisher.press.accounts.keeping import (
    Choice,
    account_for,
    all_accounts,
    change,
    connect,
    disconnect,
    forget,
    known,
    pause,
    resume,
)
from publisher.press.accounts.opening import Look, LookAt, OpenAccount, looker, opener, ways
from publisher.press.accounts.vault import Unsealable, Vault

__all__ = [
    "LIFE",
    "WARN_BEFORE",
    "Choice",
    "Look",
    "LookAt",
    "OpenAccount",
    "Unsealable",
    "Vault",
    "account_for",
    "all_accounts",
    "candidates",
    "change",
    "come_back",
    "connect",
    "disconnect",
    "ends",
    "finish",
    "forget",
    "is_from_page",
    "keep_found",
    "known",
    "looker",
    "opener",
    "pause",
    "refuse",
    "resume",
    "set_out",
    "tick_tokens",
    "walk_of",
    "ways",
]
