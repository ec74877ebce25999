"""Pages that connect an account by OAuth: start, callback, and choice of the account."""

from __future__ import annotations

import secrets

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, require
from publisher.delivery.accounts import credentials, manage, oauth_flow
from publisher.models.accounts import Connecting
from publisher.models.deliveries import Account
from publisher.models.people import Department
from publisher.platforms.oauth.flow import OAuthFlows, callback_state
from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
)
from publisher.platforms.registry import capabilities, is_registered
from publisher.validation import Invalid, NotFound
from web.accounts.forms import AccountForm, account_form
from web.core.auth import acting, actor, actor_now, writing
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.core.vault import vault
from web.forms import number_of
from web.messages.register import connection_end_sentence

routes = Blueprint("oauth", __name__)
OWNER = "information-technology"


@routes.post("/accounts/connect")
@allow_action(Action.CONNECT_ACCOUNT)
def begin() -> Page:
    """Start OAuth, then redirect to a page that leads to the platform."""
    platform, account_id = request.form.get("platform", ""), number_of(request.form.get("account"))
    if not is_registered(platform):
        abort(400)
    require(actor(), Action.CONNECT_ACCOUNT, None, now=ctx.now())
    # The account to reconnect must be one of this platform.
    if account_id:
        with reading() as session:
            account = session.get(Account, account_id)
            if account is None or account.platform != platform:
                raise NotFound(account_id)
    end_reading()
    try:
        redirection = _oauth_flows().set_out(
            platform, callback=_callback(platform), state=secrets.token_urlsafe(32)
        )
    except OAuthAborted as turned:
        refusal = connection_end_sentence(turned.why, turned.about)
        return render_template("accounts/turned.html", refusal=refusal), 409
    with writing() as session:
        connecting = oauth_flow.start_oauth(
            session,
            **actor_now(),
            platform=platform,
            begun=redirection,
            sign_in_id=acting().sign_in_id,
            vault=vault(),
            account_id=account_id or None,
        )
    return redirect(url_for("oauth.walk", walk_id=connecting.id))


@routes.get("/accounts/back/<platform>")
@allow_action(Action.CONNECT_ACCOUNT)
def callback(platform: str) -> Page:
    """Handle the OAuth callback; its state is valid once, and only in this session."""
    if not is_registered(platform):
        abort(404)
    parameters = request.args.to_dict()
    sign_in_id = acting().sign_in_id
    try:
        with writing() as session:
            connecting, secret = oauth_flow.oauth_callback(
                session,
                now=ctx.now(),
                platform=platform,
                state=callback_state(platform, parameters),
                sign_in_id=sign_in_id,
                vault=vault(),
            )
            walk_id = connecting.id
    except OAuthAborted as turned:
        return _back_to_index(turned)
    try:
        candidates = _oauth_flows().finish(
            platform, callback=_callback(platform), secret=secret, query=parameters
        )
        with writing() as session:
            oauth_flow.store_candidates(
                session,
                connecting_id=walk_id,
                sign_in_id=sign_in_id,
                accounts=candidates,
                vault=vault(),
            )
    except OAuthAborted as turned:
        _store_refusal(walk_id, turned)
    return redirect(url_for("oauth.walk", walk_id=walk_id))


def _store_refusal(walk_id: int, turned: OAuthAborted) -> None:
    with writing() as session:
        oauth_flow.refuse(
            session,
            now=ctx.now(),
            connecting_id=walk_id,
            sign_in_id=acting().sign_in_id,
            turned=turned,
        )


@routes.route("/accounts/connecting/<int:walk_id>", methods=["GET", "POST"])
@allow_action(Action.CONNECT_ACCOUNT)
def walk(walk_id: int) -> Page:
    """Show the link to the platform, the choice of accounts, or why connecting ended."""
    with reading() as session:
        row = session.get(Connecting, walk_id)
        if row is not None and row.sign_in_id != acting().sign_in_id:
            return _back_to_index(OAuthAborted(AbortReason.WRONG_STATE))
        connecting = oauth_flow.oauth_session(
            session, walk_id, sign_in_id=acting().sign_in_id, lock=False
        )
        candidates = oauth_flow.candidates(connecting, vault())
        chosen = _pick_candidate(candidates)
        form = _form(session, connecting.platform, chosen) if chosen else None
    if request.method == "POST" and chosen is not None and form is not None:
        if not form.validate():
            return _connecting_page(connecting, (chosen,), chosen, form), 422
        require(actor(), Action.CONNECT_ACCOUNT, None, now=ctx.now())
        end_reading()
        try:
            facts = _oauth_flows().examine(connecting.platform, chosen.credentials)
            with writing() as session:
                account = oauth_flow.finish(
                    session,
                    **actor_now(),
                    connecting_id=connecting.id,
                    sign_in_id=acting().sign_in_id,
                    chosen=chosen,
                    facts=facts,
                    choice=form.choice(),
                    vault=vault(),
                )
        except Invalid as invalid:
            form.refuse(invalid)
            return _connecting_page(connecting, (chosen,), chosen, form), 422
        except OAuthAborted as turned:
            _store_refusal(connecting.id, turned)
            return redirect(url_for("oauth.walk", walk_id=connecting.id))
        flash(_("The account is connected."))
        return redirect(url_for("accounts.show", account_id=account.id))
    if connecting.ended_at is not None and not connecting.refusal:
        return redirect(url_for("accounts.show", account_id=connecting.account_id))
    return _connecting_page(connecting, candidates, chosen, form)


def _pick_candidate(candidates: tuple[ConnectableAccount, ...]) -> ConnectableAccount | None:
    """Return the account that was picked, or the only candidate."""
    if len(candidates) == 1:
        return candidates[0]
    page_id = request.values.get("page")
    return next((candidate for candidate in candidates if candidate.platform_id == page_id), None)


def _form(session: Session, platform: str, chosen: ConnectableAccount) -> AccountForm:
    code = f"{platform}-{chosen.platform_id}"
    account = manage.find_account(
        session, code, platform, chosen.platform_id, chosen.handle, lock=False
    )
    query = select(Department.id).where(Department.code == OWNER)
    owner_id = session.scalar(query) or actor().department_id or 0
    # Where accounts have handles, the platform gives no other name.
    has_name = not capabilities(platform).has_handles
    name = chosen.name if has_name else ctx.settings.city.name_mr
    return account_form(session, account, name=name, owner_id=owner_id)


def _connecting_page(
    connecting: Connecting,
    candidates: tuple[ConnectableAccount, ...],
    chosen: ConnectableAccount | None,
    form: AccountForm | None,
) -> str:
    return render_template(
        "accounts/connecting.html",
        connecting=connecting,
        refusal=connection_end_sentence(connecting.refusal, connecting.details)
        if connecting.refusal
        else "",
        is_expired=connecting.back_at is None and ctx.now() > connecting.begun_at + oauth_flow.LIFE,
        candidates=candidates,
        chosen_candidate=chosen,
        form=form,
    )


def _back_to_index(turned: OAuthAborted) -> Page:
    """Redirect to the list of accounts with the reason, if this session is not connecting one."""
    flash(connection_end_sentence(turned.why, turned.about), "red")
    return redirect(url_for("accounts.index"))


def _callback(platform: str) -> str:
    # The URL is registered at the platform, so it comes from the settings, not from the request.
    return ctx.settings.base_url + url_for("oauth.callback", platform=platform)


def _oauth_flows() -> OAuthFlows:
    return credentials.oauth_flows(ctx.settings, now=ctx.now)
