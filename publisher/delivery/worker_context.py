"""What every part of the worker needs, and the claim by which one clock owns a delivery."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.media.store import MediaStore
from publisher.settings.delivery import DeliverySettings


def machine_name() -> str:
    """Return the name under which this machine's time is stored."""
    return socket.gethostname()[:80]


@dataclass(frozen=True)
class WorkerContext:
    """The dependencies of sending, passed to every function that takes part in it.

    `clock_name` names this process in claims and heartbeats. `open_account` returns an account's
    platform client. `now` returns the current time in UTC, `monotonic` seconds for deadlines.
    `store_identity` is that of `store` at the start; "" if it was not compared. `machine` is the
    one whose time `now` returns.
    """

    database: Database
    store: MediaStore
    open_account: OpenAccount
    delivery_settings: DeliverySettings
    clock_name: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    store_identity: str = ""
    machine: str = field(default_factory=machine_name)


@dataclass(frozen=True)
class Claim:
    """The right of one clock process to send a delivery, until its lease ends.

    Each claim raises the delivery's `fence` by one. A clock whose fence is no longer the delivery's
    has lost it, and must not change it. `counted` is True if the claim was counted against the
    account's rate limits.
    """

    delivery_id: int
    fence: int
    counted: bool = False
