"""The city's accounts: whether they work, why not, and "check again"."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.errors import FreshSignInRequired
from approvals.policy import Action, Role, require
from publisher.platforms.base import CredentialsExpired, Health, HealthProblem
from publisher.press import accounts
from web import keeping
from web.acting import actor, reads
from web.house import house
from web.rules import for_action, for_roles
from web.signing_page import prove_page
from web.words import _

routes = Blueprint("accounts", __name__)
Page = Response | str | tuple[str, int]


@routes.get("/accounts")
@for_roles(Role.ADMIN, Role.CELL_LEAD, Role.CELL, Role.AUDITOR)
@reads
def index(session: Session) -> Page:
    """Every account with its state."""
    return render_template(
        "accounts/index.html",
        accounts=accounts.all_accounts(session),
        may_check=actor().role is Role.ADMIN,
    )


@routes.post("/accounts/<int:account_id>/check")
@for_action(Action.CONNECT_ACCOUNT)
def check(account_id: int) -> Page:
    """Ask the platform whether the account works again; a paused one that does is resumed."""
    try:
        require(actor(), Action.CONNECT_ACCOUNT, None, now=house().now())
    except FreshSignInRequired:
        return prove_page(keeping.keep_act())
    health = _health(account_id)
    with house().database.transaction() as session:
        accounts.resume(
            session,
            actor=actor(),
            now=house().now(),
            account_id=account_id,
            health=health,
        )
    flash(_("The account works.") if health.ok else _("It does not work yet."), _tone(health))
    return redirect(url_for("accounts.index"))


def _tone(health: Health) -> str:
    return "green" if health.ok else "red"


def _health(account_id: int) -> Health:
    """What the platform says; asked outside of any transaction."""
    with house().database.reading() as session:
        account = accounts.account_for(session, account_id)
        try:
            platform = house().open_account(account)
        except CredentialsExpired as problem:
            return Health(False, HealthProblem.CREDENTIALS, "", None, problem.detail)
    return platform.check()
