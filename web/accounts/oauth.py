"""Connecting an account from the page: away to the platform, back with an answer, the choice."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.errors import FreshSignInRequired
from approvals.policy import Action, require
from publisher.delivery.accounts import credentials, manage, oauth_flow
from publisher.delivery.accounts.credentials import Vault
from publisher.models.accounts import Connecting
from publisher.models.deliveries import Account
from publisher.models.people import Department
from publisher.platforms.oauth.flow import OAuthFlows, state_in
from publisher.platforms.oauth.types import ConnectableAccount, TokenFacts, Turned, Why
from publisher.validation import Invalid, NotFound
from web.accounts.forms import AccountForm, account_form
from web.core import form_recovery
from web.core.auth import acting, actor
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import for_action
from web.core.sign_in_page import prove_page
from web.forms import number_of
from web.messages.register import turned_sentence

routes = Blueprint("accounts_connecting", __name__)
Page = Response | str | tuple[str, int]
PLATFORMS = ("x", "facebook")
OWNER = "information-technology"


@routes.post("/accounts/connect")
@for_action(Action.CONNECT_ACCOUNT)
def begin() -> Page:
    """Begin a walk: the first leg, then a page that leads to the platform."""
    platform, account_id = request.form.get("platform", ""), number_of(request.form.get("account"))
    if platform not in PLATFORMS:
        abort(400)
    if (asked := _not_fresh()) is not None:
        return asked
    _check_known(platform, account_id)
    if lacking := _ways().lacks(platform):
        return _turned_page(Turned(Why.APP_KEYS), lacking)
    try:
        begun = _ways().set_out(
            platform, callback=_callback(platform), state=secrets.token_urlsafe(32)
        )
    except Turned as turned:
        return _turned_page(turned)
    with ctx.database.transaction() as session:
        walk = oauth_flow.start_oauth(
            session,
            actor=actor(),
            now=ctx.now(),
            platform=platform,
            begun=begun,
            sign_in_id=acting().sign_in_id,
            vault=_vault(),
            account_id=account_id or None,
        )
    return redirect(url_for("accounts_connecting.walk", walk_id=walk.id))


def _check_known(platform: str, account_id: int) -> None:
    """An account that is to be connected anew is one of that platform, or `Missing`."""
    if account_id:
        with ctx.database.reading() as session:
            account = session.get(Account, account_id)
            if account is None or account.platform != platform:
                raise NotFound(account_id)


def _not_fresh() -> Page | None:
    try:
        require(actor(), Action.CONNECT_ACCOUNT, None, now=ctx.now())
    except FreshSignInRequired:
        return prove_page(form_recovery.keep_act())
    return None


@routes.get("/accounts/back/<platform>")
@for_action(Action.CONNECT_ACCOUNT)
def back(platform: str) -> Page:
    """The platform's answer: known by its state, good once, and only in this session."""
    if platform not in PLATFORMS:
        abort(404)
    given = request.args.to_dict()
    own = acting().sign_in_id
    try:
        with ctx.database.transaction() as session:
            known, secret = oauth_flow.oauth_callback(
                session,
                now=ctx.now(),
                platform=platform,
                state=state_in(platform, given),
                sign_in_id=own,
                vault=_vault(),
            )
            walk_id = known.id
    except Turned as turned:
        return _lost(turned)
    try:
        found = _ways().finish(platform, callback=_callback(platform), secret=secret, given=given)
        with ctx.database.transaction() as session:
            oauth_flow.store_candidates(
                session, walk_id=walk_id, sign_in_id=own, accounts=found, vault=_vault()
            )
    except Turned as turned:
        _refuse(walk_id, turned)
    return redirect(url_for("accounts_connecting.walk", walk_id=walk_id))


def _refuse(walk_id: int, turned: Turned) -> None:
    with ctx.database.transaction() as session:
        oauth_flow.refuse(
            session,
            now=ctx.now(),
            walk_id=walk_id,
            sign_in_id=acting().sign_in_id,
            turned=turned,
        )


@routes.route("/accounts/connecting/<int:walk_id>", methods=["GET", "POST"])
@for_action(Action.CONNECT_ACCOUNT)
def walk(walk_id: int) -> Page:
    """A walk as it stands: on to the platform, the choice of what was found, or why it ended."""
    with ctx.database.reading() as session:
        begun = session.get(Connecting, walk_id)
        if begun is not None and begun.sign_in_id != acting().sign_in_id:
            return _lost(Turned(Why.WRONG_STATE))
        own = oauth_flow.oauth_session(session, walk_id, sign_in_id=acting().sign_in_id, lock=False)
        found = oauth_flow.candidates(own, _vault())
        chosen = _chosen(found)
        form = _form(session, own.platform, chosen) if chosen else None
    if request.method == "POST" and chosen is not None and form is not None:
        return _finish(own, chosen, form)
    if own.ended_at is not None and not own.refusal:
        return redirect(url_for("accounts.show", account_id=own.account_id))
    return _walk_page(own, found, chosen, form)


def _chosen(found: tuple[ConnectableAccount, ...]) -> ConnectableAccount | None:
    """The one that was picked, or the only one there is."""
    if len(found) == 1:
        return found[0]
    return next((one for one in found if one.platform_id == request.values.get("page")), None)


def _form(session: Session, platform: str, chosen: ConnectableAccount) -> AccountForm:
    code = f"{platform}-{chosen.platform_id}"
    known = manage.find_account(
        session, code, platform, chosen.platform_id, chosen.handle, lock=False
    )
    query = select(Department.id).where(Department.code == OWNER)
    owner_id = session.scalar(query) or actor().department_id or 0
    name = chosen.name if platform == "facebook" else ctx.settings.city.name_mr
    return account_form(session, known, name=name, owner_id=owner_id)


def _walk_page(
    own: Connecting,
    found: tuple[ConnectableAccount, ...],
    chosen: ConnectableAccount | None,
    form: AccountForm | None,
    happened: Sequence[tuple[str, None]] = (),
) -> str:
    return render_template(
        "accounts/connecting.html",
        walk=own,
        refusal=turned_sentence(own.refusal, own.details) if own.refusal else "",
        is_old=own.back_at is None and ctx.now() > own.begun_at + oauth_flow.LIFE,
        found=found,
        chosen=chosen,
        form=form,
        happened=happened,
    )


def _finish(own: Connecting, chosen: ConnectableAccount, form: AccountForm) -> Page:
    if not form.validate():
        return _walk_page(own, (chosen,), chosen, form), 422
    if (asked := _not_fresh()) is not None:
        return asked
    try:
        facts = _ways().examine(own.platform, chosen.credentials)
        account = _connect(own.id, chosen, facts, form)
    except Invalid as invalid:
        rest = form.show(invalid.problems)
        return _walk_page(own, (chosen,), chosen, form, [(one, None) for one in rest]), 422
    except Turned as turned:
        _refuse(own.id, turned)
        return redirect(url_for("accounts_connecting.walk", walk_id=own.id))
    flash(_("The account is connected."))
    return redirect(url_for("accounts.show", account_id=account.id))


def _connect(
    walk_id: int, chosen: ConnectableAccount, facts: TokenFacts | None, form: AccountForm
) -> Account:
    with ctx.database.transaction() as session:
        return oauth_flow.finish(
            session,
            actor=actor(),
            now=ctx.now(),
            walk_id=walk_id,
            sign_in_id=acting().sign_in_id,
            chosen=chosen,
            facts=facts,
            choice=form.choice(),
            vault=_vault(),
        )


def _turned_page(turned: Turned, lacking: tuple[str, ...] = ()) -> Page:
    """Why connecting does not begin."""
    said = turned_sentence(turned.why, turned.about)
    return render_template("accounts/turned.html", refusal=said, lacking=lacking), 409


def _lost(turned: Turned) -> Page:
    """There is no walk of this session to go on with."""
    flash(turned_sentence(turned.why, turned.about), "red")
    return redirect(url_for("accounts.index"))


def _callback(platform: str) -> str:
    """Where the platform sends the person back to; it is registered there, so from the settings."""
    return ctx.settings.base_url + url_for("accounts_connecting.back", platform=platform)


def _ways() -> OAuthFlows:
    return credentials.ways(ctx.settings, now=ctx.now)


def _vault() -> Vault:
    return Vault.of(ctx.settings)
