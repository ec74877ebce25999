"""The application for another WSGI server, with the environment's settings: `web.wsgi:app`.

`nagarvani web` is the product's own server. Another one, such as gunicorn by itself or mod_wsgi,
asks for `app` in each of its processes; it then reads the requests, with its own limits.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Final

from flask import Flask

from publisher.database.session import Database
from publisher.media.store import StoreAway
from publisher.operations.health_checks import check_database, check_migrations
from publisher.operations.start_checks import check_key_opens, check_written
from publisher.operations.store_identity import OtherStore, refusal
from publisher.operations.task_checks import check_filled
from publisher.settings.environment import load
from publisher.settings.logs import configure, open_access_log
from publisher.settings.reader import WrongSetting
from web.app import create_app
from web.controls.workers import keep_watch
from web.core.context import open_context

NOBODY_ELSE: Final = 0o077
"""The umask of every command: what is written belongs to its own user alone."""

_FIRST: Final = "run `nagarvani doctor` with the same settings, it says what to do"


class NotReady(Exception):
    """The application cannot serve: its database or media store is away, or another one."""


@cache
def create() -> Flask:
    """Return the application; raises `WrongSetting` or `NotReady`.

    Like `nagarvani web`, it watches whether a clock runs, because a dead clock cannot report
    itself.
    """
    os.umask(NOBODY_ELSE)
    settings = load()
    configure(settings.logs)
    open_access_log(settings.logs)
    check_written(settings)
    if not settings.secret_key:
        # The commands make a key in the folder where they run; a server may run anywhere.
        raise WrongSetting("SECRET_KEY", "write the key that the commands use (var/secret-key)")
    database = Database(settings.database_url)
    try:
        for check in (check_database, check_migrations, check_filled):
            finding = check(database)
            if not finding.ok:
                raise NotReady(f"{finding.subject}: {finding.code}; {_FIRST}")
        check_key_opens(settings, database)
        context = open_context(settings, database)
    except (OtherStore, StoreAway) as problem:
        raise NotReady(refusal(problem, settings.media.address)) from problem
    finally:
        database.dispose()  # a server that forks after this shares no connection
    application = create_app(context)
    keep_watch(context, ended=threading.Event())
    return application


def __getattr__(name: str) -> Flask:
    """Return `app` when a server asks for it; just importing this module does nothing."""
    if name != "app":
        raise AttributeError(name)
    return create()
