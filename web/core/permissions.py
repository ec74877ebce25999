"""Who may open which page: every route states its rule, and what states none is refused."""

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
    """A route states no rule; the application does not start with it."""


@dataclass(frozen=True)
class Rule:
    """Whether a page is public, else which roles may open it. What they see there is narrower."""

    public: bool
    roles: frozenset[Role]


_RULES: dict[Callable[..., object], Rule] = {}
_PUBLIC_ENDPOINTS = frozenset({"static", "bootstrap.static"})


def public(view: View) -> View:
    """A page for everybody, signed in or not."""
    _RULES[view] = Rule(public=True, roles=EVERYBODY)
    return view


def for_roles(*roles: Role) -> Callable[[View], View]:
    """A page for sessions that act under one of these roles; without any, for all of them."""

    def state(view: View) -> View:
        _RULES[view] = Rule(public=False, roles=frozenset(roles) or EVERYBODY)
        return view

    return state


def for_action(*actions: Action) -> Callable[[View], View]:
    """A page for every role that has a right to one of these actions, anywhere."""
    return for_roles(*roles_with(actions))


def roles_with(actions: Collection[Action]) -> list[Role]:
    """The roles whose row in the policy's table has one of these actions."""
    return [role for role in Role if any(action in POLICY[role] for action in actions)]


def rule_of(app: Flask, endpoint: str) -> Rule:
    """The rule of a route; raises `RouteWithoutRule`."""
    if endpoint in _PUBLIC_ENDPOINTS:
        return Rule(public=True, roles=EVERYBODY)
    view = app.view_functions[endpoint]
    if view not in _RULES:
        raise RouteWithoutRule(endpoint)
    return _RULES[view]


def check_every_route(app: Flask) -> None:
    """Refuse to start with a route that states no rule."""
    for rule in app.url_map.iter_rules():
        rule_of(app, rule.endpoint)
