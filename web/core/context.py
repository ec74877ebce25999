"""The application context: settings, database, media store and time, used by every view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app
from werkzeug.local import LocalProxy

from publisher.auth.passwords import HASHER, Hasher
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount, opener
from publisher.delivery.costs.ledger import recorder
from publisher.media.configured_store import open_store
from publisher.media.store import MediaStore
from publisher.media.thumbnails import WITHIN, Thumbnails
from publisher.now import now
from publisher.operations.store_identity import identify_before_fork
from publisher.settings.environment import Settings


@dataclass(frozen=True)
class AppContext:
    """Settings, database, media store, access to the platforms, and the current time.

    If `rings`, the web workers alert the admins when no clock runs. `store_identity` is that of
    `store` at the start, or "" if it was not compared. `thumbnails` time out sooner than files.
    `hasher` verifies and hashes passwords.
    """

    settings: Settings
    database: Database
    store: MediaStore
    open_account: OpenAccount
    now: Callable[[], datetime]
    rings: bool = False
    store_identity: str = ""
    thumbnails: Thumbnails | None = None
    hasher: Hasher = HASHER


def open_context(settings: Settings, database: Database) -> AppContext:
    """Return the context of a web server whose database was checked.

    Raises `OtherStore` or `StoreAway` if the media store is not that of this database.
    """
    store = open_store(settings)
    identity = identify_before_fork(settings, database, store, now=now())
    return AppContext(
        settings=settings,
        database=database,
        store=store,
        open_account=opener(settings, database, recorder(database, settings.platforms, now)),
        now=now,
        rings=True,
        store_identity=identity,
        thumbnails=open_thumbnails(settings, store_identity=identity),
    )


def open_thumbnails(settings: Settings, *, store_identity: str) -> Thumbnails:
    """Return the thumbnails of the media store, with a short time-out for pages."""
    store = open_store(settings, within=WITHIN)
    store.expect_identity(store_identity)
    return Thumbnails(store)


ctx = cast(AppContext, LocalProxy(lambda: current_app.extensions["house"]))
"""The context of the application that answers the current request."""
