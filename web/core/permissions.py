"""Access rules of routes: every route declares one, or the application does not start."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from flask import Flask

from approvals.policy import TABLE as POLICY
from approvals.policy import Action, Role

View = TypeVar("View", bound=Callable[..., object])
EVERYBODY = frozenset(Role)


class RouteWithoutRule(Exception):
    """Raised at start if a route declares no rule."""


@dataclass(frozen=True)
class Rule:
    """A page is public, or open to these roles; the queries narrow down what each role sees."""

    public: bool
    roles: frozenset[Role]


_RULES: dict[Callable[..., object], Rule] = {}
_PUBLIC_ENDPOINTS = frozenset({"static", "bootstrap.static"})


def public(view: View) -> View:
    """Declare that a page is open to everybody, signed in or not."""
    _RULES[view] = Rule(public=True, roles=EVERYBODY)
    return view


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Declare that a page is open to these roles; without arguments, to every role."""

    def set_rule(view: View) -> View:
        _RULES[view] = Rule(public=False, roles=frozenset(roles) or EVERYBODY)
        return view

    return set_rule


def for_action(*actions: Action) -> Callable[[View], View]:
    """Declare that a page is open to every role that may do one of these actions anywhere."""
    return for_roles(*roles_with(actions))


def roles_with(actions: Collection[Action]) -> list[Role]:
    """Return the roles that have one of these actions in the policy table."""
    return [role for role in Role if any(action in POLICY[role] for action in actions)]


def rule_of(app: Flask, endpoint: str) -> Rule:
    """Return the rule of an endpoint; raises `RouteWithoutRule` if it has none."""
    if endpoint in _PUBLIC_ENDPOINTS:
        return Rule(public=True, roles=EVERYBODY)
    view = app.view_functions[endpoint]
    if view not in _RULES:
        raise RouteWithoutRule(endpoint)
    return _RULES[view]


def check_every_route(app: Flask) -> None:
    """Raise `RouteWithoutRule` if any route of the application has no rule."""
    for rule in app.url_map.iter_rules():
        rule_of(app, rule.endpoint)
