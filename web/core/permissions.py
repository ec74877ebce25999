"""Access rules of routes: every route declares one, or the application does not start.

A view declares its rule with a decorator directly below those of the route:

    @routes.get("/posts/<int:post_id>")
    @for_roles()
    @reads
    def show(session: Session, post_id: int) -> Page:
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from flask import Flask
from werkzeug import Response

from approvals.policy import TABLE as POLICY
from approvals.policy import Action, Role

Page = Response | str | tuple[str, int]
"""What a view returns."""

View = TypeVar("View", bound=Callable[..., object])
EVERYBODY = frozenset(Role)


class RouteWithoutRule(Exception):
    """Raised at start if a route declares no rule."""


@dataclass(frozen=True)
class AccessRule:
    """A page is public, or open to these roles.

    Within a role, a use case or query decides which rows of the database the person may see.
    The role has at least one of the `actions`; they are empty if the page serves no action.
    `sessionless`: it is public and reads no session, because no person opens it.
    """

    public: bool
    roles: frozenset[Role]
    actions: frozenset[Action] = frozenset()
    sessionless: bool = False


# By the function that Flask calls: a decorator that wraps the view must be below the rule's.
_RULES_BY_VIEW: dict[Callable[..., object], AccessRule] = {}


def public(view: View) -> View:
    """Declare that a page is open to everybody, signed in or not."""
    _RULES_BY_VIEW[view] = AccessRule(public=True, roles=EVERYBODY)
    return view


def allow_programs(view: View) -> View:
    """Declare that programs request a page: it is public, and reads no session."""
    _RULES_BY_VIEW[view] = AccessRule(public=True, roles=EVERYBODY, sessionless=True)
    return view


def allow_roles(*roles: Role) -> Callable[[View], View]:
    """Declare that a page is open to these roles; without arguments, to every role."""
    return _declare(AccessRule(public=False, roles=frozenset(roles) or EVERYBODY))


def _declare(rule: AccessRule) -> Callable[[View], View]:
    def declare(view: View) -> View:
        _RULES_BY_VIEW[view] = rule
        return view

    return declare


def allow_action(*actions: Action) -> Callable[[View], View]:
    """Declare that a page is open to every role that may do one of these actions anywhere."""
    roles = frozenset(list_roles(actions))
    return _declare(AccessRule(public=False, roles=roles, actions=frozenset(actions)))


def list_roles(actions: Collection[Action]) -> list[Role]:
    """Return the roles that have one of these actions in the policy table."""
    return [role for role in Role if any(action in POLICY[role] for action in actions)]


def get_rule(app: Flask, endpoint: str) -> AccessRule:
    """Return the rule of an endpoint; raises `RouteWithoutRule` if it has none."""
    if endpoint == "static":  # the view is Flask's
        return AccessRule(public=True, roles=EVERYBODY)
    view = app.view_functions[endpoint]
    if view not in _RULES_BY_VIEW:
        raise RouteWithoutRule(endpoint)
    return _RULES_BY_VIEW[view]


def check_every_route(app: Flask) -> None:
    """Raise `RouteWithoutRule` if any route of the application has no rule."""
    for route in app.url_map.iter_rules():
        get_rule(app, route.endpoint)
