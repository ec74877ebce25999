"""Pages of the accounts: owner, health, expiring tokens and rate limits."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import Action, Role, may, require
from publisher.delivery import platform_credits
from publisher.delivery.accounts import credentials, manage, token_expiry
from publisher.delivery.costs import budget
from publisher.delivery.monitoring import overdue
from publisher.delivery.rate_limits import daily_cap
from publisher.delivery.rate_limits.query import next_free_time
from publisher.inbox.subscriptions import telling
from publisher.inbox.unread import unread
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Delivery
from publisher.platforms.base.types import HealthProblem
from publisher.platforms.registry import all_platforms
from publisher.states import DeliveryState
from publisher.validation import Invalid
from web.accounts.forms import AccountForm, account_form
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.i18n import _
from web.core.permissions import Page, allow_action, allow_roles
from web.messages.register import allowance_label

routes = Blueprint("accounts", __name__)
READERS = (Role.ADMIN, Role.CELL_LEAD, Role.CELL, Role.AUDITOR)


@routes.get("/accounts")
@allow_roles(*READERS)
@reads
def index(session: Session) -> Page:
    """List the accounts with owner, state and expiring tokens."""
    accounts = manage.all_accounts(session)
    now = ctx.now()
    oauth_flows = credentials.oauth_flows(ctx.settings)
    return render_template(
        "accounts/index.html",
        accounts=accounts,
        access_endings={account.id: token_expiry.ends(account, now=now) for account in accounts},
        credit_outages=platform_credits.outages(session),
        overdue_checks=_overdue_checks(session),
        unread_comments=unread(session, now=now),
        months=budget.spending(session, ctx.settings.platforms, now=now),
        tellings=telling(session, accounts, ctx.settings.platforms, now=now),
        may_connect=may(actor(), Action.CONNECT_ACCOUNT, None),
        connectable=[(platform, oauth_flows.lacks(platform.name)) for platform in all_platforms()],
    )


@routes.get("/accounts/<int:account_id>")
@allow_roles(*READERS)
@reads
def show(session: Session, account_id: int) -> Page:
    """Show an account: owner, users, token, rights and limits."""
    account, now = manage.get_account(session, account_id, lock=False), ctx.now()
    return render_template(
        "accounts/account.html",
        account=account,
        access_endings=token_expiry.ends(account, now=now),
        credit_outage=platform_credits.outages(session).get(account.platform),
        overdue_checks=_overdue_checks(session).get(account_id),
        unread_comments=unread(session, now=now).get(account_id),
        telling=telling(session, [account], ctx.settings.platforms, now=now).get(account_id),
        limits=_limits(session, account_id),
        sent_count=daily_cap.count_daily_publications(session, account_id, now),
        free_at=next_free_time(session, account_id, now),
        waiting_count=waiting_for(session, account_id),
        may_connect=may(actor(), Action.CONNECT_ACCOUNT, None),
        missing_settings=credentials.oauth_flows(ctx.settings).lacks(account.platform),
    )


def _overdue_checks(session: Session) -> Mapping[int, overdue.OverdueChecks]:
    return overdue.find_overdue_checks(session, now=ctx.now())


def _limits(session: Session, account_id: int) -> list[AllowanceRow]:
    """Return the account's present limits for publishing, those with a label."""
    query = select(AllowanceRow).where(
        AllowanceRow.account_id == account_id, AllowanceRow.resets_at > ctx.now()
    )
    allowances = session.scalars(query.order_by(AllowanceRow.name))
    return [allowance for allowance in allowances if allowance_label(allowance)]


def waiting_for(session: Session, account_id: int) -> int:
    """Return the number of deliveries scheduled on an account."""
    query = select(func.count()).where(
        Delivery.account_id == account_id, Delivery.state == DeliveryState.SCHEDULED
    )
    return session.scalar(query) or 0


@routes.route("/accounts/<int:account_id>/change", methods=["GET", "POST"])
@allow_action(Action.CONNECT_ACCOUNT)
def change(account_id: int) -> Page:
    """Change an account's name, owner, purpose, users or cap."""
    with reading() as session:
        account = manage.get_account(session, account_id, lock=False)
        form = account_form(session, account)
    if request.method != "POST":
        return _change_page(account, form)
    if not form.validate():
        return _change_page(account, form), 422
    try:
        with writing() as session:
            manage.change(session, **actor_now(), account_id=account_id, choice=form.choice())
    except Invalid as invalid:
        form.refuse(invalid)
        return _change_page(account, form), 422
    flash(_("The account’s changes are saved."))
    return redirect(url_for("accounts.show", account_id=account_id))


def _change_page(account: Account, form: AccountForm) -> str:
    return render_template("accounts/change.html", account=account, form=form)


@routes.route("/accounts/<int:account_id>/disconnect", methods=["GET", "POST"])
@allow_action(Action.CONNECT_ACCOUNT)
def disconnect(account_id: int) -> Page:
    """Delete the account's credentials, after a page that explains the consequences."""
    if request.method != "POST":
        with reading() as session:
            return render_template(
                "accounts/disconnect.html",
                account=manage.get_account(session, account_id, lock=False),
                waiting_count=waiting_for(session, account_id),
            )
    with writing() as session:
        manage.disconnect(session, **actor_now(), account_id=account_id)
    flash(_("The account is disconnected. Its access is forgotten here."))
    return redirect(url_for("accounts.show", account_id=account_id))


@routes.post("/accounts/<int:account_id>/check")
@allow_action(Action.CONNECT_ACCOUNT)
def check(account_id: int) -> Page:
    """Check the account on its platform; a paused account that works is resumed."""
    require(actor(), Action.CONNECT_ACCOUNT, None, now=ctx.now())
    with reading() as session:
        account = manage.get_account(session, account_id, lock=False)
    end_reading()
    checker = credentials.account_checker(ctx.settings, ctx.open_account, now=ctx.now)
    account_check = checker(account)
    with writing() as session:
        account = manage.resume(
            session,
            **actor_now(),
            account_id=account_id,
            health=account_check.health,
            facts=account_check.facts,
        )
        platform_credits.record_check(
            session, account.platform, account_check.health, now=ctx.now()
        )
        missing = list(account.missing)
    if account_check.health.problem is HealthProblem.CREDITS:
        flash(_("The platform’s credits are used up. Buy credits for the app there."), "red")
    elif not account_check.health.ok:
        flash(_("The account does not work yet."), "red")
    elif missing:
        flash(_("The account works, but not for everything: permissions are missing."), "amber")
    else:
        flash(_("The account works."), "green")
    if request.form.get("from") == "account":
        return redirect(url_for("accounts.show", account_id=account_id))
    return redirect(url_for("accounts.index"))
