"""Pages for trainers to start, follow and drop rehearsals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel.speaklater import LazyString

from approvals.policy import Role
from demo.people import DemoPerson, first_people
from demo.rehearsals import processes
from demo.rehearsals.processes import CannotRehearse, Rehearsal
from demo.rehearsals.scenarios import Scenario
from web.core.context import ctx
from web.core.i18n import _, _l, page_language
from web.core.permissions import Page, allow_roles

routes = Blueprint("rehearsals", __name__)
TRAINERS = (Role.ADMIN, Role.CELL_LEAD)
SCENARIO_PART = "<scenario>"

WORDS: Mapping[Scenario, tuple[LazyString, LazyString]] = {
    Scenario.MONSOON: (
        _l("A busy monsoon day"),
        _l(
            "30 posts and 400 comments of one day: many are published, some wait for approval or "
            "for their time. Filling it takes about two minutes."
        ),
    ),
    Scenario.NOON: (
        _l("An access that expires"),
        _l(
            "Ten minutes after the start the access to the Facebook page ends, while posts are "
            "still scheduled. On the practice platform’s page of faults the access can be renewed."
        ),
    ),
    Scenario.LAG: (
        _l("A platform that is late"),
        _l(
            "X accepts posts without confirming and shows them late: publications stay "
            "unconfirmed and are held, and someone must decide."
        ),
    ),
}
REFUSALS: Mapping[str, LazyString] = {
    "no_sandbox": _l(
        "Rehearsals need packages that are not installed on this server. "
        "Its administrator can install them."
    ),
    "runs_already": _l("This rehearsal is already running."),
    "left_behind": _l("This rehearsal stopped by itself. Delete it first, then start it again."),
    "not_there": _l("This rehearsal no longer exists."),
    "does_not_end": _l(
        "This rehearsal does not end. The person who started it on the server must end it."
    ),
    "dropped_meanwhile": _l("This rehearsal was deleted while it started."),
    "port_taken": _l("No free place was found on this machine; end another program first."),
    "no_port_free": _l("No free place was found on this machine; end another program first."),
}


@dataclass(frozen=True)
class ScenarioView:
    """A scenario with its texts, and its rehearsal if there is one."""

    scenario: Scenario
    name: LazyString
    about: LazyString
    rehearsal: Rehearsal | None

    @property
    def percent(self) -> int:
        """The percentage of the scenario's past that has been played."""
        rehearsal = self.rehearsal
        return 100 * rehearsal.done // rehearsal.of if rehearsal and rehearsal.of else 0


@routes.get("/rehearsals")
@allow_roles(*TRAINERS)
def index() -> Page:
    """List the scenarios and their running rehearsals."""
    return _page()


@routes.post(f"/rehearsals/{SCENARIO_PART}/start")
@allow_roles(*TRAINERS)
def start(scenario: str) -> Page:
    """Start a rehearsal; it runs in its own processes."""
    chosen = _scenario(scenario)
    if not processes.are_offered(ctx.settings):
        return _page(), 409
    try:
        processes.start(ctx.settings.rehearsals_dir, chosen, now=ctx.now())
    except CannotRehearse as problem:
        return _page(str(REFUSALS[problem.code])), 409
    flash(_("The rehearsal is starting. Refresh the page in a moment."))
    return redirect(url_for("rehearsals.index"))


@routes.post(f"/rehearsals/{SCENARIO_PART}/drop")
@allow_roles(*TRAINERS)
def drop(scenario: str) -> Page:
    """End a rehearsal and delete its data."""
    chosen = _scenario(scenario)
    if not processes.are_offered(ctx.settings):
        return _page(), 409
    try:
        processes.drop(ctx.settings.rehearsals_dir, chosen)
    except CannotRehearse as problem:
        return _page(str(REFUSALS[problem.code])), 409
    flash(_("The rehearsal is deleted, with everything in it."))
    return redirect(url_for("rehearsals.index"))


def _scenario(name: str) -> Scenario:
    scenario = next((candidate for candidate in Scenario if candidate.value == name), None)
    return scenario or abort(404)


def _page(problem: str = "") -> str:
    settings = ctx.settings
    offered = processes.are_offered(settings)
    rehearsals = processes.list_rehearsals(settings.rehearsals_dir) if offered else []
    by_scenario = {rehearsal.scenario: rehearsal for rehearsal in rehearsals}
    return render_template(
        "rehearsals/index.html",
        is_offered=offered,
        is_rehearsal=bool(settings.rehearsal),
        scenario_views=[
            ScenarioView(scenario, *labels, by_scenario.get(scenario))
            for scenario, labels in WORDS.items()
        ],
        people=_people() if any(rehearsal.running for rehearsal in rehearsals) else [],
        problem=problem,
    )


def _people() -> list[tuple[str, DemoPerson]]:
    """Return the people who can sign in to a rehearsal, with their names in the page's language."""
    is_english = page_language() == "en"
    return [(person.name_en if is_english else person.name_mr, person) for person in first_people()]
