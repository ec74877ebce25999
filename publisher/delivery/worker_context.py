"""The context of sending, and the claim by which one clock holds one delivery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.media.store import Store
from publisher.settings.delivery import DeliverySettings


@dataclass(frozen=True)
class WorkerContext:
    """The dependencies of sending: database, media store, platforms, settings, and two clocks.

    `monotonic` returns seconds for deadlines, `now` the current moment.
    """

    database: Database
    store: Store
    open_account: OpenAccount
    delivery_settings: DeliverySettings
    clock_name: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]


@dataclass(frozen=True)
class Claim:
    """A delivery that this clock holds until it is claimed again with a later fence.

    `counted`: it has been counted against its account's limits.
    """

    delivery_id: int
    fence: int
    counted: bool = False
