"""Rehearsals for trainers: starting one, where it is, and dropping it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel.speaklater import LazyString
from werkzeug import Response

from approvals.policy import Role
from demo.people import DemoPerson, to_try_first
from demo.rehearsals import processes
from demo.rehearsals.processes import CannotRehearse, Rehearsal
from demo.rehearsals.scenarios import Scenario
from web.core.context import ctx
from web.core.i18n import _, _l, page_language
from web.core.permissions import for_roles

routes = Blueprint("rehearsals", __name__)
Page = Response | str | tuple[str, int]
FOR = (Role.ADMIN, Role.CELL_LEAD)
ONE = "<scenario>"

WORDS: Mapping[Scenario, tuple[LazyString, LazyString]] = {
    Scenario.MONSOON: (
        _l("A busy monsoon day"),
        _l(
            "30 posts and 400 comments of one day: much is live, some wait for approval or for"
            " their time. Filling it takes about two minutes."
        ),
    ),
    Scenario.NOON: (
        _l("A token that expires"),
        _l(
            "Ten minutes after the start the access to the Facebook page ends, while posts are"
            " still due. On the practice platform’s page of faults the access can be renewed."
        ),
    ),
    Scenario.LAG: (
        _l("A platform that lags"),
        _l(
            "X keeps posts without answering and shows them late: deliveries stay unconfirmed and"
            " are held, and a person decides."
        ),
    ),
}
REFUSALS: Mapping[str, LazyString] = {
    "runs_already": _l("This rehearsal runs already."),
    "left_behind": _l("This rehearsal was left behind. Drop it first, then start it anew."),
    "not_there": _l("This rehearsal is not there any more."),
    "does_not_end": _l("This rehearsal does not end. Whoever started it at the machine has to."),
    "dropped_meanwhile": _l("This rehearsal was dropped while it started."),
    "port_taken": _l("No free place was found on this machine; end another programme first."),
    "no_port_free": _l("No free place was found on this machine; end another programme first."),
}


@dataclass(frozen=True)
class ScenarioView:
    """A scenario with its words, and its rehearsal where there is one."""

    scenario: Scenario
    name: LazyString
    about: LazyString
    rehearsal: Rehearsal | None

    @property
    def percent(self) -> int:
        """How much of its past is played."""
        of = self.rehearsal
        return 100 * of.done // of.of if of and of.of else 0


@routes.get("/rehearsals")
@for_roles(*FOR)
def index() -> Page:
    """Every scenario: what it is, whether it runs, and where."""
    return _page()


@routes.post(f"/rehearsals/{ONE}/start")
@for_roles(*FOR)
def start(scenario: str) -> Page:
    """Start one; it goes on by itself, whatever becomes of this page."""
    chosen = _scenario(scenario)
    if not processes.are_offered(ctx.settings):
        return _page(), 409
    try:
        processes.start(ctx.settings.rehearsals_dir, chosen, now=ctx.now())
    except CannotRehearse as problem:
        return _page(str(REFUSALS[problem.code])), 409
    flash(_("The rehearsal is starting. Look again in a moment."))
    return redirect(url_for("rehearsals.index"))


@routes.post(f"/rehearsals/{ONE}/drop")
@for_roles(*FOR)
def drop(scenario: str) -> Page:
    """End one and remove all that it kept."""
    chosen = _scenario(scenario)
    if not processes.are_offered(ctx.settings):
        return _page(), 409
    try:
        processes.drop(ctx.settings.rehearsals_dir, chosen)
    except CannotRehearse as problem:
        return _page(str(REFUSALS[problem.code])), 409
    flash(_("The rehearsal is gone, with all that was in it."))
    return redirect(url_for("rehearsals.index"))


def _scenario(name: str) -> Scenario:
    found = next((one for one in Scenario if one.value == name), None)
    return found or abort(404)


def _page(problem: str = "") -> str:
    settings = ctx.settings
    offered = processes.are_offered(settings)
    found = processes.all_in(settings.rehearsals_dir) if offered else []
    known = {one.scenario: one for one in found}
    return render_template(
        "rehearsals/index.html",
        offered=offered,
        inside=bool(settings.rehearsal),
        shown=[ScenarioView(one, *words, known.get(one)) for one, words in WORDS.items()],
        people=_people() if any(one.running for one in found) else [],
        problem=problem,
    )


def _people() -> list[tuple[str, DemoPerson]]:
    """Who may sign in to a rehearsal, by name in the page's language."""
    is_english = page_language() == "en"
    return [(person.name_en if is_english else person.name_mr, person) for person in to_try_first()]
