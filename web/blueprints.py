"""Registers the blueprints of all feature packages."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from flask import Blueprint, Flask

import web


def register(app: Flask) -> None:
    """Register every blueprint of this package with the app."""
    for blueprint in dict.fromkeys(_blueprints()):  # some modules share a blueprint
        app.register_blueprint(blueprint)


def _blueprints() -> Iterator[Blueprint]:
    """Yield the `routes` of each module below `web`, in the order of their names."""
    for module in walk_packages(web.__path__, "web."):
        routes = getattr(import_module(module.name), "routes", None)
        if isinstance(routes, Blueprint):
            yield routes
