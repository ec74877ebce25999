"""What the pages of signing in share: the visitor, and the next step after each proof."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for

from publisher.auth import passkeys, session_start, totp
from publisher.auth.known_devices import Visitor
from publisher.auth.session_start import FactorRequest, SignedIn
from publisher.models.people import SignIn
from publisher.notifications import late_codes
from publisher.notifications.kinds import NoticeKind
from publisher.working_time import local_day
from web.core import form_recovery
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _
from web.core.permissions import Page
from web.core.second_factor import factor_rule, passkey_site
from web.core.sign_in_page import SignInCodeForm
from web.sign_in import browser_cookies


def visitor(*, is_shared: bool) -> Visitor:
    """Return the browser of this request."""
    return Visitor(
        address=request.remote_addr or "",
        device=request.user_agent.string[:200],
        device_token=browser_cookies.device_token(),
        is_shared=is_shared,
    )


def go_on(
    outcome: SignedIn | FactorRequest,
    path: str,
    recovered: form_recovery.RecoveredForm | None,
    *,
    is_shared: bool,
) -> Page:
    """Begin the session, or ask for the second factor on a page that carries the form along."""
    if isinstance(outcome, SignedIn):
        return enter(outcome, path, recovered)
    browser_cookies.store_factor_request(outcome, is_shared=is_shared)
    return factor_page(SignInCodeForm(formdata=None, next=path))


def enter(signed_in: SignedIn, path: str, recovered: form_recovery.RecoveredForm | None) -> Page:
    """Begin the session, and continue where the person was, with the form they had submitted."""
    browser_cookies.begin_session(signed_in)
    if recovered is not None:
        return form_recovery.page(recovered, message=_("You are signed in again."), code=200)
    if _lacks_factor(signed_in.sign_in):
        return redirect(url_for("second_factor.show"))
    return redirect(path if form_recovery.is_own_path(path) else "/")


def _lacks_factor(sign_in: SignIn) -> bool:
    # A person with an app has already typed its code: no further check is needed here.
    is_proved = sign_in.factor_at is not None
    role, day = sign_in.appointment.role, local_day(sign_in.signed_in_at)
    return factor_rule().is_lacking(role, day, has_factor=is_proved, is_proved=is_proved)


def looks_again() -> bool:
    """Return True if the button “no code has come” of a code's page was pressed."""
    return request.form.get("step") == "look"


def _factor_ways(factor_request: FactorRequest) -> dict[str, bool]:
    """Return what the page of the factor shows: app, passkey, and whether a code by SMS is late."""
    with reading() as session:
        link = session_start.waiting(session, factor_request=factor_request, now=ctx.now())
        if link is None:
            return {"has_app": True}
        return {
            "has_app": totp.find_factor(session, person_id=link.person_id) is not None,
            "has_passkey": passkey_site() is not None
            and bool(passkeys.list_passkeys(session, person_id=link.person_id)),
            "is_late": factor_request.by_sms
            and late_codes.has_not_left(
                session,
                kind=NoticeKind.SIGN_IN_CODE,
                person_id=link.person_id,
                since=link.made_at,
                now=ctx.now(),
            ),
        }


def factor_page(form: SignInCodeForm, *, code: int = 401) -> Page:
    """Return the page that asks for a code of the second factor."""
    pending = browser_cookies.pending_factor()
    recovered = form_recovery.read_carried_form()
    carried = form_recovery.hidden_fields(recovered) if recovered else []
    ways = {"has_app": True} if pending is None else _factor_ways(pending.factor_request)
    page = render_template(
        "sign_in/factor_code.html",
        form=form,
        carried_fields=carried,
        by_sms=pending is not None and pending.factor_request.by_sms,
        **{"has_passkey": False, "is_late": False, **ways},
    )
    return page, code
